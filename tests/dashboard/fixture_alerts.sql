-- The record of each rule of alerts, as a replay of 78 weeks would leave it; one rule was too new to judge.
create table marts.fct_rule_records as
select kind, 'v1' as rule_version, n_raised, n_judged, n_hits, n_hits / nullif(n_judged, 0) as precision,
       case when n_judged > 0 then n_hits / n_judged - 0.12 end as precision_low,
       case when n_judged > 0 then n_hits / n_judged + 0.14 end as precision_high,
       case when n_judged > 0 then 0.08 end as base_rate, lead as median_lead_days, wolf as false_per_owner_month,
       last_week - 90 as from_week, last_week - 13 as to_week, reason as null_reason, as_of as computed_as_of
from clock, (values ('churn_risk', 60, 54, 22, 47.0, 0.6, null), ('perception_breach', 110, 98, 32, 61.0, 1.4, null),
                    ('promise_overdue', 170, 161, 43, 38.0, 2.1, null), ('silence', 140, 132, 20, 83.0, 1.9, null),
                    ('single_voice', 3, 0, 0, null, null, 'nothing_judged'),
                    ('data_stale', 0, 0, 0, null, null, 'no_account'))
        as t (kind, n_raised, n_judged, n_hits, lead, wolf, reason);

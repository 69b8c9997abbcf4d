-- Who may leave, why, and who has left. The culprits follow the stories of the felt gaps; three clients left.
create temp table story as
select format('A-{:03d}', i) as account_id, score, dim as culprit_dimension, driver as culprit_driver, weeks, second as second_dimension
from (values (1, 72.0, 'trust', 'perception', 14, null), (2, 65.0, 'trust', 'perception', 16, null),
             (3, 62.0, 'business_understanding', 'factual_gap', 20, null), (5, 58.0, 'resource_mobilization', 'perception', 18, null),
             (4, 57.0, 'relationship', 'expectation_inflation', 17, null), (6, 54.0, 'responsiveness', 'perception', 30, 'trust'),
             (39, 52.0, 'relationship', 'silence', 1, null), (10, 51.0, null, null, null, null)) as t (i, score, dim, driver, weeks, second);

create table marts.fct_churn_risk_weekly as
with scored as (
    select a.*, w.week_id, w.week_start_on, w.week_end_on, w.is_provisional, last_week - w.week_id as ago, s.account_id is not null and ago < 13 as is_told,
           case when s.score is not null then greatest(12, s.score - 2 * ago)
                else 12 + cast(substr(a.account_id, 3) as integer) * 37 % 30 - ago / 40 end as risk_score,
           s.culprit_dimension, s.culprit_driver, s.weeks, s.second_dimension
    from marts.dim_accounts as a cross join marts.dim_weeks as w cross join clock left join story as s using (account_id)
), banded as (
    select *, case when risk_score >= 60 then 'high' when risk_score >= 50 then 'medium' else 'low' end as risk_band,
           risk_score >= 50 and culprit_driver is not null as is_named,
           row_number() over (partition by week_id order by risk_score desc, account_id) as risk_rank
    from scored
)
select account_id, week_id, week_start_on, is_provisional, risk_score, risk_band, risk_rank, risk_rank <= 4 as is_in_top_decile,
       risk_score - lag(risk_score, 13) over (partition by account_id order by week_id) as risk_change, 'scorecard' as model,
       null::double as churn_probability, 'rules_only' as probability_null_reason,
       case when is_named then culprit_dimension end as culprit_dimension, case when is_named then culprit_driver end as culprit_driver,
       case when is_named then week_start_on - cast(7 * (weeks - ago - 1) as integer) end as culprit_since_on,
       case when is_named then weeks - ago end as culprit_weeks,
       case when is_named then case when culprit_dimension = 'resource_mobilization' then 'delivery_manager' else 'account_manager' end end as culprit_owner_role,
       case when is_named then case when culprit_dimension = 'resource_mobilization' then delivery_manager else account_manager end end as culprit_owner,
       case when risk_band = 'low' then 'not_at_risk' when not is_named then 'outside' end as culprit_null_reason,
       case when is_named then second_dimension end as second_dimension,
       case when is_named and second_dimension is not null then culprit_driver end as second_driver,
       contract_ends_on, date_diff('day', week_end_on - 1, contract_ends_on) as days_to_renewal, annual_value, currency, tier, region, account_manager
from banded;

-- What a score is made of: half of it the culprit, three tenths overdue promises, the rest a renewal that is near.
create table marts.fct_churn_risk_drivers as
select r.account_id, r.week_id, r.week_start_on, r.is_provisional, d.driver, d.service_dimension, r.risk_score * d.part as points,
       null::double as log_odds, d.value, d.value - d.step as value_before, d.step as value_change, d.unit,
       r.week_start_on - cast(7 * d.weeks as integer) as since_on, 'account_manager' as owner_role, r.account_manager as owner,
       d.kind as evidence_kind, case d.kind when 'promise' then '["first_response:desk:T-1:1","first_response:desk:T-1:2"]' else '["R-1","R-2"]' end as evidence_keys, 3 as n, 'Call them <b>this</b> week.' as play_en, '本周致电。' as play_zh
from marts.fct_churn_risk_weekly as r,
     lateral (values (coalesce(r.culprit_driver, 'perception'), coalesce(r.culprit_dimension, 'trust'), 0.5, 41.0, -29.0, 'score', 13, 'answer'),
                     ('overdue_promises', 'trust', 0.3, 4.0, 3.0, 'count', 4, 'promise'),
                     ('renewal_near', 'relationship', 0.2, 40.0, -91.0, 'days', 6, 'account'))
         as d (driver, service_dimension, part, value, step, unit, weeks, kind);

-- At the first client our promises on trust broke five weeks before it was felt.
update marts.fct_churn_risk_drivers set driver = 'factual_gap', since_on = week_start_on - 126, value = -45, value_before = -7, value_change = -38, unit = 'score'
where account_id = 'A-001' and driver = 'overdue_promises';

create table marts.dim_risk_drivers as
select driver, label_en, label_zh, is_by_dimension, owner_role, unit, line, full_value, cap, is_culprit, sort_order, reason
from read_csv('$seeds/risk_drivers.csv');
create table marts.dim_alert_rules as select * from read_csv('$seeds/alert_rules.csv');

create table marts.rpt_client_evidence as
select account_id, lane, format('{}-{}-{}', lane, account_id, k) as evidence_id, as_of::date - cast(k * days as integer) as occurred_on,
       case when k % 3 = 0 then worse else state end as state, k % 3 = 0 as is_adverse,
       case when lane != 'meeting' then 'trust' end as service_dimension, case when lane = 'answer' then 40.0 + k end as score,
       case when k % 3 = 0 and lane in ('ticket', 'delivery') then k end as days_late
from marts.dim_accounts, clock, range(0, 12) as r (k),
     (values ('alert', 90, 'churn_risk', 'churn_risk'), ('answer', 40, 'fair', 'low'), ('ticket', 11, 'kept', 'broken'),
             ('delivery', 30, 'kept', 'overdue'), ('meeting', 35, 'visit', 'visit')) as l (lane, days, state, worse)
where (lane != 'alert' or k < 2) and account_id < 'A-038';

-- Three that left: one by trust, one by responsiveness that nobody saw, one for the price.
create temp table gone as
select *, (select as_of::date from clock) - days as lost_on
from (values ('A-041', 'Maple Foods', 30, 'service', 'trust', 'perception', 19, 'Service below what was agreed', 'resolved'),
             ('A-042', 'Atlas <i>Retail</i>', 120, 'service', 'responsiveness', 'factual_gap', 29, null, null),
             ('A-043', 'Copper Health', 200, 'outside', null, null, null, 'Price', 'alerted')) as t (account_id, name, days, cause_kind, dim, driver, weeks, reason, done);
insert into marts.dim_accounts by name
select * exclude (name, days, cause_kind, dim, driver, weeks, reason, done, lost_on), name as account_name, 'B' as tier, 'North' as region, 'K. Braun' as account_manager,
       lost_on as notice_given_on, lost_on + 60 as churned_on, reason as churn_reason, false as is_active, 50000.0 as annual_value, 'EUR' as currency
from gone;

create table marts.fct_losses as
select account_id, lost_on, lost_on as notice_given_on, lost_on + 60 as churned_on, reason as churn_reason, 'B' as tier, 'North' as region, 50000.0 as annual_value, 'EUR' as currency,
       cause_kind, dim as culprit_dimension, driver as culprit_driver, lost_on - cast(7 * weeks as integer) as culprit_since_on, weeks as weeks_before_notice,
       case when driver is not null then 'account_manager' end as owner_role, case when driver is not null then 'K. Braun' end as owner,
       case when done is not null then lost_on - 105 end as first_high_on, case when done is not null then 98 end as days_flagged_before,
       66.0 as risk_score_at_loss, 4 as promises_broken, lost_on - 50 as last_heard_on,
       case when done is not null then (lost_on - 105)::timestamp end as first_alert_at, case when done = 'resolved' then (lost_on - 84)::timestamp end as first_acknowledged_at,
       done as what_was_done
from gone;

create table marts.fct_loss_timeline as
select account_id, lost_on - cast(7 * weeks_before as integer) as occurred_on, event, e.service_dimension, e.driver,
       date_diff('day', date '1970-01-05', lost_on - cast(7 * weeks_before as integer)) // 7 as week_id, ended_on, weeks_before as weeks_before_loss, detail
from gone, lateral (values ('driver_turned', dim, driver, weeks, null::date, null),
                           ('driver_turned', 'business_understanding', 'perception', 12, null, null),
                           ('driver_turned', 'resource_mobilization', 'perception', 30, lost_on - 140, null),
                           ('alert_sent', dim, driver, case when done is not null then 15 end, null, 'churn_risk'),
                           ('alert_acknowledged', dim, driver, case when done = 'resolved' then 12 end, null, 'churn_risk'),
                           ('notice', null, null, 0, null, reason)) as e (event, service_dimension, driver, weeks_before, ended_on, detail)
where weeks_before is not null and not (event = 'driver_turned' and cause_kind = 'outside');

create table marts.fct_backtest as
select 'fitted' as model, 'is_published' as metric, 'overall' as cut, 0.0 as value, null::double as low, null::double as high, 16 as n,
       'too_few_losses' as null_reason, null::integer as from_week, null::integer as to_week, as_of as computed_as_of
from clock;

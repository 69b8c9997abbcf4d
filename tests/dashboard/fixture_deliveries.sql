-- What the deliveries of the made-up company look like: views, so that they follow what a test changes
-- in fct_source_freshness. Two tickets systems' rows stand outside, a survey waits for an account.
create view marts.rpt_quarantine_rules as
select source, contract, rule, column_name, status, cast(n_rows as integer) as n_rows, cast(n_batches as integer) as n_batches,
       (select max(newest_loaded_at) from marts.fct_source_freshness) as first_stopped_at
from (values ('desk_tickets', 'tickets', 'unknown_value', 'status', 'quarantined', 13, 11),
             ('desk_tickets', 'tickets', '<b>own</b>_rule', '', 'quarantined', 2, 1),
             ('survey_answers', 'survey_answers', 'unknown_account', 'account_id', 'waiting', 30, 1))
     as t (source, contract, rule, column_name, status, n_rows, n_batches);

create view marts.rpt_source_quality as
select f.source, f.system, f.contract,
       case when last_outcome in ('held', 'crashed') then last_outcome when is_late then 'late' else 'fresh' end as state,
       newest_known_at, newest_loaded_at as last_good_at,
       cast(case when f.contract in ('survey_answers', 'tickets', 'deliveries') then 8 end as double) as expected_days,
       cast(case when f.contract = 'deliveries' then 48210 else 1200 end as bigint) as n_rows,
       cast(coalesce(q.n_quarantined, 0) as bigint) as n_quarantined, cast(coalesce(q.n_waiting, 0) as bigint) as n_waiting,
       n_batches, n_held, case when last_outcome in ('held', 'crashed') then 'b0ff' end as held_batch_id, last_message
from marts.fct_source_freshness as f
left join (select source, sum(case when status = 'quarantined' then n_rows end) as n_quarantined,
                  sum(case when status = 'waiting' then n_rows end) as n_waiting
           from marts.rpt_quarantine_rules group by source) as q using (source);

create table marts.rpt_source_reach as
select * from (values ('survey_answers', 'felt', 'trust', 30), ('survey_answers', 'felt', 'responsiveness', 31),
                      ('survey_answers', 'felt', 'overall', 32), ('desk_tickets', 'factual', 'responsiveness', 21),
                      ('desk_tickets', 'factual', 'overall', 21), ('deliveries', 'factual', 'trust', 34),
                      ('deliveries', 'factual', 'overall', 34)) as t (source, side, service_dimension, n_accounts);

create view marts.fct_gate_days as
select source, cast((select max(as_of) from meta.snapshot) as date) - cast(ago as integer) as delivered_on,
       case when contract = 'deliveries' and ago < 4 then 'held' when contract = 'tickets' and ago = 9 then 'crashed'
            when contract = 'tickets' and ago % 5 = 0 then 'quarantine'
            when contract = 'survey_answers' and ago % 7 <> 0 then 'none' else 'pass' end as outcome,
       cast(case when contract = 'survey_answers' and ago % 7 <> 0 then 0 else 1 end as integer) as n_batches,
       cast(10 as bigint) as n_accepted, cast(case when contract = 'tickets' and ago % 5 = 0 then 3 else 0 end as bigint) as n_quarantined,
       cast(0 as bigint) as n_waiting
from marts.fct_source_freshness, range(30) as r (ago);

create table marts.rpt_gap_worked as
select s.account_id, s.service_dimension, s.week_id, s.week_start_on, s.is_provisional, s.paired_perception_score, s.expectation_score,
       s.satisfaction_gap, s.n_paired, -7.0 as gap_of_all, (s.gap_shrunk + 7) / nullif(s.satisfaction_gap + 7, 0) as kept_share,
       s.gap_shrunk, 0.25 as weight, 0.25 * s.satisfaction_gap as weighted_gap, 0.25 * s.gap_shrunk as weighted_gap_shrunk,
       p.promise_gap, p.n_promises, s.null_reason
from marts.fct_satisfaction_weekly as s
left join marts.fct_promise_gap_weekly as p using (account_id, service_dimension, week_id)
where s.service_dimension <> 'overall' and s.week_id = (select max(week_id) from marts.dim_weeks);

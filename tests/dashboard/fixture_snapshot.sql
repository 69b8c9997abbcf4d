-- A small company in the shape of the published marts: 40 clients, 40 weeks, everything a function
-- of the client's number, so that it is the same each time. $as_of, $snapshot_id are given.
create schema marts;
create schema meta;

create temp table clock as
select cast($as_of as timestamp) as as_of,
       cast(date_diff('day', date '1970-01-05', cast($as_of as timestamp)::date) // 7 as integer) as last_week;

create table meta.snapshot as
select $snapshot_id as snapshot_id, as_of as created_at, as_of, false as is_as_of_fixed,
       'Test company' as workspace_name, 13 as window_weeks, 15.0 as wide_gap_points
from clock;

create table marts.dim_service_dimensions as
select * from (values
    ('responsiveness', 'Responsiveness', '响应速度', 'Answers and solves in the time promised', '在承诺的时间内答复并解决', 'account_manager', 25, 0.25, 1),
    ('business_understanding', 'Business understanding', '业务理解', 'Understands what the client needs', '理解客户真正的需要', 'solution_manager', 25, 0.25, 2),
    ('resource_mobilization', 'Resource mobilization', '资源调动', 'Brings the right people in time', '及时调动合适的人', 'delivery_manager', 25, 0.25, 3),
    ('trust', 'Trust', '信任', 'Keeps its word', '言而有信', 'account_manager', 25, 0.25, 4)
) as t (service_dimension, label_en, label_zh, definition_en, definition_zh, owner_role, points, weight, sort_order);

create table marts.dim_signals as
select * from (values
    ('first_response', 'responsiveness', 'First response', '首次响应', 1.0, 1.0, 'test'),
    ('resolution', 'responsiveness', 'Resolution', '解决', 1.0, 1.0, 'test'),
    ('reopenings', 'business_understanding', 'Reopenings', '重新打开', 1.0, 2.0, 'test'),
    ('hand_overs', 'resource_mobilization', 'Hand-overs between groups', '部门间转交', 1.0, 3.0, 'test'),
    ('delivery_first_promise', 'trust', 'Delivery, first promise', '交付（首次承诺）', 2.0, 0.5, 'test')
) as t (signal, service_dimension, label_en, label_zh, weight, span, reason);

create table marts.dim_weeks as
select week_id, date '1970-01-05' + week_id * 7 as week_start_on, date '1970-01-05' + week_id * 7 + 7 as week_end_on,
       least(as_of, (date '1970-01-05' + week_id * 7 + 7)::timestamp) as as_known_at, week_id * 7 + 6 as last_day,
       week_id = last_week as is_provisional
from clock, range(last_week - 39, last_week + 1) as r (id), lateral (select cast(id as integer) as week_id);

create table marts.dim_accounts as
select format('A-{:03d}', i) as account_id,
       case i when 2 then '<img src=x onerror=alert(1)> *Bold* :red[Ltd] $x$'
              when 3 then '远景光学（上海）' when 4 then 'www.harbor.example :smile: _Energy_'
              else ['Vertex', 'Harbor', 'Silver', 'Quartz', 'Crescent', 'Northwind', 'Alder', 'Beacon'][1 + i % 8] || ' '
                || ['Optics', 'Logistics', 'Energy', 'Health', 'Foods'][1 + i % 5] end as account_name,
       null::varchar as parent_account_id, ['S', 'A', 'B', 'C'][1 + i % 4] as tier,
       ['Retail', 'Energy', 'Health'][1 + i % 3] as industry,
       case when i = 6 then null else ['North', 'South', 'East', 'West'][1 + i % 4] end as region,
       1000.0 * i as annual_value, 'EUR' as currency, date '2024-01-01' as contract_started_on,
       case when i % 7 = 0 then null else as_of::date + cast(20 * i as integer) end as contract_ends_on, null::date as notice_given_on,
       null::date as churned_on, null::varchar as churn_reason,
       case when i = 5 then null else ['S. Iyer', 'K. Braun', 'A. Osei', 'Mei Lin', 'J. O''Neil'][1 + i % 5] end as account_manager,
       'P. Solutions' as solution_manager, 'D. Livery' as delivery_manager, null::varchar as channel_manager,
       true as is_active, timestamp '2024-01-01' as first_known_at
from clock, range(1, 41) as r (i);

-- P and E by client, dimension and week. Clients 1 to 7 carry a story; 38 to 40 never answered.
create temp table felt as
select i, a.account_id, d.service_dimension, d.sort_order, w.week_id, w.week_start_on, w.is_provisional,
       as_of, last_week - w.week_id as ago,
       68 + (i * 7 + d.sort_order * 5) % 11 + 1.6 * sin((last_week - w.week_id) / 3.0 + i + d.sort_order)
       - case when i = 1 and d.sort_order = 4 then least(30, greatest(0, 14 - (last_week - w.week_id)) * 2.3)
              when i = 2 and d.sort_order = 4 then least(14, greatest(0, 16 - (last_week - w.week_id)) * 1.2)
              when i = 3 and d.sort_order = 2 then 17
              when i = 5 and d.sort_order = 3 then least(20, greatest(0, 20 - (last_week - w.week_id)) * 1.1)
              when i = 6 and d.sort_order in (1, 2) then 16 else 0 end as p,
       76 + (i * 3 + d.sort_order) % 5 + 0.7 * cos((last_week - w.week_id) / 4.0 + i)
       + case when i = 2 and d.sort_order = 4 then least(9, greatest(0, 16 - (last_week - w.week_id)) * 0.7)
              when i = 4 and d.sort_order = 4 then least(16, greatest(0, 18 - (last_week - w.week_id)) * 1.1)
              when i = 20 then -20 else 0 end as e,
       3 + i % 9 as n_eligible, 1 + (i + d.sort_order) % (2 + i % 2) as n_heard,
       not (i >= 38 or (i = 7 and d.sort_order = 2 and last_week - w.week_id < 9)
            or (i = 8 and last_week - w.week_id between 10 and 15)) as is_heard
from clock, (select row_number() over (order by account_id) as i, account_id from marts.dim_accounts) as a
cross join marts.dim_service_dimensions as d cross join marts.dim_weeks as w;

create table marts.fct_satisfaction_weekly as
select account_id, service_dimension, week_id, week_start_on, is_provisional,
       case when is_heard then p end as perception_score,
       case when is_heard and i != 9 then p end as paired_perception_score,
       case when is_heard and i != 9 then e end as expectation_score,
       case when is_heard and i % 2 = 1 and i != 9 then e - 16 end as minimum_score,
       case when is_heard and i != 9 then p - e end as satisfaction_gap,
       case when is_heard then n_heard else 0 end as n_contacts,
       case when is_heard and i != 9 then n_heard else 0 end as n_paired,
       case when is_heard and i % 2 = 1 and i != 9 then n_heard else 0 end as n_minimum,
       n_eligible, 0 as n_departed, case when is_heard then n_heard / n_eligible else 0 end as coverage_share,
       case when is_heard then n_heard::double end as n_eff_perception,
       case when is_heard and i != 9 then n_heard::double end as n_eff_gap,
       case when i < 38 then as_of::date - cast(7 * ago + 5 * (i % 8) as integer) end as last_answered_on,
       case when i >= 38 then 'no_answers' when not is_heard then 'no_answers' when i = 9 then 'no_expectation' end as null_reason
from felt;

create temp table moved as
select *, satisfaction_gap - lag(satisfaction_gap, 13) over w as gap_change_13,
       paired_perception_score - lag(paired_perception_score, 13) over w as perception_change_13,
       expectation_score - lag(expectation_score, 13) over w as expectation_change_13,
       case when satisfaction_gap is null then null else satisfaction_gap <= -15 end as is_wide
from marts.fct_satisfaction_weekly
window w as (partition by account_id, service_dimension order by week_id);

create temp table runs as
select *, sum(case when coalesce(is_wide, false) then 0 else 1 end)
          over (partition by account_id, service_dimension order by week_id) as run
from moved;

create table marts.rpt_portfolio_worklist as
with ranked as (
    select r.*, d.sort_order,
           case when is_wide then min(case when is_wide then week_start_on end) over (partition by account_id, r.service_dimension, run) end as wide_since_on,
           case when is_wide then count(*) filter (where is_wide) over (partition by account_id, r.service_dimension, run order by week_id) end as wide_weeks,
           rank() over (partition by account_id, week_id order by satisfaction_gap nulls last) as widest_rank,
           row_number() over (partition by account_id, week_id order by satisfaction_gap nulls last, d.sort_order) as place,
           case when satisfaction_gap is not null then row_number() over (partition by week_id, r.service_dimension order by satisfaction_gap nulls last, account_id) end as dimension_rank,
           max(n_contacts) over (partition by account_id, week_id) as account_n_contacts
    from runs as r join marts.dim_service_dimensions as d using (service_dimension)
), placed as (
    select *, case when place = 1 and satisfaction_gap is not null
                   then row_number() over (partition by week_id order by case when place = 1 and satisfaction_gap is not null then 0 else 1 end, satisfaction_gap, account_id) end as rank
    from ranked
)
select account_id, week_id, week_start_on, is_provisional, service_dimension, perception_score, paired_perception_score,
       expectation_score, minimum_score, satisfaction_gap, gap_change_13, perception_change_13, expectation_change_13,
       case when gap_change_13 is null then 'unknown'
            when perception_change_13 <= -5 and expectation_change_13 >= 5 then 'both'
            when perception_change_13 <= -5 then 'perception_fell' when expectation_change_13 >= 5 then 'expectation_rose'
            when perception_change_13 >= 5 and expectation_change_13 <= -5 then 'both_better'
            when perception_change_13 >= 5 then 'perception_rose' when expectation_change_13 <= -5 then 'expectation_fell'
            else 'steady' end as moved,
       is_wide, wide_since_on, wide_weeks, paired_perception_score < minimum_score as is_below_minimum,
       n_contacts, n_paired, n_eligible, last_answered_on, null_reason, widest_rank, rank, dimension_rank,
       account_n_contacts, n_eligible as account_n_eligible, last_answered_on as account_last_answered_on,
       cast(substr(account_id, 3) as integer) % 7 as promises_overdue
from placed;

create table marts.fct_promise_gap_weekly as
select account_id, service_dimension, week_id, week_start_on, is_provisional,
       case when i % 10 = 9 and sort_order = 3 then null
            else -4 - (i + sort_order) % 6 + 2 * sin(ago / 5.0 + i)
                 - case when i = 1 and sort_order = 4 then least(38, greatest(0, 20 - ago) * 2.4) else 0 end end as promise_gap,
       3 + i % 5 as n_promises, 1 + i % 3 as n_broken, i % 3 as n_open_overdue,
       case when i % 10 = 9 and sort_order = 3 then 'no_promise_due' end as null_reason
from felt;

create table marts.fct_promises as
with base as (
    select i, k, a.account_id, s.signal, s.service_dimension, s.weight, as_of,
           as_of - to_days(cast(k * 9 + i % 9 + 1 as integer)) as due_at
    from clock, (select row_number() over (order by account_id) as i, account_id from marts.dim_accounts) as a,
         range(0, 8) as r (k) join (select *, row_number() over (order by signal) as s from marts.dim_signals) as s on s.s = 1 + k % 5
)
select format('P-{}-{}', account_id, k) as promise_id, 'desk' as source, account_id, format('C-{}-1', account_id) as contact_id,
       signal, service_dimension, 1 as promise_seq, case when signal in ('reopenings', 'hand_overs') then 'count' else 'instant' end as kind,
       format('T-{}{:02d}', i, k) as subject_id, case when signal = 'delivery_first_promise' then 'delivery' else 'ticket' end as subject_kind,
       due_at - interval 10 day as made_at, due_at, null::date as due_on, 'UTC' as time_zone, null::varchar as calendar_id,
       0.0 as paused_minutes, case when signal in ('reopenings', 'hand_overs') then 1 end as allowed_count,
       case when signal in ('reopenings', 'hand_overs') then (i + k) % 3 * 3 end as actual_count,
       case when (i + k) % 3 = 0 then due_at - interval 1 day when (i + k) % 3 = 1 then due_at + interval 3 day end as kept_at,
       case when (i + k) % 3 in (0, 1) then due_at + interval 3 day end as ended_at, null::timestamp as cancelled_at,
       null::varchar as cancelled_by, 'source' as due_origin, false as is_hindsight, 'high' as priority,
       due_at - interval 10 day as known_from, null::timestamp as known_to, true as is_newest,
       case when (i + k) % 3 = 0 then 'kept' else 'broken' end as state, 0.5 as slip,
       case when (i + k) % 3 = 0 then 0.0 else -50.0 end as promise_score, due_at as falls_due_at,
       case when (i + k) % 3 = 2 then date_diff('day', due_at, as_of) end as overdue_days,
       case when (i + k) % 3 = 1 then 3 end as days_late, weight > 0 as is_scored
from base;

-- As many contacts as are eligible; the first ones are those heard.
create table marts.dim_contacts as
select format('C-{}-{}', account_id, k) as contact_id, account_id, ['Head of IT', 'Buyer', null, '采购经理'][1 + k % 4] as job_title,
       'IT' as department, ['key', 'general', 'organizational'][1 + k % 3] as relationship, k = 1 as is_decision_maker,
       null::date as valid_from, null::date as valid_to, true as is_active, k
from (select distinct account_id, account_n_eligible from marts.rpt_portfolio_worklist), range(1, 12) as r (k)
where k <= account_n_eligible;

create table marts.rpt_client_contacts as
select account_id, contact_id, job_title, department, relationship, is_decision_maker,
       case when k <= account_n_contacts then (select as_of::date from clock) - 18
            when k % 2 = 0 then (select as_of::date from clock) - 200 end as last_answered_on,
       k <= account_n_contacts as is_heard
from marts.dim_contacts
join (select distinct account_id, account_n_contacts from marts.rpt_portfolio_worklist
      where week_id = (select last_week from clock)) using (account_id);

create table marts.fct_ratings as
select format('R-{}-{}', account_id, ago) as response_id, 'survey' as source, 'Q' as survey_id, 'relationship' as survey_kind,
       account_id, format('C-{}-1', account_id) as contact_id, service_dimension, week_start_on + interval 30 hour as submitted_at,
       round(p) as perception_score, case when i != 9 then round(p) end as paired_perception_score,
       case when i != 9 then round(e) end as expectation_score, null::double as minimum_score,
       case when i != 9 then round(p) - round(e) end as satisfaction_gap
from felt where ago in (2, 15, 28) and i < 38;

create table marts.fct_answers as
select response_id, source, survey_id, survey_kind, 'q1' as question_id, 'i1' as item_id, 'perception' as measure,
       service_dimension, account_id, contact_id, submitted_at, perception_score as score, perception_score / 10 as answer_value
from marts.fct_ratings;

create temp table cuts as
select account_id, 'all' as cut, 'all' as cut_value from marts.dim_accounts
union all select account_id, 'tier', tier from marts.dim_accounts
union all select account_id, 'region', region from marts.dim_accounts where region is not null
union all select account_id, 'account_manager', account_manager from marts.dim_accounts where account_manager is not null;

create table marts.rpt_portfolio_weekly as
with level as (
    select cut, cut_value, coalesce(service_dimension, 'overall') as service_dimension, week_id, week_start_on, is_provisional,
           avg(perception_score) as perception_score, avg(paired_perception_score) as paired_perception_score,
           avg(expectation_score) as expectation_score, avg(minimum_score) as minimum_score, avg(satisfaction_gap) as satisfaction_gap,
           count(distinct account_id) as n_accounts, count(distinct account_id) filter (where n_contacts > 0) as n_accounts_heard,
           count(distinct account_id) filter (where n_paired > 0) as n_accounts_paired,
           count(distinct account_id) filter (where n_contacts = 0) as n_accounts_silent,
           cast(sum(n_contacts) / count(distinct service_dimension) as integer) as n_contacts,
           cast(sum(n_eligible) / count(distinct service_dimension) as integer) as n_eligible,
           sum(n_contacts) / sum(n_eligible) as coverage_share,
           count(*) filter (where paired_perception_score < minimum_score) as n_below_minimum,
           count(*) filter (where minimum_score is not null) as n_with_minimum
    from marts.fct_satisfaction_weekly join cuts using (account_id)
    group by grouping sets ((cut, cut_value, service_dimension, week_id, week_start_on, is_provisional),
                            (cut, cut_value, week_id, week_start_on, is_provisional))
), gaps as (
    select cut, cut_value, coalesce(service_dimension, 'overall') as service_dimension, week_id, avg(promise_gap) as promise_gap
    from marts.fct_promise_gap_weekly join cuts using (account_id)
    group by grouping sets ((cut, cut_value, service_dimension, week_id), (cut, cut_value, week_id))
)
select l.*, g.promise_gap, l.satisfaction_gap - lag(l.satisfaction_gap, 13) over w as gap_change_13,
       paired_perception_score - lag(paired_perception_score, 13) over w as perception_change_13,
       expectation_score - lag(expectation_score, 13) over w as expectation_change_13
from level as l join gaps as g using (cut, cut_value, service_dimension, week_id)
window w as (partition by cut, cut_value, service_dimension order by week_id);

create table marts.fct_source_freshness as
select source, system, contract, as_of - to_minutes(minutes) as newest_known_at, as_of - to_minutes(minutes) as newest_loaded_at,
       'pass' as last_outcome, 5 as n_batches, 0 as n_held, false as is_late, null::varchar as last_message,
       as_of - to_minutes(minutes) as last_landed_at
from clock, (values ('crm_accounts', 'crm', 'accounts', 9000), ('crm_contacts', 'crm', 'contacts', 4000),
                    ('survey_answers', 'survey', 'survey_answers', 1500), ('desk_tickets', 'desk', 'tickets', 200),
                    ('deliveries', 'erp', 'deliveries', 2900)) as t (source, system, contract, minutes);

create table marts.fct_batches as
select 'b1' as batch_id, source, system, contract, 'file.csv' as file, 10 as records, 10 as rows, 10 as accepted_rows,
       0 as quarantined_rows, 0 as waiting_rows, last_outcome as outcome, last_message as message,
       newest_known_at as min_known_at, newest_known_at as max_known_at, last_landed_at as landed_at, last_landed_at as loaded_at
from marts.fct_source_freshness;

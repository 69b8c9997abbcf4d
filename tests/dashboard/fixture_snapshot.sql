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

create temp table heard as
select *, is_heard and i != 9 as is_paired, is_heard and i % 2 = 1 and i != 9 as has_minimum,
       n_heard / n_eligible as share, 24 / sqrt(n_heard) as half_width,
       -- the fewer voices, the nearer to everybody's mean
       70 + (0.75 + 0.05 * n_heard) * (p - 70) as p_shrunk, -7 + (0.75 + 0.05 * n_heard) * (p - e + 7) as gap_shrunk,
       p - lag(p, 13) over w as p_moved, p - e - lag(p - e, 13) over w as gap_moved, e - lag(e, 13) over w as e_moved,
       lag(is_heard and i != 9, 13) over w as was_paired, lag(p - e, 13) over w as gap_before
from felt window w as (partition by i, service_dimension order by week_id);

create macro trend_of(moved, n) as
    case when moved is null or n < 2 then 'too_few_answers' when moved < -12 then 'declining' when moved > 12 then 'improving'
         when abs(moved) < 2 then 'steady' else 'not_clear' end;

create table marts.fct_satisfaction_weekly as
with dimensions as (
    select account_id, service_dimension, week_id, week_start_on, is_provisional,
           case when is_heard then p end as perception_score,
           case when is_heard then p_shrunk end as perception_shrunk_score,
           case when is_heard then p_shrunk - half_width end as perception_low_score,
           case when is_heard then p_shrunk + half_width end as perception_high_score,
           case when is_heard then half_width / 1.96 end as perception_standard_error,
           case when is_paired then p end as paired_perception_score,
           case when is_paired then e end as expectation_score,
           case when has_minimum then e - 16 end as minimum_score,
           case when is_paired then p - e end as satisfaction_gap,
           case when is_paired then gap_shrunk end as gap_shrunk,
           case when is_paired then gap_shrunk - half_width end as gap_low,
           case when is_paired then gap_shrunk + half_width end as gap_high,
           case when is_paired then half_width / 1.96 end as gap_standard_error,
           case when has_minimum then p - e + 16 end as adequacy_gap,
           case when has_minimum then p - e + 16 end as adequacy_shrunk,
           case when has_minimum then p - e + 16 - half_width end as adequacy_low,
           case when has_minimum then p - e + 16 + half_width end as adequacy_high,
           case when has_minimum then p - e end as superiority_gap,
           case when has_minimum then (p - e + 16) / 16 end as zone_position,
           case when is_heard then n_heard else 0 end as n_contacts,
           case when is_paired then n_heard else 0 end as n_paired,
           case when has_minimum then n_heard else 0 end as n_minimum,
           case when has_minimum and n_heard > 2 then 1 else 0 end as n_inverted,
           case when is_paired and i % 3 > 0 then n_heard else 0 end as n_same_response,
           n_eligible, 0 as n_departed, case when is_heard then share else 0 end as coverage_share,
           case when is_heard then n_heard::double end as n_eff_perception,
           case when is_paired then n_heard::double end as n_eff_gap,
           case when not is_paired then null when i % 3 > 0 then 'same_response' else 'same_contact' end as pairing_basis,
           case when is_heard then share * p end as perception_silent_low_score,
           case when is_heard then share * p + (1 - share) * 100 end as perception_silent_high_score,
           case when is_paired then share * (p - e) - (1 - share) * 100 end as gap_silent_low,
           case when is_paired then share * (p - e) + (1 - share) * 100 end as gap_silent_high,
           case when is_heard and n_heard > 1 then p_moved end as perception_change,
           case when is_heard and n_heard > 1 then 0.03 end as perception_p_value,
           case when is_heard and n_heard > 1 then 0.06 end as perception_q_value,
           trend_of(case when is_heard then p_moved end, n_heard) as perception_trend,
           case when is_paired and n_heard > 1 then gap_moved end as gap_change,
           case when is_paired and n_heard > 1 then 0.03 end as gap_p_value,
           case when is_paired and n_heard > 1 then 0.06 end as gap_q_value,
           trend_of(case when is_paired then gap_moved end, n_heard) as gap_trend,
           null::double as gap_by_stated_weights, null::double as gap_by_derived_weights,
           case when i < 38 then as_of::date - cast(7 * ago + 5 * (i % 8) as integer) end as last_answered_on,
           case when not is_heard then 'no_answers' when i = 9 then 'no_expectation' end as null_reason
    from heard
), overall as (
    select account_id, week_id, count(satisfaction_gap) = 4 as is_whole, avg(satisfaction_gap) as gap,
           avg(gap_shrunk) as gap_shrunk, avg(gap_low) as gap_low, avg(gap_high) as gap_high, max(n_contacts) as n_contacts,
           max(n_paired) as n_paired
    from dimensions group by account_id, week_id
)
select * from dimensions
union all by name
select account_id, 'overall' as service_dimension, week_id, d.week_start_on, d.is_provisional, d.n_eligible, d.n_departed,
       d.last_answered_on, o.n_contacts, o.n_paired, 0 as n_minimum, d.coverage_share,
       case when is_whole then o.gap end as satisfaction_gap, case when is_whole then o.gap_shrunk end as gap_shrunk,
       case when is_whole then o.gap_low end as gap_low, case when is_whole then o.gap_high end as gap_high,
       case when is_whole then o.gap - 1 end as gap_by_stated_weights,
       case when not is_whole then case when o.n_paired > 0 then 'missing_service_dimension' else d.null_reason end end as null_reason
from overall as o join dimensions as d using (account_id, week_id) where d.service_dimension = 'trust';

create table marts.fct_priors_weekly as
select week_id, week_start_on, is_provisional, service_dimension, measure, -7.0 as prior_mean, 30.0 as between_variance,
       144.0 as within_variance, false as is_default_variance, 36 as n_accounts, false as are_accounts_alike
from marts.dim_weeks, marts.dim_service_dimensions, (values ('perception'), ('gap'), ('adequacy')) as t (measure);

create table marts.fct_dimension_weights_weekly as
select week_id, week_start_on, is_provisional, basis, service_dimension, case when basis != 'derived' then 0.25 end as weight,
       case basis when 'stated' then 20 when 'derived' then 61 end as n_responses,
       case when basis = 'derived' then 'too_few_responses' end as null_reason
from marts.dim_weeks, marts.dim_service_dimensions, (values ('default'), ('stated'), ('derived')) as t (basis);

-- 40 weeks are known: a year before is before the history.
create table marts.fct_satisfaction_change as
with parts as (
    select account_id, service_dimension, week_id, week_start_on, is_provisional, n_heard, share,
           case when is_paired then p - e end as satisfaction_gap, case when was_paired then gap_before end as satisfaction_gap_before,
           case when is_paired and was_paired then gap_moved end as satisfaction_gap_change,
           case when is_paired and was_paired then p_moved * 0.9 end as perception_part,
           case when is_paired and was_paired then -e_moved end as expectation_part,
           case when is_paired and was_paired then p_moved * 0.1 end as respondent_mix_part
    from heard
), levels as (
    select *, null::double as weights_part from parts
    union all
    select account_id, 'overall', week_id, any_value(week_start_on), any_value(is_provisional), max(n_heard), any_value(share),
           avg(satisfaction_gap), avg(satisfaction_gap_before), avg(satisfaction_gap_change), avg(perception_part),
           avg(expectation_part), avg(respondent_mix_part), case when avg(satisfaction_gap_change) is not null then 0.0 end
    from parts group by account_id, week_id
)
select account_id, service_dimension, week_id, week_start_on, is_provisional, weeks_before,
       case when weeks_before = 13 then satisfaction_gap_before end as satisfaction_gap_before, satisfaction_gap,
       case when weeks_before = 13 then satisfaction_gap_change end as satisfaction_gap_change,
       case when weeks_before = 13 then perception_part end as perception_part,
       case when weeks_before = 13 then expectation_part end as expectation_part,
       case when weeks_before = 13 then weights_part end as weights_part,
       case when weeks_before = 13 then respondent_mix_part end as respondent_mix_part,
       n_heard - 1 as n_stayers, n_heard as n_paired_before, n_heard as n_paired, share / 2 as coverage_share_before,
       share as coverage_share,
       case when weeks_before = 52 then 'before_history' when satisfaction_gap_change is not null then null
            when satisfaction_gap is null and satisfaction_gap_before is null then 'unknown_both'
            when satisfaction_gap is null then 'unknown_now' else 'unknown_before' end as null_reason
from levels, (values (13), (52)) as t (weeks_before);

create temp table moved as
select *, satisfaction_gap - lag(satisfaction_gap, 13) over w as gap_change_13,
       paired_perception_score - lag(paired_perception_score, 13) over w as perception_change_13,
       expectation_score - lag(expectation_score, 13) over w as expectation_change_13,
       case when satisfaction_gap is null then null else gap_shrunk <= -15 end as is_wide
from marts.fct_satisfaction_weekly where service_dimension != 'overall'
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
           rank() over (partition by account_id, week_id order by gap_shrunk nulls last) as widest_rank,
           row_number() over (partition by account_id, week_id order by gap_shrunk nulls last, d.sort_order) as place,
           case when satisfaction_gap is not null then row_number() over (partition by week_id, r.service_dimension order by gap_shrunk nulls last, account_id) end as dimension_rank,
           max(n_contacts) over (partition by account_id, week_id) as account_n_contacts
    from runs as r join marts.dim_service_dimensions as d using (service_dimension)
), placed as (
    select *, case when place = 1 and satisfaction_gap is not null
                   then row_number() over (partition by week_id order by case when place = 1 and satisfaction_gap is not null then 0 else 1 end, gap_shrunk, account_id) end as rank
    from ranked
)
select account_id, week_id, week_start_on, is_provisional, service_dimension, perception_score, paired_perception_score,
       expectation_score, minimum_score, satisfaction_gap, gap_shrunk, gap_low, gap_high, perception_shrunk_score,
       perception_low_score, perception_high_score, perception_trend, gap_trend, coverage_share,
       gap_change_13, perception_change_13, expectation_change_13,
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
       3 + i % 5 as n_promises, 1 + i % 3 as n_broken, i % 3 as n_open_overdue, i % 2 as n_old_commitments,
       case when i % 10 = 9 and sort_order = 3 then 'no_promise_due' end as null_reason
from felt;

create table marts.fct_felt_and_factual_weekly as
select account_id, service_dimension, week_id, s.week_start_on, s.is_provisional, s.perception_shrunk_score, s.n_contacts,
       p.promise_gap, p.n_promises, s.perception_shrunk_score >= 60 as is_felt_good, p.promise_gap >= -10 as is_factual_good,
       case when is_felt_good is null and is_factual_good is null then 'unknown' when is_felt_good is null then 'felt_unknown'
            when is_factual_good is null then 'factual_unknown' when is_felt_good and is_factual_good then 'both_good'
            when is_factual_good then 'felt_bad' when is_felt_good then 'factual_bad' else 'both_bad' end as situation
from marts.fct_satisfaction_weekly as s join marts.fct_promise_gap_weekly as p using (account_id, service_dimension, week_id);

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
       case when (i + k) % 3 = 1 then 3 end as days_late, weight > 0 as is_scored,
       (i + k) % 3 = 2 and date_diff('day', due_at, as_of) > 30 and signal not in ('reopenings', 'hand_overs') as is_old_commitment,
       case when signal = 'delivery_first_promise' then 2.0 end as notice_days
from base;

-- As many contacts as are eligible; the first ones are those heard.
create temp table people as
select format('C-{}-{}', account_id, k) as contact_id, account_id, ['Head of IT', 'Buyer', null, '采购经理'][1 + k % 4] as job_title,
       'IT' as department, ['key', 'general', 'organizational'][1 + k % 3] as relationship, k = 1 as is_decision_maker,
       null::date as valid_from, null::date as valid_to, true as is_active, k
from (select distinct account_id, account_n_eligible from marts.rpt_portfolio_worklist), range(1, 12) as r (k)
where k <= account_n_eligible;
create table marts.dim_contacts as select * exclude (k) from people;

create table marts.rpt_client_contacts as
select account_id, contact_id, job_title, department, relationship, is_decision_maker,
       case when k <= account_n_contacts then (select as_of::date from clock) - 18
            when k % 2 = 0 then (select as_of::date from clock) - 200 end as last_answered_on,
       k <= account_n_contacts as is_heard
from people
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

create table marts.rpt_portfolio_members as
select cut, cut_value, account_id, last_week - 39 as first_week_id, last_week as last_week_id from cuts, clock;

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
    from marts.fct_satisfaction_weekly join cuts using (account_id) where service_dimension != 'overall'
    group by grouping sets ((cut, cut_value, service_dimension, week_id, week_start_on, is_provisional),
                            (cut, cut_value, week_id, week_start_on, is_provisional))
), gaps as (
    select cut, cut_value, coalesce(service_dimension, 'overall') as service_dimension, week_id, avg(promise_gap) as promise_gap
    from marts.fct_promise_gap_weekly join cuts using (account_id)
    group by grouping sets ((cut, cut_value, service_dimension, week_id), (cut, cut_value, week_id))
)
select l.*, g.promise_gap, l.satisfaction_gap - lag(l.satisfaction_gap, 13) over w as gap_change_13,
       paired_perception_score - lag(paired_perception_score, 13) over w as perception_change_13,
       expectation_score - lag(expectation_score, 13) over w as expectation_change_13,
       case when lag(week_id, 13) over w is not null then 1 end as n_joined, case when lag(week_id, 13) over w is not null then 2 end as n_left,
       case when cut = 'all' and service_dimension != 'overall' then 30 end as n_rated,
       case when cut = 'all' and service_dimension != 'overall' then 70.0 end as ewma_mean_score,
       case when cut = 'all' and service_dimension != 'overall' then 12.0 end as ewma_sd,
       case when cut = 'all' and service_dimension != 'overall' then perception_score end as ewma_score,
       case when cut = 'all' and service_dimension != 'overall' then 68.0 end as ewma_low_score,
       case when cut = 'all' and service_dimension != 'overall' then 74.5 end as ewma_high_score,
       case when cut = 'all' and service_dimension != 'overall' then perception_score not between 68 and 74.5 end as is_out_of_control,
       false as is_baseline, case when cut != 'all' or service_dimension = 'overall' then 'not_charted' end as ewma_null_reason
from level as l join gaps as g using (cut, cut_value, service_dimension, week_id)
window w as (partition by cut, cut_value, service_dimension order by week_id);

create table marts.fct_portfolio_change as
with parts as (
    select cut, cut_value, service_dimension, week_id, avg(perception_part) as perception_part, avg(expectation_part) as expectation_part,
           avg(respondent_mix_part) as respondent_mix_part, avg(weights_part) as weights_part, count(satisfaction_gap_change) as n_stayed
    from marts.fct_satisfaction_change join cuts using (account_id) where weeks_before = 13
    group by cut, cut_value, service_dimension, week_id
)
select l.cut, l.cut_value, l.service_dimension, l.week_id, l.week_start_on, l.is_provisional, weeks_before,
       case when is_split then l.satisfaction_gap - l.gap_change_13 end as satisfaction_gap_before, l.satisfaction_gap,
       case when is_split then l.gap_change_13 end as satisfaction_gap_change,
       case when is_split then p.weights_part end as weights_part, case when is_split then p.perception_part end as perception_part,
       case when is_split then p.expectation_part end as expectation_part,
       case when is_split then p.respondent_mix_part end as respondent_mix_part,
       case when is_split then turnover end as turnover_part, case when is_split then turnover / 2 end as joined_part,
       case when is_split then turnover / 2 end as left_part, p.n_stayed, 0 as n_joined, 1 as n_newly_heard, 0 as n_left,
       2 as n_no_longer_heard, l.n_accounts_paired as n_accounts_paired_before, l.n_accounts_paired,
       l.coverage_share / 2 as coverage_share_before, l.coverage_share,
       case when is_split then null when weeks_before = 52 then 'before_history' else 'unknown_before' end as null_reason
from marts.rpt_portfolio_weekly as l join parts as p using (cut, cut_value, service_dimension, week_id),
     (values (13), (52)) as t (weeks_before),
     lateral (select weeks_before = 13 and l.gap_change_13 is not null as is_split,
                     l.gap_change_13 - p.perception_part - p.expectation_part - p.respondent_mix_part - coalesce(p.weights_part, 0)
                     as turnover);

-- Trust is asked with one item, so that its reliability is not known.
create table marts.fct_measurement_quality as
select 'survey' as source, 'Q' as survey_id, 'relationship' as survey_kind, service_dimension, null::integer as wave,
       null::date as wave_started_on, true as is_whole, false as is_anonymous, 420 as n_responses, 400 as n_complete,
       3 as n_perception_items, 3 as n_expectation_items,
       case when sort_order < 4 then 0.9 - 0.01 * sort_order end as perception_alpha,
       case when sort_order < 4 then 0.84 end as expectation_alpha, 0.31 as perception_expectation_correlation,
       case when sort_order < 4 then 0.8 - 0.02 * sort_order end as gap_reliability,
       case when sort_order < 4 then true end as is_gap_reliable,
       case when sort_order = 4 then 'too_few_items' end as reliability_null_reason, 0.12 as perception_ceiling_share
from marts.dim_service_dimensions;

-- Its one wave, and a newer survey that asked for perceptions alone.
insert into marts.fct_measurement_quality by name
select * exclude (as_of, last_week)
       replace (last_week // 13 - 3 as wave, date '1970-01-05' + (last_week // 13 - 3) * 91 as wave_started_on, false as is_whole)
from marts.fct_measurement_quality, clock;
insert into marts.fct_measurement_quality by name
select * exclude (as_of, last_week)
       replace ('R' as survey_id, 0 as n_expectation_items, null as gap_reliability, null as is_gap_reliable,
                'no_expectation' as reliability_null_reason,
                case when not is_whole then wave_started_on + 182 end as wave_started_on)
from marts.fct_measurement_quality, clock;

create table marts.fct_survey_scores as
select cut, cut_value, survey_kind, measure, week_id, week_start_on, is_provisional, value, low as low_value, high as high_value,
       case when cut = 'all' then 90 else 3 end as n_answers, null::varchar as null_reason
from marts.dim_weeks, (values ('relationship', 'nps', 0.33, 0.2, 0.46), ('transactional', 'csat', 0.71, 0.64, 0.77)) as t (survey_kind, measure, value, low, high),
     (select 'all' as cut, 'all' as cut_value union all
      select 'account', account_id from marts.dim_accounts where account_id < 'A-037');

create table marts.fct_survey_coverage as
select account_id, cut, cut_value, week_id, week_start_on, is_provisional, n_eligible, n_heard
from marts.dim_weeks, (
    select account_id, 'relationship' as cut, relationship as cut_value, count(*)::integer as n_eligible,
           count(*) filter (where is_heard)::integer as n_heard
    from marts.rpt_client_contacts group by all
    union all
    select account_id, 'role', case when is_decision_maker then 'decision_maker' else 'other' end, count(*)::integer,
           count(*) filter (where is_heard)::integer
    from marts.rpt_client_contacts group by all);

create table marts.rpt_survey_plan as
select account_id, contact_id, relationship, is_decision_maker,
       case when is_heard then 'leave' when last_answered_on is null then 'ask' else 'wait' end as action,
       case when is_heard then 'all_known' when last_answered_on is null then 'never_heard' else 'asked_lately' end as reason,
       case when not is_heard and last_answered_on is not null then (select as_of::date from clock) + 30 end as ask_not_before_on,
       case when not is_heard and last_answered_on is null
            then row_number() over (order by is_heard, last_answered_on is not null, account_id, contact_id)::integer end as priority
from marts.rpt_client_contacts;

create table marts.fct_restatements as
select 4 as build_seq, account_id, service_dimension, week_id, week_start_on, 'restated' as change,
       satisfaction_gap + 3 as satisfaction_gap_before, satisfaction_gap as satisfaction_gap_after,
       (select as_of from clock) as restated_as_of, 'late_fact' as cause
from marts.fct_satisfaction_weekly
where account_id = 'A-001' and service_dimension = 'trust' and week_id = (select last_week - 3 from clock);

create table marts.rpt_anonymous_portfolio as
select 'all' as cut, 'all' as cut_value, service_dimension, (select last_week // 13 - 1 from clock) as block_id,
       (select date '1970-01-05' + (last_week // 13 - 1) * 91 from clock) as block_start_on,
       (select date '1970-01-05' + (last_week // 13) * 91 from clock) as block_end_on,
       (select date '1970-01-05' + (last_week // 13 + 1) * 91 from clock) as shown_until_on, true as is_anonymous,
       case when sort_order < 4 then 66.0 end as perception_score, case when sort_order < 4 then 79.0 end as expectation_score,
       case when sort_order < 4 then -13.0 end as satisfaction_gap, case when sort_order < 4 then 17 end as n_responses,
       case when sort_order = 4 then 'too_few_answers' end as null_reason
from marts.dim_service_dimensions;

create table marts.fct_source_freshness as
select source, system, contract, as_of - to_minutes(minutes) as newest_known_at, as_of - to_minutes(minutes) as newest_loaded_at,
       'pass' as last_outcome, 5 as n_batches, 0 as n_held, false as is_late, null::varchar as last_message,
       as_of - to_minutes(minutes) as last_landed_at
from clock, (values ('crm_accounts', 'crm', 'accounts', 9000), ('crm_contacts', 'crm', 'contacts', 4000),
                    ('survey_answers', 'survey', 'survey_answers', 1500), ('desk_tickets', 'desk', 'tickets', 200),
                    ('deliveries', 'erp', 'deliveries', 2900)) as t (source, system, contract, minutes);

create table marts.fct_batches as
select 'b1' as batch_id, source, system, contract, 'file.csv' as file, 10 as records, 10 as accepted_rows,
       0 as quarantined_rows, 0 as waiting_rows, last_outcome as outcome, last_message as message,
       newest_known_at as min_known_at, newest_known_at as max_known_at, last_landed_at as landed_at, last_landed_at as loaded_at
from marts.fct_source_freshness;

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget('week_id >= ' ~ stale_from_week() ~ ' or week_id <= ' ~ week_of(as_of()) ~ ' - ' ~ var('worklist_weeks')) }}"
) }}

with running as (
    select max(week_id) as running_week from {{ ref('dim_weeks') }}
),

satisfaction as (
    select
        *,
        -- sums of doubles differ in their last bits from run to run: comparisons are made on rounded values
        case when gap_shrunk is not null then round(gap_shrunk, 9) <= -{{ var('wide_gap_points') }} end as is_wide
    from {{ ref('fct_satisfaction_weekly') }}
    where service_dimension in (select service_dimension from {{ ref('dim_service_dimensions') }})
),

recent as (
    select satisfaction.*, running.running_week
    from satisfaction
    cross join running
    where satisfaction.week_id > running.running_week - {{ var('worklist_weeks') }} and {{ is_stale_week('satisfaction.week_id') }}
),

-- the last week before those that are made in which the gap was not wide, or the week before the first one
earlier as (
    select
        account_id,
        service_dimension,
        max(case when not coalesce(is_wide, false) then satisfaction.week_id end) as last_narrow_week,
        min(satisfaction.week_id) - 1 as week_before_first
    from satisfaction
    cross join running
    where satisfaction.week_id <= running.running_week - {{ var('worklist_weeks') }} or not {{ is_stale_week('satisfaction.week_id') }}
    group by account_id, service_dimension
),

runs as (
    select
        recent.*,
        coalesce(
            max(case when not coalesce(recent.is_wide, false) then recent.week_id end) over (
                partition by recent.account_id, recent.service_dimension order by recent.week_id
                rows between unbounded preceding and current row
            ),
            earlier.last_narrow_week,
            earlier.week_before_first,
            min(recent.week_id) over (partition by recent.account_id, recent.service_dimension) - 1
        ) as last_narrow_week
    from recent
    left join earlier
        on recent.account_id = earlier.account_id and recent.service_dimension = earlier.service_dimension
),

-- narrow on purpose: a join carries every column it is given
before as (
    select account_id, service_dimension, week_id, satisfaction_gap, paired_perception_score, expectation_score
    from satisfaction
    where
        week_id > (select running_week - {{ var('worklist_weeks') }} - {{ var('window_weeks') }} from running)
        and week_id >= {{ first_stale_week() }} - {{ var('window_weeks') }}
),

compared as (
    select
        runs.*,
        runs.satisfaction_gap - before.satisfaction_gap as gap_change_13,
        runs.paired_perception_score - before.paired_perception_score as perception_change_13,
        runs.expectation_score - before.expectation_score as expectation_change_13
    from runs
    left join before
        on
            runs.account_id = before.account_id
            and runs.service_dimension = before.service_dimension
            and runs.week_id = before.week_id + {{ var('window_weeks') }}
),

voices as (
    select
        week_id,
        account_id,
        count(distinct voice_key) as n_contacts
    from {{ ref('int_voices_weekly') }}
    where is_counted and week_id > (select running_week - {{ var('worklist_weeks') }} from running) and {{ is_stale_week('week_id') }}
    group by week_id, account_id
),

-- the newest answer ever, as known at each week's end
answered as (
    select account_id, known_from_week, max(submitted_day) as submitted_day
    from {{ ref('int_ratings_paired') }}
    where is_newest and survey_kind = 'relationship'
    group by account_id, known_from_week
),

-- what was known only for a while: corrected, moved to another account or withdrawn since
answered_once as (
    select ratings.account_id, weeks.week_id, max(ratings.submitted_day) as submitted_day
    from {{ ref('int_ratings_paired') }} as ratings
    inner join {{ ref('dim_weeks') }} as weeks
        on weeks.week_id >= ratings.known_from_week and weeks.week_id < ratings.known_to_week
    where
        not ratings.is_newest
        and ratings.survey_kind = 'relationship'
        and weeks.week_id > (select running_week - {{ var('worklist_weeks') }} from running)
        and {{ is_stale_week('weeks.week_id') }}
    group by ratings.account_id, weeks.week_id
),

last_answered as (
    select
        account_id,
        known_from_week as from_week,
        lead(known_from_week, 1, {{ never() }}) over (partition by account_id order by known_from_week) as to_week,
        max(submitted_day) over (
            partition by account_id order by known_from_week rows between unbounded preceding and current row
        ) as last_answered_day
    from answered
),

overdue as (
    select week_id, account_id, sum(n_open_overdue) as promises_overdue
    from {{ ref('fct_promise_gap_weekly') }}
    where week_id > (select running_week - {{ var('worklist_weeks') }} from running) and {{ is_stale_week('week_id') }}
    group by week_id, account_id
),

placed as (
    select
        compared.*,
        dimensions.sort_order,
        coalesce(voices.n_contacts, 0) as account_n_contacts,
        greatest(last_answered.last_answered_day, answered_once.submitted_day) as account_last_answered_day,
        coalesce(overdue.promises_overdue, 0) as promises_overdue,
        max(compared.n_eligible) over (partition by compared.account_id, compared.week_id) as account_n_eligible
    from compared
    inner join {{ ref('dim_service_dimensions') }} as dimensions
        on compared.service_dimension = dimensions.service_dimension
    left join voices on compared.account_id = voices.account_id and compared.week_id = voices.week_id
    left join last_answered
        on
            compared.account_id = last_answered.account_id
            and compared.week_id >= last_answered.from_week
            and compared.week_id < last_answered.to_week
    left join answered_once on compared.account_id = answered_once.account_id and compared.week_id = answered_once.week_id
    left join overdue on compared.account_id = overdue.account_id and compared.week_id = overdue.week_id
),

ranked as (
    select
        *,
        rank() over (partition by account_id, week_id order by round(gap_shrunk, 9) asc nulls last) as widest_rank,
        row_number() over (partition by account_id, week_id order by round(gap_shrunk, 9) asc nulls last, sort_order) as place
    from placed
),

-- the list holds each client once, by its widest gap
listed as (
    select
        *,
        case
            when place = 1 and satisfaction_gap is not null
                then row_number() over (
                    partition by week_id, place order by round(gap_shrunk, 9) asc nulls last, account_id
                )
        end as list_rank,
        case
            when satisfaction_gap is not null
                then row_number() over (
                    partition by week_id, service_dimension order by round(gap_shrunk, 9) asc nulls last, account_id
                )
        end as dimension_rank,
        round(perception_change_13, 9) <= -{{ var('steady_margin') }} as perception_fell,
        round(expectation_change_13, 9) >= {{ var('steady_margin') }} as expectation_rose,
        round(perception_change_13, 9) >= {{ var('steady_margin') }} as perception_rose,
        round(expectation_change_13, 9) <= -{{ var('steady_margin') }} as expectation_fell
    from ranked
)

select
    account_id,
    week_id,
    week_start_on,
    is_provisional,
    service_dimension,
    perception_score,
    paired_perception_score,
    expectation_score,
    minimum_score,
    satisfaction_gap,
    gap_shrunk,
    gap_low,
    gap_high,
    perception_shrunk_score,
    perception_low_score,
    perception_high_score,
    perception_trend,
    gap_trend,
    coverage_share,
    gap_change_13,
    perception_change_13,
    expectation_change_13,
    case
        when perception_change_13 is null or expectation_change_13 is null then 'unknown'
        when perception_fell and expectation_rose then 'both'
        when perception_fell then 'perception_fell'
        when expectation_rose then 'expectation_rose'
        when perception_rose and expectation_fell then 'both_better'
        when perception_rose then 'perception_rose'
        when expectation_fell then 'expectation_fell'
        else 'steady'
    end as moved,
    is_wide,
    case when is_wide then cast(date '1970-01-05' + cast((last_narrow_week + 1) * 7 as integer) as date) end as wide_since_on,
    case when is_wide then cast(week_id - last_narrow_week as integer) end as wide_weeks,
    round(adequacy_gap, 9) < 0 as is_below_minimum,
    n_contacts,
    n_paired,
    n_eligible,
    last_answered_on,
    null_reason,
    cast(widest_rank as integer) as widest_rank,
    cast(list_rank as integer) as rank,
    cast(dimension_rank as integer) as dimension_rank,
    cast(account_n_contacts as integer) as account_n_contacts,
    cast(account_n_eligible as integer) as account_n_eligible,
    cast(date '1970-01-01' + cast(account_last_answered_day as integer) as date) as account_last_answered_on,
    cast(promises_overdue as integer) as promises_overdue
from listed

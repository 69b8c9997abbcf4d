{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_stale_weeks() }}") }}

{#-
    One row per account, signal and week in which a promise of that signal counts: sums over the
    promises that fell due or ended in the window, or are open and overdue for less than
    `overdue_weeks`. Each promise enters and leaves the sums as two changes; only those that still
    get worse are written week by week.
-#}

with running as (
    select week_id as running_week, last_day, as_known_at
    from {{ ref('dim_weeks') }}
    where is_provisional
),

promises as (
    select
        promises.*,
        {{ week_of('falls_due_at') }} as due_week,
        {{ day_of('falls_due_at') }} as due_day,
        {{ week_of('ended_at') }} as ended_week,
        {{ day_of('ended_at') }} as ended_day
    from {{ ref('int_promises_unioned') }} as promises
    where
        not is_left_out
        and known_from_week < known_to_week
        and known_to_week > {{ first_stale_week() }}
        and falls_due_at is not null
        and (settled_score is not null or kind in ('instant', 'date'))
        {% if is_incremental() %}
            -- what left the sums before the first stale week, in time not to be read at all
            and (
                falls_due_at >= cast('1970-01-05' as timestamp)
                + interval '7 days' * ({{ first_stale_week() }} - {{ var('overdue_weeks') }} - {{ var('window_weeks') }})
                or ended_at >= cast('1970-01-05' as timestamp) + interval '7 days' * ({{ first_stale_week() }} - {{ var('window_weeks') }} - 1)
            )
        {% endif %}
),

placed as (
    select
        promises.*,
        running.running_week,
        greatest(
            promises.known_from_week,
            -- due in the running week but not yet: it does not count before it falls due
            case when promises.falls_due_at >= running.as_known_at then running.running_week + 1 else promises.due_week end
        ) as from_week,
        case
            when promises.ended_at is not null then greatest(promises.due_week, promises.ended_week) + {{ var('window_weeks') }}
            else promises.due_week + {{ var('overdue_weeks') }}
        end as leaves_week,
        -- the window of the running week ends with its last day: what just left may still be in it
        case
            when promises.ended_at is not null
                then greatest(promises.due_day, promises.ended_day) > running.last_day - 7 * {{ var('window_weeks') }}
            else promises.falls_due_at >= running.as_known_at - interval '7 days' * {{ var('overdue_weeks') }}
        end as is_in_running_window
    from promises
    cross join running
),

counted as (
    select
        account_key,
        signal,
        cast(priority_weight as decimal(18, 9)) as weight,
        settled_score,
        kind,
        due_on,
        due_time_zone,
        falls_due_at,
        worst_delay,
        ended_at,
        greatest(from_week, {{ first_stale_week() }}) as from_week,
        least(
            known_to_week,
            running_week + 1,
            case when leaves_week = running_week and is_in_running_window then leaves_week + 1 else leaves_week end
        ) as to_week
    from placed
),

spans as (
    select * from counted
    where from_week < to_week
),

-- open ones get worse until the delay has its full weight
worsening as (
    select
        spans.*,
        weeks.week_id,
        case
            when due_on is not null
                then {{ local_day_of("weeks.as_known_at - interval '1 microsecond'", 'due_time_zone') }} - {{ day_of_date('due_on') }}
            else {{ minutes_between('falls_due_at', 'weeks.as_known_at') }}
        end as delay
    from spans
    inner join {{ ref('dim_weeks') }} as weeks
        on weeks.week_id >= spans.from_week and weeks.week_id < spans.to_week
    where
        spans.settled_score is null
        and weeks.week_id <= {{ week_of('spans.falls_due_at') }}
        + cast(ceil(spans.worst_delay / case when spans.due_on is not null then 7.0 else 10080.0 end) as integer) + 1
),

changes as (
    select
        account_key, signal, from_week as week_id,
        weight as d_weight,
        case
            when settled_score is not null then cast(weight * settled_score as decimal(18, 9))
            else cast(-100 * weight as decimal(18, 9))
        end as d_score,
        1 as d_promises,
        case when settled_score is null or settled_score < 0 then 1 else 0 end as d_broken,
        case when ended_at is null then 1 else 0 end as d_overdue
    from spans
    union all
    select
        account_key, signal, to_week as week_id,
        -weight as d_weight,
        case
            when settled_score is not null then cast(-weight * settled_score as decimal(18, 9))
            else cast(100 * weight as decimal(18, 9))
        end as d_score,
        -1 as d_promises,
        case when settled_score is null or settled_score < 0 then -1 else 0 end as d_broken,
        case when ended_at is null then -1 else 0 end as d_overdue
    from spans
    union all
    select
        account_key, signal, week_id,
        cast(0 as decimal(18, 9)) as d_weight,
        cast(100.0 * weight * (1.0 - greatest(0.0, least(1.0, delay / worst_delay))) as decimal(18, 9)) as d_score,
        0 as d_promises,
        0 as d_broken,
        0 as d_overdue
    from worsening
    where delay < worst_delay
    union all
    select
        account_key, signal, week_id + 1 as week_id,
        cast(0 as decimal(18, 9)) as d_weight,
        cast(-100.0 * weight * (1.0 - greatest(0.0, least(1.0, delay / worst_delay))) as decimal(18, 9)) as d_score,
        0 as d_promises,
        0 as d_broken,
        0 as d_overdue
    from worsening
    where delay < worst_delay
),

summed as (
    select
        account_key, signal, week_id,
        sum(d_weight) as d_weight,
        sum(d_score) as d_score,
        sum(d_promises) as d_promises,
        sum(d_broken) as d_broken,
        sum(d_overdue) as d_overdue
    from changes
    group by account_key, signal, week_id
),

standing as (
    select
        account_key, signal,
        week_id as from_week,
        lead(week_id) over in_order as to_week,
        sum(d_weight) over in_order as weight,
        sum(d_score) over in_order as weighted_score,
        sum(d_promises) over in_order as n_promises,
        sum(d_broken) over in_order as n_broken,
        sum(d_overdue) over in_order as n_open_overdue
    from summed
    window in_order as (partition by account_key, signal order by week_id)
)

select
    weeks.week_id,
    standing.account_key,
    standing.signal,
    cast(standing.weighted_score as double) / nullif(cast(standing.weight as double), 0) as promise_score,
    cast(standing.n_promises as integer) as n_promises,
    cast(standing.n_broken as integer) as n_broken,
    cast(standing.n_open_overdue as integer) as n_open_overdue
from standing
inner join {{ ref('dim_weeks') }} as weeks
    on weeks.week_id >= standing.from_week and weeks.week_id < standing.to_week
where standing.n_promises > 0

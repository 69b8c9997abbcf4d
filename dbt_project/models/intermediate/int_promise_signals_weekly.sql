{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_stale_weeks() }}") }}
{%- set old_from = "falls_due_at + interval '1 day' * " ~ (var('old_commitment_days') | int) %}

{#-
    One row per account, signal and week in which a promise of that signal counts: sums over the
    promises that fell due or ended in the window, or are open and overdue for less than
    `overdue_weeks`. Each promise enters and leaves the sums as two changes; only those that still
    get worse are written week by week. Beside them the number of old commitments, which have no score.
    Sums are of doubles: those of decimals and integers take twice the time.
-#}

with running as (
    select week_id as running_week, last_day, as_known_at
    from {{ ref('dim_weeks') }}
    where is_provisional
),

signals as (
    select
        signal,
        {{ signal_number() }} as signal_id
    from {{ ref('signals') }}
),

-- settled ones, by far the most, are read once; what time still changes is small, and read by several below
{% for which, condition in [('settled', 'settled_score is not null'), ('unsettled', 'settled_score is null and is_timed')] %}
    {{ which }}_promises as (
        select
            account_key,
            signal_id,
            cast(priority_weight as double) as weight,
            settled_score,
            is_broken,
            due_on,
            due_time_zone,
            falls_due_at,
            due_calendar_id,
            falls_due_minute,
            worst_delay,
            ended_at,
            known_from_week,
            known_to_week,
            {{ week_of('falls_due_at') }} as due_week,
            {{ day_of('falls_due_at') }} as due_day,
            {{ week_of('ended_at') }} as ended_week,
            {{ day_of('ended_at') }} as ended_day
        from {{ promises_of_stale_weeks() }}
        where
            {{ condition }}
            and not is_left_out
            and known_from_week < known_to_week
            and known_to_week > {{ first_stale_week() }}
            and falls_due_at is not null
    ),

    {{ which }}_placed as (
        select
            promises.*,
            running.running_week,
            running.as_known_at,
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
        from {{ which }}_promises as promises
        cross join running
    ),

    {{ which }}_counted as (
        select
            account_key,
            signal_id,
            weight,
            settled_score,
            is_broken,
            due_on,
            due_time_zone,
            falls_due_at,
            due_calendar_id,
            falls_due_minute,
            worst_delay,
            ended_at,
            greatest(from_week, {{ first_stale_week() }}) as from_week,
            least(
                known_to_week,
                running_week + 1,
                case when leaves_week = running_week and is_in_running_window then leaves_week + 1 else leaves_week end
            ) as to_week
        from {{ which }}_placed
    ),

    {{ which }}_spans as (
        select * from {{ which }}_counted
        where from_week < to_week
    ),
{% endfor %}

calendars as (
    select distinct calendar_id from {{ ref('int_calendar_windows') }}
),

week_ends as (
    select
        weeks.week_id,
        calendars.calendar_id,
        {{ minute_at('ends_in', 'weeks.as_known_at') }} as minute
    from {{ ref('dim_weeks') }} as weeks
    cross join calendars
    {{ join_window_at('ends_in', 'calendars.calendar_id', 'weeks.as_known_at') }}
),

-- open ones get worse until the delay has its full weight
worsening as (
    select
        spans.*,
        weeks.week_id,
        case
            when spans.due_on is not null
                then {{ local_day_of("weeks.as_known_at - interval '1 microsecond'", 'spans.due_time_zone') }} - {{ day_of_date('spans.due_on') }}
            when spans.due_calendar_id is not null then week_ends.minute - spans.falls_due_minute
            else {{ minutes_between('spans.falls_due_at', 'weeks.as_known_at') }}
        end as delay
    from unsettled_spans as spans
    inner join {{ ref('dim_weeks') }} as weeks
        on weeks.week_id >= spans.from_week and weeks.week_id < spans.to_week
    left join week_ends on spans.due_calendar_id = week_ends.calendar_id and weeks.week_id = week_ends.week_id
    where
        spans.due_calendar_id is not null
        or weeks.week_id <= {{ week_of('spans.falls_due_at') }}
        + cast(ceil(spans.worst_delay / case when spans.due_on is not null then 7.0 else 10080.0 end) as integer) + 1
),

-- open and overdue for long: listed from then on for as long as they stay open
old_commitments as (
    select
        account_key,
        signal_id,
        greatest(
            known_from_week,
            {{ first_stale_week() }},
            case
                when {{ old_from }} >= as_known_at then running_week + 1
                else {{ week_of(old_from) }}
            end
        ) as from_week,
        least(known_to_week, running_week + 1) as to_week
    from unsettled_placed
    where ended_at is null
),

spans as (
    select account_key, signal_id, from_week, to_week, weight, settled_score, is_broken, false as is_overdue
    from settled_spans
    union all
    select account_key, signal_id, from_week, to_week, weight, settled_score, is_broken, ended_at is null as is_overdue
    from unsettled_spans
),

-- many come and go in the same weeks
grouped as (
    select
        account_key, signal_id, from_week, to_week,
        sum(weight) as weight,
        sum(weight * coalesce(settled_score, -100.0)) as score,
        sum(cast(1 as double)) as promises,
        sum(cast(case when coalesce(is_broken, true) then 1 else 0 end as double)) as broken,
        sum(cast(case when is_overdue then 1 else 0 end as double)) as overdue
    from spans
    group by account_key, signal_id, from_week, to_week
),

changes as (
    select
        account_key, signal_id, from_week as week_id,
        weight as d_weight,
        score as d_score,
        promises as d_promises,
        broken as d_broken,
        overdue as d_overdue,
        cast(0 as double) as d_old
    from grouped
    union all
    select
        account_key, signal_id, to_week as week_id,
        -weight as d_weight,
        -score as d_score,
        -promises as d_promises,
        -broken as d_broken,
        -overdue as d_overdue,
        cast(0 as double) as d_old
    from grouped
    union all
    select
        account_key, signal_id, week_id,
        cast(0 as double) as d_weight,
        100.0 * weight * (1.0 - greatest(0.0, least(1.0, delay / worst_delay))) as d_score,
        cast(0 as double) as d_promises,
        cast(0 as double) as d_broken,
        cast(0 as double) as d_overdue,
        cast(0 as double) as d_old
    from worsening
    where delay < worst_delay
    union all
    select
        account_key, signal_id, week_id + 1 as week_id,
        cast(0 as double) as d_weight,
        -100.0 * weight * (1.0 - greatest(0.0, least(1.0, delay / worst_delay))) as d_score,
        cast(0 as double) as d_promises,
        cast(0 as double) as d_broken,
        cast(0 as double) as d_overdue,
        cast(0 as double) as d_old
    from worsening
    where delay < worst_delay
    union all
    select
        account_key, signal_id, from_week as week_id,
        cast(0 as double) as d_weight,
        cast(0 as double) as d_score,
        cast(0 as double) as d_promises,
        cast(0 as double) as d_broken,
        cast(0 as double) as d_overdue,
        cast(1 as double) as d_old
    from old_commitments
    where from_week < to_week
    union all
    select
        account_key, signal_id, to_week as week_id,
        cast(0 as double) as d_weight,
        cast(0 as double) as d_score,
        cast(0 as double) as d_promises,
        cast(0 as double) as d_broken,
        cast(0 as double) as d_overdue,
        cast(-1 as double) as d_old
    from old_commitments
    where from_week < to_week
),

summed as (
    select
        account_key, signal_id, week_id,
        sum(d_weight) as d_weight,
        sum(d_score) as d_score,
        sum(d_promises) as d_promises,
        sum(d_broken) as d_broken,
        sum(d_overdue) as d_overdue,
        sum(d_old) as d_old
    from changes
    group by account_key, signal_id, week_id
),

standing as (
    select
        account_key, signal_id,
        week_id as from_week,
        lead(week_id) over in_order as to_week,
        sum(d_weight) over in_order as weight,
        sum(d_score) over in_order as weighted_score,
        sum(d_promises) over in_order as n_promises,
        sum(d_broken) over in_order as n_broken,
        sum(d_overdue) over in_order as n_open_overdue,
        sum(d_old) over in_order as n_old_commitments
    from summed
    window in_order as (partition by account_key, signal_id order by week_id)
)

select
    weeks.week_id,
    standing.account_key,
    signals.signal,
    -- what came in and left again leaves the rounding of its sums behind: all kept is 0
    case
        when standing.n_promises > 0
            then
                case
                    when abs(standing.weighted_score) > 1e-9 * standing.weight
                        then greatest(-100.0, standing.weighted_score / standing.weight)
                    else 0.0
                end
    end as promise_score,
    cast(standing.n_promises as integer) as n_promises,
    cast(standing.n_broken as integer) as n_broken,
    cast(standing.n_open_overdue as integer) as n_open_overdue,
    cast(standing.n_old_commitments as integer) as n_old_commitments
from standing
inner join signals on standing.signal_id = signals.signal_id
inner join {{ ref('dim_weeks') }} as weeks
    on weeks.week_id >= standing.from_week and weeks.week_id < standing.to_week
where standing.n_promises > 0 or standing.n_old_commitments > 0

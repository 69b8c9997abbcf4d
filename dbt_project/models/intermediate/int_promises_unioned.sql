{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('subject_key in (' ~ changed_tickets() ~ ' union all ' ~ changed_deliveries() ~ ')') }}"
) }}

{#-
    The promise ledger: one row per promise and span of time in which this was known of it, with
    when it falls due, how it ended and, where time no longer changes it, its score. What it shares
    with its ticket or delivery stays there (int_promise_subjects), and what follows from another column is
    null here: a row half as wide is written in half the time.
-#}

with promises as (
    select * from {{ ref('int_ticket_promises') }}
    union all
    select * from {{ ref('int_delivery_promises') }}
),

signals as (
    select
        *,
        {{ signal_number() }} as signal_id
    from {{ ref('signals') }}
),

judged as (
    select
        promises.*,
        signals.signal_id,
        signals.span,
        signals.span_days,
        signals.early_credit,
        signals.allowed_count,
        -- cancelled by us, a promise is broken at once; a due time after that no longer comes
        case
            when
                promises.kind <> 'count'
                and promises.cancelled_at is not null
                and promises.cancelled_by = 'us'
                and promises.kept_at is null
                then least(coalesce(promises.due_at, promises.cancelled_at), promises.cancelled_at)
            else promises.due_at
        end as falls_due_at
    from promises
    inner join signals on promises.signal = signals.signal
),

outcomes as (
    select
        *,
        cancelled_at is not null and kept_at is null and coalesce(cancelled_by, 'client') = 'client' as is_cancelled_by_client,
        cancelled_at is not null and kept_at is null and cancelled_by = 'us' as is_cancelled_by_us,
        kind = 'count' and coalesce(actual_count, 0) > allowed_count as is_exceeded,
        case when kind = 'count' then subject_ended_at else coalesce(kept_at, cancelled_at) end as ended_at,
        case when kind = 'instant' then calendar_id end as clock_id,
        known_from <> subject_from
        or coalesce(known_to <> subject_to, (known_to is null) <> (subject_to is null)) as has_own_span
    from judged
),

-- the minutes of the business calendar, where one is declared, of what is promised at an instant
clocked as (
    {% if has_calendars() %}
        select
            outcomes.*,
            {{ minute_at('made_in', 'outcomes.made_at') }} as made_minute,
            {{ minute_at('due_in', 'outcomes.falls_due_at') }} as falls_due_minute,
            {{ minute_at('until_in', 'coalesce(outcomes.ended_at, outcomes.known_to)') }} as until_minute
        from outcomes
        {{ join_window_at('made_in', 'outcomes.clock_id', 'outcomes.made_at') }}
        {{ join_window_at('due_in', 'outcomes.clock_id', 'outcomes.falls_due_at') }}
        {{ join_window_at('until_in', 'outcomes.clock_id', 'coalesce(outcomes.ended_at, outcomes.known_to)') }}
    {% else %}
        select
            *,
            cast(null as double) as made_minute,
            cast(null as double) as falls_due_minute,
            cast(null as double) as until_minute
        from outcomes
    {% endif %}
),

lengths as (
    select
        *,
        -- the length of the promise, in which a delay is measured: minutes, or whole days where only a day was promised
        case
            when due_on is not null then {{ day_of_date('due_on') }} - {{ local_day_of('made_at', 'time_zone') }}
            when clock_id is not null then falls_due_minute - made_minute
            else {{ minutes_between('made_at', 'falls_due_at') }}
        end as promised_length,
        -- due before the calendar has opened again, it has no length: days are counted then
        coalesce(falls_due_minute > made_minute, false) as is_in_business_time
    from clocked
),

measured as (
    select
        *,
        case
            when promised_length > 0 then promised_length * span
            when due_on is not null then span_days
            else span_days * 1440
        end as worst_delay,
        case
            when ended_at is null or kind not in ('instant', 'date') then null
            when due_on is not null then {{ local_day_of('ended_at', 'time_zone') }} - {{ day_of_date('due_on') }}
            when is_in_business_time then until_minute - falls_due_minute
            else {{ minutes_between('falls_due_at', 'ended_at') }}
        end as delay,
        case
            when kind = 'count' then (is_cancelled_by_client or is_cancelled_by_us) and not is_exceeded
            else coalesce(is_cancelled_by_client and (falls_due_at is null or cancelled_at <= falls_due_at), false)
        end as is_left_out
    from lengths
),

settled as (
    select
        *,
        case
            when is_left_out then null
            when kind = 'count'
                then
                    case
                        when is_exceeded then -100.0 * least(1.0, (actual_count - allowed_count) / span)
                        when ended_at is not null then 0.0
                    end
            when is_cancelled_by_us then -100.0
            when ended_at is null then null
            when verdict then 0.0
            -- told to be broken, and not by how much
            when not verdict and (kind = 'verdict' or ended_at <= falls_due_at)
                then coalesce(verdict_score, {{ var('unknown_slip_score') }})
            when kind = 'verdict' then null
            when ended_at <= falls_due_at
                then
                    early_credit * least(
                        1.0,
                        case when due_on is not null then 0 - delay else {{ minutes_between('ended_at', 'falls_due_at') }} / 1440.0 end
                        / {{ var('early_credit_days') }}
                    )
            else 0.0 - 100.0 * least(1.0, delay / worst_delay)
        end as settled_score,
        -- a delay that passes while the calendar is closed breaks a promise and has no length
        case
            when is_left_out then null
            when kind = 'count' then case when is_exceeded then true when ended_at is not null then false end
            when is_cancelled_by_us then true
            when ended_at is null then null
            when verdict is not null then not verdict
            when kind <> 'verdict' then ended_at > falls_due_at
        end as is_broken
    from measured
)

select
    subject_key,
    subject_from,
    {{ integer_key(['account_id']) }} as account_key,
    signal_id,
    promise_seq,
    kind in ('instant', 'date') as is_timed,
    kind = 'count' as is_counted,
    -- null: when its ticket was opened or its delivery ordered
    nullif(made_at, subject_began_at) as made_at,
    -- null: when it falls due
    nullif(due_at, falls_due_at) as due_at,
    due_on,
    case when due_on is not null then time_zone end as due_time_zone,
    actual_count,
    paused_minutes,
    -- what ended it is that it was done
    kept_at is not null and (kind in ('instant', 'date') or not is_broken) as is_done,
    ended_at,
    due_origin = 'default' as is_due_by_default,
    priority_weight,
    falls_due_at,
    worst_delay,
    settled_score,
    is_broken,
    is_left_out,
    -- where business time counts: its calendar, the minute it falls due and the delay so far
    case when is_in_business_time then clock_id end as due_calendar_id,
    case when is_in_business_time then falls_due_minute end as falls_due_minute,
    case when is_in_business_time then until_minute - falls_due_minute end as business_delay,
    -- null: as long as its ticket or delivery was known like this
    case when has_own_span then known_from end as known_from,
    case when has_own_span then known_to end as known_to,
    {{ week_of('known_from') }} as known_from_week,
    coalesce({{ week_of('known_to') }}, {{ never() }}) as known_to_week
from settled

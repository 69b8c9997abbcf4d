{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('subject_key in (' ~ changed_tickets() ~ ' union all ' ~ changed_deliveries() ~ ')') }}"
) }}

{#-
    The promise ledger: one row per promise and span of time in which this was known of it, with
    when it falls due, how it ended and, where time no longer changes it, its score. What it shares
    with its ticket or delivery stays there (int_promise_subjects): a row half as wide is written in half the time.
-#}

with promises as (
    select * from {{ ref('int_ticket_promises') }}
    union all
    select * from {{ ref('int_delivery_promises') }}
),

signals as (
    select * from {{ ref('signals') }}
),

judged as (
    select
        promises.*,
        signals.service_dimension,
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
        -- the length of the promise, in which a delay is measured: minutes, or whole days where only a day was promised
        case
            when due_on is not null then {{ day_of_date('due_on') }} - {{ local_day_of('made_at', 'time_zone') }}
            else {{ minutes_between('made_at', 'falls_due_at') }}
        end as promised_length
    from judged
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
            else {{ minutes_between('falls_due_at', 'ended_at') }}
        end as delay,
        case
            when kind = 'count' then (is_cancelled_by_client or is_cancelled_by_us) and not is_exceeded
            else coalesce(is_cancelled_by_client and (falls_due_at is null or cancelled_at <= falls_due_at), false)
        end as is_left_out
    from outcomes
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
            when verdict is not null
                then case when verdict then 0.0 else coalesce(verdict_score, {{ var('unknown_slip_score') }}) end
            when kind = 'verdict' then null
            when ended_at <= falls_due_at
                then early_credit * least(1.0, {{ minutes_between('ended_at', 'falls_due_at') }} / (1440.0 * {{ var('early_credit_days') }}))
            else -100.0 * least(1.0, delay / worst_delay)
        end as settled_score
    from measured
)

select
    subject_key,
    subject_from,
    {{ integer_key(['account_id']) }} as account_key,
    signal,
    promise_seq,
    kind,
    made_at,
    due_at,
    due_on,
    case when due_on is not null then time_zone end as due_time_zone,
    actual_count,
    case when kind in ('instant', 'date') or settled_score >= 0 then kept_at end as kept_at,
    ended_at,
    due_origin,
    priority_weight,
    falls_due_at,
    worst_delay,
    settled_score,
    is_left_out,
    known_from,
    known_to,
    {{ week_of('known_from') }} as known_from_week,
    coalesce({{ week_of('known_to') }}, {{ never() }}) as known_to_week
from settled

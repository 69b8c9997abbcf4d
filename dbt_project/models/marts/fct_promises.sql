{{ config(materialized='view') }}

with ledger as (
    select * from {{ ref('int_promises_unioned') }}
),

subjects as (
    select * from {{ ref('int_promise_subjects') }}
),

signals as (
    select
        *,
        {{ signal_number() }} as signal_id
    from {{ ref('dim_signals') }}
),

-- what the ledger leaves out is that of the ticket or delivery, or of another column
promises as (
    select
        {{ columns_without('ledger', ['made_at', 'due_at', 'known_from', 'known_to']) }},
        {{ columns_without('subjects', ['subject_key', 'subject_from', 'subject_to']) }},
        coalesce(ledger.made_at, subjects.subject_began_at) as made_at,
        coalesce(ledger.due_at, ledger.falls_due_at) as due_at,
        coalesce(ledger.known_from, subjects.subject_from) as known_from,
        case when ledger.known_from is null then subjects.subject_to else ledger.known_to end as known_to,
        case
            when ledger.due_on is not null then 'date'
            when ledger.is_timed then 'instant'
            when ledger.is_counted then 'count'
            else 'verdict'
        end as kind
    from ledger
    inner join subjects on ledger.subject_key = subjects.subject_key and ledger.subject_from = subjects.subject_from
),

calendars as (
    select
        calendar_id,
        max({{ as_of() }}) as now_at
    from {{ ref('int_calendar_windows') }}
    group by calendar_id
),

now_minutes as (
    select
        calendars.calendar_id,
        {{ minute_at('now_in', 'calendars.now_at') }} as now_minute
    from calendars
    {{ join_window_at('now_in', 'calendars.calendar_id', 'calendars.now_at') }}
),

-- as of now for what is known now; as of its end for what was known once
timed as (
    select
        promises.*,
        now_minutes.now_minute,
        least(coalesce(promises.known_to, {{ as_of() }}), {{ as_of() }}) as judged_at
    from promises
    left join now_minutes on promises.due_calendar_id = now_minutes.calendar_id
),

delayed as (
    select
        *,
        {{ has_fallen_due('judged_at') }} as has_fallen_due,
        case
            when not is_timed or falls_due_at is null then null
            when due_on is not null
                then {{ local_day_of("coalesce(ended_at, judged_at - interval '1 microsecond')", 'due_time_zone') }} - {{ day_of_date('due_on') }}
            when due_calendar_id is not null then coalesce(business_delay, now_minute - falls_due_minute)
            else {{ minutes_between('falls_due_at', 'coalesce(ended_at, judged_at)') }}
        end as delay
    from timed
),

scored as (
    select
        *,
        case
            when not has_fallen_due or falls_due_at is null then null
            when settled_score is not null then settled_score
            when is_timed then 0.0 - 100.0 * greatest(0.0, least(1.0, delay / worst_delay))
        end as score,
        {{ has_broken() }} as has_broken
    from delayed
)

select
    signals.signal || ':' || scored.source || ':' || scored.subject_id || ':' || cast(scored.promise_seq as varchar) as promise_id,
    scored.source,
    scored.account_id,
    scored.contact_id,
    signals.signal,
    signals.service_dimension,
    cast(scored.promise_seq as integer) as promise_seq,
    scored.kind,
    scored.subject_id,
    scored.subject_kind,
    scored.made_at,
    scored.due_at,
    scored.due_on,
    scored.falls_due_at,
    scored.time_zone,
    scored.calendar_id,
    scored.paused_minutes,
    signals.allowed_count,
    scored.actual_count,
    case when scored.is_done then scored.ended_at end as kept_at,
    scored.ended_at,
    scored.cancelled_at,
    scored.cancelled_by,
    case
        when not (scored.is_timed or scored.is_counted) then 'verdict'
        when scored.is_due_by_default then 'default'
        else 'source'
    end as due_origin,
    scored.is_hindsight,
    scored.priority,
    signals.weight > 0 as is_scored,
    scored.known_from,
    scored.known_to,
    scored.known_to is null as is_newest,
    {{ promise_state('scored') }} as state,
    case
        when scored.score is null or not (scored.is_timed or scored.is_counted) then null
        when scored.is_counted then cast(greatest(0, scored.actual_count - signals.allowed_count) as double)
        when not scored.has_broken then 0.0
        -- broken by a verdict or by cancelling it, and not by a delay
        when scored.score < 0 and scored.delay <= 0 then null
        else scored.delay / scored.worst_delay * signals.span
    end as slip,
    scored.score as promise_score,
    case
        when scored.has_broken and scored.ended_at is null and scored.is_timed
            then cast(floor({{ minutes_between('scored.falls_due_at', 'scored.judged_at') }} / 1440.0) as integer)
    end as overdue_days,
    case
        when scored.has_broken and scored.ended_at > scored.falls_due_at
            then cast(floor({{ minutes_between('scored.falls_due_at', 'scored.ended_at') }} / 1440.0) as integer)
    end as days_late,
    coalesce(
        signals.weight > 0
        and scored.has_broken
        and scored.ended_at is null
        and scored.settled_score is null
        and scored.falls_due_at + interval '1 day' * {{ var('old_commitment_days') | int }} < scored.judged_at,
        false
    ) as is_old_commitment,
    -- announced after this promise was made: the last of several dates has no notice
    case
        when scored.is_timed and scored.moved_at > scored.made_at
            then {{ minutes_between('scored.moved_at', 'scored.due_at') }} / 1440.0
    end as notice_days
from scored
inner join signals on scored.signal_id = signals.signal_id

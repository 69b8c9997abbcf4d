{{ config(materialized='view') }}

with promises as (
    select * from {{ ref('int_promises_unioned') }}
),

subjects as (
    select * from {{ ref('int_promise_subjects') }}
),

signals as (
    select * from {{ ref('dim_signals') }}
),

-- as of now for what is known now; as of its end for what was known once
timed as (
    select
        *,
        least(coalesce(known_to, {{ as_of() }}), {{ as_of() }}) as judged_at
    from promises
),

delayed as (
    select
        *,
        not is_left_out and falls_due_at < judged_at as has_fallen_due,
        case
            when ended_at is not null or kind not in ('instant', 'date') or falls_due_at is null then null
            when due_on is not null then {{ local_day_of("judged_at - interval '1 microsecond'", 'due_time_zone') }} - {{ day_of_date('due_on') }}
            else {{ minutes_between('falls_due_at', 'judged_at') }}
        end as open_delay
    from timed
),

scored as (
    select
        *,
        case
            when not has_fallen_due or falls_due_at is null then null
            when settled_score is not null then settled_score
            when kind in ('instant', 'date') then -100.0 * greatest(0.0, least(1.0, open_delay / worst_delay))
        end as score
    from delayed
)

select
    scored.signal || ':' || subjects.source || ':' || subjects.subject_id || ':' || cast(scored.promise_seq as varchar) as promise_id,
    subjects.source,
    subjects.account_id,
    subjects.contact_id,
    scored.signal,
    signals.service_dimension,
    cast(scored.promise_seq as integer) as promise_seq,
    scored.kind,
    subjects.subject_id,
    subjects.subject_kind,
    scored.made_at,
    scored.due_at,
    scored.due_on,
    scored.falls_due_at,
    subjects.time_zone,
    subjects.calendar_id,
    subjects.paused_minutes,
    signals.allowed_count,
    scored.actual_count,
    scored.kept_at,
    scored.ended_at,
    subjects.cancelled_at,
    subjects.cancelled_by,
    scored.due_origin,
    subjects.is_hindsight,
    subjects.priority,
    signals.weight > 0 as is_scored,
    scored.known_from,
    scored.known_to,
    scored.known_to is null as is_newest,
    case
        when scored.is_left_out then 'cancelled'
        when scored.score < 0 then 'broken'
        when scored.score >= 0 then 'kept'
        when scored.settled_score >= 0 and scored.ended_at is not null then 'kept'
        else 'open'
    end as state,
    abs(scored.score) / 100.0 as slip,
    scored.score as promise_score,
    case
        when scored.score < 0 and scored.ended_at is null and scored.kind in ('instant', 'date')
            then cast(floor({{ minutes_between('scored.falls_due_at', 'scored.judged_at') }} / 1440.0) as integer)
    end as overdue_days,
    case
        when scored.score < 0 and scored.ended_at > scored.falls_due_at
            then cast(floor({{ minutes_between('scored.falls_due_at', 'scored.ended_at') }} / 1440.0) as integer)
    end as days_late
from scored
inner join subjects on scored.subject_key = subjects.subject_key and scored.subject_from = subjects.subject_from
inner join signals on scored.signal = signals.signal

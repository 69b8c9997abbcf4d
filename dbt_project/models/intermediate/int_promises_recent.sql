{{ config(materialized='table') }}

{#-
    The promises that an incremental build reads, a small part of the ledger: those that are not settled, and those
    that fell due or ended so late that the stale weeks still count them. It is read once for all who need it. A whole
    build reads the ledger itself, and leaves this empty.
-#}

select
    subject_key,
    subject_from,
    account_key,
    signal_id,
    promise_seq,
    is_timed,
    is_left_out,
    priority_weight,
    falls_due_at,
    due_on,
    due_time_zone,
    due_calendar_id,
    falls_due_minute,
    worst_delay,
    ended_at,
    settled_score,
    is_broken,
    known_from_week,
    known_to_week
from {{ ref('int_promises_unioned') }}
where
    {% if built_load_seq() | int >= 0 %}
        known_to_week > {{ stale_from_week() }}
        and not is_left_out
        and falls_due_at is not null
        and (
            ended_at is null
            or settled_score is null
            or falls_due_at >= cast('1970-01-05' as timestamp) + interval '7 days' * ({{ stale_from_week() }} - {{ var('window_weeks') }} - 1)
            or ended_at >= cast('1970-01-05' as timestamp) + interval '7 days' * ({{ stale_from_week() }} - {{ var('window_weeks') }} - 1)
        )
    {% else %}
        false
    {% endif %}

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('(_source, ticket_id, metric, cycle_seq) in (select _source, ticket_id, metric, cycle_seq from ' ~ source('raw', 'ticket_slas') ~ ' where _batch_id in (' ~ changed_batches() ~ '))') }}"
) }}

with versions as (
    {{ versions_of('ticket_slas', ['ticket_id', 'metric', 'cycle_seq'], only_changed=true) }}
)

select
    -- keys
    _source,
    ticket_id,
    metric,
    cycle_seq,
    -- attributes
    is_met,
    paused_minutes,
    -- instants
    started_at,
    due_at,
    {{ known_outcome('stopped_at') }},

    -- versions
    version_is_deleted as is_deleted,
    is_hindsight,
    known_from,
    known_to,
    is_newest
from versions

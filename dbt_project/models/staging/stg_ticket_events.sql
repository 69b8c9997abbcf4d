{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('(_source, event_id) in (select _source, event_id from ' ~ source('raw', 'ticket_events') ~ ' where _batch_id in (' ~ changed_batches() ~ '))') }}"
) }}

with versions as (
    {{ versions_of('ticket_events', ['event_id'], only_changed=true) }}
)

select
    -- keys
    _source,
    event_id,
    ticket_id,
    -- attributes
    event,
    actor_group,
    -- instants
    occurred_at,

    -- versions
    version_is_deleted as is_deleted,
    is_hindsight,
    known_from,
    known_to,
    is_newest
from versions

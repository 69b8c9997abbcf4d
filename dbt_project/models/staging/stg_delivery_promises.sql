{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('(_source, delivery_id, promise_seq) in (select _source, delivery_id, promise_seq from ' ~ source('raw', 'delivery_promises') ~ ' where _batch_id in (' ~ changed_batches() ~ '))') }}"
) }}

with versions as (
    {{ versions_of('delivery_promises', ['delivery_id', 'promise_seq'], only_changed=true) }}
)

select
    -- keys
    _source,
    delivery_id,
    promise_seq,
    -- attributes
    requested_by,
    promised_by_role,
    reason,
    -- instants
    promised_at,
    due_on,
    due_at,

    -- versions
    version_is_deleted as is_deleted,
    is_hindsight,
    known_from,
    known_to,
    is_newest
from versions

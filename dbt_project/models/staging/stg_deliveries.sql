{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('(_source, delivery_id) in (select _source, delivery_id from ' ~ source('raw', 'deliveries') ~ ' where _batch_id in (' ~ changed_batches() ~ '))') }}"
) }}

with versions as (
    {{ versions_of('deliveries', ['delivery_id'], instants=['ordered_at', 'delivered_at', 'accepted_at', 'cancelled_at'], only_changed=true) }}
)

select
    -- keys
    _source,
    delivery_id,
    account_id,
    contact_id,
    -- attributes
    project,
    kind,
    acceptance_result,
    rework_count,
    cancelled_by,
    -- plans
    ordered_at,
    -- outcomes
    {{ known_outcome('delivered_at') }},
    {{ known_outcome('accepted_at') }},
    {{ known_outcome('cancelled_at') }},

    -- versions
    version_is_deleted as is_deleted,
    is_hindsight,
    known_from,
    known_to,
    is_newest
from versions

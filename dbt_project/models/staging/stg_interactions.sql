{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('(_source, interaction_id) in (select _source, interaction_id from ' ~ source('raw', 'interactions') ~ ' where _batch_id in (' ~ changed_batches() ~ '))') }}"
) }}

with versions as (
    {{ versions_of('interactions', ['interaction_id'], only_changed=true) }}
)

select
    -- keys
    _source,
    interaction_id,
    account_id,
    contact_id,
    -- attributes
    kind,
    by_role,
    -- instants
    occurred_at,

    -- versions
    version_is_deleted as is_deleted,
    is_hindsight,
    known_from,
    known_to,
    is_newest
from versions

{{ config(materialized='table') }}

with versions as (
    {{ versions_of('identities', ['source', 'kind', 'external_id']) }}
)

select
    -- keys
    _source,
    source as identity_source,
    kind,
    external_id,
    internal_id,

    -- versions
    version_is_deleted as is_deleted,
    is_hindsight,
    known_from,
    known_to,
    is_newest
from versions

{{ config(materialized='table') }}

with identities as (
    select * from {{ ref('stg_identities') }}
),

placed as (
    select
        *,
        row_number() over (partition by identity_source, kind, external_id order by known_from, _source) as version_seq
    from identities
)

select
    identity_source,
    kind,
    external_id,
    case when not is_deleted then internal_id end as internal_id,
    -- before its oldest version an identity stands for all time
    case when version_seq > 1 then known_from else cast('1900-01-01' as timestamp) end as known_from,
    lead(known_from) over (partition by identity_source, kind, external_id order by version_seq) as known_to
from placed

{{ config(materialized='view', alias='contacts') }}

with contacts as (
    select
        stg_contacts.*,
        coalesce(identities.internal_id, stg_contacts.contact_id) as identified_id
    from {{ ref('stg_contacts') }} as stg_contacts
    left join {{ ref('int_identities_versioned') }} as identities
        on
            identities.kind = 'contact' and identities.known_to is null
            and stg_contacts._source = identities.identity_source and stg_contacts.contact_id = identities.external_id
),

ranked as (
    select *, row_number() over (partition by identified_id order by known_from desc, _source desc) as version_rank
    from contacts
    where not is_deleted
)

select identified_id as contact_id, display_name, email
from ranked
where version_rank = 1

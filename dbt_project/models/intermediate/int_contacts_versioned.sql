{{ config(materialized='table') }}

with contacts as (
    select * from {{ ref('stg_contacts') }}
),

first_facts as (
    select id as contact_id, first_known_at
    from {{ ref('int_facts_first_known') }}
    where kind = 'contact'
),

identified as (
    select
        contacts.*,
        coalesce(contact_identity.internal_id, contacts.contact_id) as identified_id,
        coalesce(account_identity.internal_id, contacts.account_id) as identified_account_id
    from contacts
    left join {{ ref('int_identities_versioned') }} as contact_identity
        on
            contact_identity.kind = 'contact' and contact_identity.known_to is null
            and contacts._source = contact_identity.identity_source and contacts.contact_id = contact_identity.external_id
    left join {{ ref('int_identities_versioned') }} as account_identity
        on
            account_identity.kind = 'account' and account_identity.known_to is null
            and contacts._source = account_identity.identity_source and contacts.account_id = account_identity.external_id
),

ordered as (
    select
        *,
        row_number() over (partition by identified_id order by known_from, _source) as version_seq
    from identified
),

placed as (
    select
        ordered.*,
        case
            when ordered.version_seq > 1 then ordered.known_from
            else least(
                ordered.known_from,
                coalesce(cast(ordered.valid_from as timestamp), first_facts.first_known_at, ordered.known_from)
            )
        end as stands_from
    from ordered
    left join first_facts on ordered.identified_id = first_facts.contact_id
)

select
    identified_id as contact_id,
    identified_account_id as account_id,
    job_title,
    department,
    relationship,
    is_decision_maker,
    valid_from,
    valid_to,
    is_deleted,
    stands_from as known_from,
    lead(stands_from) over (partition by identified_id order by version_seq) as known_to,
    lead(stands_from) over (partition by identified_id order by version_seq) is null as is_newest
from placed

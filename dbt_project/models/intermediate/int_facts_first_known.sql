{{ config(materialized='table') }}

{#- The oldest fact that names an account or a contact: how far back each stands. -#}

with named as (
    {% for facts in ['stg_survey_answers', 'stg_survey_invitations', 'stg_tickets', 'stg_deliveries', 'stg_interactions'] %}
        select _source, account_id, contact_id, min(known_from) as first_known_at
        from {{ ref(facts) }}
        group by _source, account_id, contact_id
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

identities as (
    select *
    from {{ ref('int_identities_versioned') }}
    where internal_id is not null
),

named_accounts as (
    select
        'account' as kind,
        coalesce(identities.internal_id, named.account_id) as id,
        named.first_known_at
    from named
    left join identities
        on identities.kind = 'account' and named._source = identities.identity_source and named.account_id = identities.external_id
),

named_contacts as (
    select
        'contact' as kind,
        coalesce(identities.internal_id, named.contact_id) as id,
        named.first_known_at
    from named
    left join identities
        on identities.kind = 'contact' and named._source = identities.identity_source and named.contact_id = identities.external_id
    where named.contact_id is not null
),

together as (
    select * from named_accounts
    union all
    select * from named_contacts
)

select kind, id, min(first_known_at) as first_known_at
from together
group by kind, id

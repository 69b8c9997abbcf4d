{{ config(materialized='table') }}

{#- One row per invitation and span of weeks, after identities; as sent, and whether it came back. -#}

with invitations as (
    select * from {{ ref('stg_survey_invitations') }}
    where not is_deleted
)

select
    invitations._source as source,
    invitations.invitation_id,
    invitations.survey_id,
    {{ identified_account('invitations') }} as account_id,
    {{ identified_contact('invitations') }} as contact_id,
    invitations.sent_at,
    {{ day_of('invitations.sent_at') }} as sent_day,
    invitations.bounced_at,
    {{ week_of(identified_from('invitations')) }} as known_from_week,
    coalesce({{ week_of(identified_to('invitations')) }}, {{ never() }}) as known_to_week
from invitations
{{ join_identities('invitations') }}

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('(_source, invitation_id) in (select _source, invitation_id from ' ~ source('raw', 'survey_invitations') ~ ' where _batch_id in (' ~ changed_batches() ~ '))') }}"
) }}

with versions as (
    {{ versions_of('survey_invitations', ['invitation_id'], only_changed=true) }}
)

select
    -- keys
    _source,
    invitation_id,
    survey_id,
    account_id,
    contact_id,
    -- attributes
    channel,
    -- instants
    sent_at,
    {{ known_outcome('bounced_at') }},

    -- versions
    version_is_deleted as is_deleted,
    is_hindsight,
    known_from,
    known_to,
    is_newest
from versions

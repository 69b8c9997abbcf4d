{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('(_source, ticket_id) in (select _source, ticket_id from ' ~ source('raw', 'tickets') ~ ' where _batch_id in (' ~ changed_batches() ~ '))') }}"
) }}

with versions as (
    {{ versions_of('tickets', ['ticket_id'], instants=['opened_at', 'first_response_at', 'resolved_at', 'closed_at', 'escalated_at', 'expert_assigned_at'], only_changed=true) }}
)

select
    -- keys
    _source,
    ticket_id,
    account_id,
    contact_id,
    -- attributes
    status,
    priority,
    category,
    subject,
    is_sla_met,
    -- quantities
    reopen_count,
    reassignment_count,
    csat_score,
    csat_scale_min,
    csat_scale_max,
    -- plans
    opened_at,
    first_response_due_at,
    resolution_due_at,
    csat_offered_at,
    -- outcomes
    {{ known_outcome('first_response_at') }},
    {{ known_outcome('resolved_at') }},
    {{ known_outcome('closed_at') }},
    {{ known_outcome('escalated_at') }},
    {{ known_outcome('expert_assigned_at') }},

    -- versions
    version_is_deleted as is_deleted,
    is_hindsight,
    known_from,
    known_to,
    is_newest
from versions

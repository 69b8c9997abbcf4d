{{ config(materialized='view') }}

{#- One row per promise made by a ticket and span of time in which this was known of it. -#}

with targeted as (
    select * from {{ ref('int_tickets_targeted') }}
),

cycles as (
    select distinct
        {{ integer_key(['_source', 'ticket_id']) }} as ticket_key,
        metric
    from {{ ref('stg_ticket_slas') }}
),

first_responses as (
    select
        targeted.*,
        'first_response' as signal,
        'instant' as kind,
        opened_at as made_at,
        coalesce(first_response_due_at, default_first_response_due_at) as due_at,
        case when first_response_due_at is not null then 'source' else 'default' end as due_origin,
        first_response_at as kept_at,
        cast(0 as double) as paused_minutes,
        cast(null as integer) as actual_count,
        cast(null as boolean) as verdict
    from targeted
    where
        coalesce(records_first_response, true)
        and {{ integer_key(['_source', 'ticket_id']) }} not in (
            select ticket_key
            from cycles
            where metric = 'first_response'
        )
),

resolutions as (
    select
        targeted.*,
        'resolution' as signal,
        case when resolution_due_at is null and is_sla_met is not null then 'verdict' else 'instant' end as kind,
        opened_at as made_at,
        case
            when resolution_due_at is not null then resolution_due_at
            when is_sla_met is not null then ticket_ended_at
            else default_resolution_due_at
        end as due_at,
        case
            when resolution_due_at is not null then 'source'
            when is_sla_met is not null then 'verdict'
            else 'default'
        end as due_origin,
        case when resolution_due_at is null and is_sla_met is not null then ticket_ended_at else resolution_kept_at end as kept_at,
        default_paused_minutes as paused_minutes,
        cast(null as integer) as actual_count,
        case when resolution_due_at is null then is_sla_met end as verdict
    from targeted
    where {{ integer_key(['_source', 'ticket_id']) }} not in (
        select ticket_key
        from cycles
        where metric = 'resolution'
    )
),

reopenings as (
    select
        targeted.*,
        'reopened' as signal,
        'count' as kind,
        opened_at as made_at,
        least(reopened_beyond_at, ticket_ended_at) as due_at,
        'default' as due_origin,
        ticket_ended_at as kept_at,
        cast(0 as double) as paused_minutes,
        cast(reopenings as integer) as actual_count,
        cast(null as boolean) as verdict
    from targeted
),

hand_overs as (
    select
        targeted.*,
        'reassigned' as signal,
        'count' as kind,
        opened_at as made_at,
        least(reassigned_beyond_at, ticket_ended_at) as due_at,
        'default' as due_origin,
        ticket_ended_at as kept_at,
        cast(0 as double) as paused_minutes,
        cast(reassignments as integer) as actual_count,
        cast(null as boolean) as verdict
    from targeted
),

escalations as (
    select
        targeted.*,
        'escalation' as signal,
        'instant' as kind,
        escalated_at as made_at,
        default_expert_due_at as due_at,
        'default' as due_origin,
        expert_assigned_at as kept_at,
        cast(0 as double) as paused_minutes,
        cast(null as integer) as actual_count,
        cast(null as boolean) as verdict
    from targeted
    where escalated_at is not null
),

unioned as (
    select * from first_responses
    union all
    select * from resolutions
    union all
    select * from reopenings
    union all
    select * from hand_overs
    union all
    select * from escalations
),

cycle_promises as (
    select
        targeted.*,
        case when slas.metric = 'first_response' then 'first_response' else 'resolution' end as signal,
        case when slas.due_at is null then 'verdict' else 'instant' end as kind,
        slas.started_at as made_at,
        coalesce(slas.due_at, slas.stopped_at) as due_at,
        case when slas.due_at is null then 'verdict' else 'source' end as due_origin,
        slas.stopped_at as kept_at,
        coalesce(slas.paused_minutes, 0) as paused_minutes,
        cast(null as integer) as actual_count,
        slas.is_met as verdict,
        slas.cycle_seq,
        greatest(targeted.known_from, slas.known_from) as span_from,
        least(targeted.known_to, slas.known_to) as span_to
    from targeted
    inner join {{ ref('stg_ticket_slas') }} as slas
        on
            targeted._source = slas._source
            and targeted.ticket_id = slas.ticket_id
            and (targeted.known_to is null or slas.known_from < targeted.known_to)
            and (slas.known_to is null or targeted.known_from < slas.known_to)
    where not slas.is_deleted
),

together as (
    select *, cast(0 as integer) as cycle_seq, known_from as span_from, known_to as span_to from unioned
    union all
    select * from cycle_promises
)

select
    ticket_key as subject_key,
    'ticket' as subject_kind,
    ticket_id as subject_id,
    _source as source,
    account_id,
    contact_id,
    signal,
    cycle_seq as promise_seq,
    kind,
    made_at,
    opened_at as subject_began_at,
    due_at,
    cast(null as date) as due_on,
    time_zone,
    calendar_id,
    paused_minutes,
    actual_count,
    verdict,
    cast(null as double) as verdict_score,
    kept_at,
    coalesce(ticket_ended_at, merged_at) as subject_ended_at,
    merged_at as cancelled_at,
    cast(null as varchar) as cancelled_by,
    due_origin,
    is_hindsight,
    coalesce(priority, opening_priority) as priority,
    priority_weight,
    known_from as subject_from,
    known_to as subject_to,
    span_from as known_from,
    span_to as known_to
from together

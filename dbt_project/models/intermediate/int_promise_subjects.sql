{{ config(materialized='view') }}

{#- One row per ticket or delivery and span of time: what its promises in the ledger share. -#}

with sources as (
    select
        system,
        max(time_zone) as time_zone,
        max(calendar_id) as calendar_id
    from {{ source('raw', '_sources') }}
    where contract = 'tickets'
    group by system
)

select
    tickets.ticket_key as subject_key,
    tickets.known_from as subject_from,
    tickets.known_to as subject_to,
    tickets.opened_at as subject_began_at,
    'ticket' as subject_kind,
    tickets.ticket_id as subject_id,
    tickets._source as source,
    tickets.account_id,
    tickets.contact_id,
    sources.time_zone,
    sources.calendar_id,
    cast(null as timestamp) as moved_at,
    tickets.merged_at as cancelled_at,
    cast(null as varchar) as cancelled_by,
    tickets.is_hindsight,
    coalesce(tickets.priority, tickets.opening_priority) as priority
from {{ ref('int_tickets_stated') }} as tickets
left join sources on tickets._source = sources.system
where not tickets.is_withdrawn
union all
select
    delivery_key as subject_key,
    known_from as subject_from,
    known_to as subject_to,
    ordered_at as subject_began_at,
    'delivery' as subject_kind,
    delivery_id as subject_id,
    _source as source,
    account_id,
    contact_id,
    time_zone,
    calendar_id,
    first_moved_at as moved_at,
    cancelled_at,
    cancelled_by,
    is_hindsight,
    cast(null as varchar) as priority
from {{ ref('int_deliveries_stated') }}
where not is_withdrawn

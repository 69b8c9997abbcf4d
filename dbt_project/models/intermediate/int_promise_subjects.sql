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
    'ticket' as subject_kind,
    tickets.ticket_id as subject_id,
    tickets._source as source,
    tickets.account_id,
    tickets.contact_id,
    sources.time_zone,
    sources.calendar_id,
    tickets.paused_minutes,
    case when tickets.status = 'merged' then tickets.known_from end as cancelled_at,
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
    'delivery' as subject_kind,
    delivery_id as subject_id,
    _source as source,
    account_id,
    contact_id,
    time_zone,
    cast(null as varchar) as calendar_id,
    cast(0 as double) as paused_minutes,
    cancelled_at,
    cancelled_by,
    is_hindsight,
    cast(null as varchar) as priority
from {{ ref('int_deliveries_stated') }}
where not is_withdrawn

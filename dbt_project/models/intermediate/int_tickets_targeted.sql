{{ config(materialized='view') }}

{#-
    One row per ticket and span of time, with the times it falls due by default: the targets of the
    priority it was opened with, in business time where its source names a calendar.
-#}

with tickets as (
    select * from {{ ref('int_tickets_stated') }}
    where
        -- read by the ledger alone, which makes again what changed: the rest is not even opened
        not is_withdrawn {% if built_load_seq() | int >= 0 %}and ticket_key in ({{ changed_tickets() }}){% endif %}
),

targets as (
    select * from {{ ref('priorities') }}
),

sources as (
    select
        system,
        max(time_zone) as time_zone,
        max(calendar_id) as calendar_id,
        min(case when records_first_response then 1 else 0 end) = 1 as records_first_response
    from {{ source('raw', '_sources') }}
    where contract = 'tickets'
    group by system
),

targeted as (
    select
        tickets.*,
        sources.time_zone,
        sources.calendar_id,
        sources.records_first_response,
        coalesce(named.first_response_minutes, fallback.first_response_minutes) as first_response_minutes,
        coalesce(named.resolution_minutes, fallback.resolution_minutes) as resolution_minutes,
        coalesce(named.expert_minutes, fallback.expert_minutes) as expert_minutes,
        coalesce(named.weight, fallback.weight) as priority_weight
    from tickets
    left join sources on tickets._source = sources.system
    left join targets as named on lower(tickets.opening_priority) = lower(named.priority)
    left join targets as fallback on fallback.priority = '*'
),

-- the calendar's minute at which each clock starts
started as (
    {% if has_calendars() %}
        select
            targeted.*,
            {{ minute_at('opened_in', 'targeted.opened_at') }} as opened_minute,
            {{ minute_at('escalated_in', 'targeted.escalated_at') }} as escalated_minute
        from targeted
        {{ join_window_at('opened_in', 'targeted.calendar_id', 'targeted.opened_at') }}
        {{ join_window_at('escalated_in', 'targeted.calendar_id', 'targeted.escalated_at') }}
    {% else %}
        select
            *,
            cast(null as double) as opened_minute,
            cast(null as double) as escalated_minute
        from targeted
    {% endif %}
),

-- only what stops before the time has run out puts it off
paused as (
    select
        started.ticket_key,
        started.known_from,
        sum(case when pauses.went_on_known_from <= started.known_from then pauses.minutes end) as minutes,
        max(case when pauses.went_on_known_from <= started.known_from then 0 else 1 end) = 1 as is_stopped
    from started
    inner join {{ ref('int_ticket_pauses') }} as pauses
        on started.ticket_key = pauses.ticket_key and pauses.known_from <= started.known_from
    where
        started.resolution_due_at is null
        and started.is_sla_met is null
        and coalesce(
            pauses.stopped_minute - started.opened_minute,
            {{ minutes_between('started.opened_at', 'pauses.stopped_at') }}
        ) - pauses.minutes_before < started.resolution_minutes
    group by started.ticket_key, started.known_from
),

timed as (
    select
        started.*,
        coalesce(paused.minutes, 0) as default_paused_minutes,
        -- the clock stands still: it cannot run out before it goes on
        coalesce(paused.is_stopped, false) and started.resolution_kept_at is null as is_stopped
    from started
    left join paused on started.ticket_key = paused.ticket_key and started.known_from = paused.known_from
)

{% if has_calendars() %}
    select
        timed.*,
        case
            when timed.calendar_id is null then {{ add_minutes('timed.opened_at', 'timed.first_response_minutes') }}
            else greatest(timed.opened_at, {{ instant_of('responds_in', 'timed.opened_minute + timed.first_response_minutes') }})
        end as default_first_response_due_at,
        case
            when timed.is_stopped then null
            when timed.calendar_id is null
                then {{ add_minutes('timed.opened_at', 'timed.resolution_minutes + timed.default_paused_minutes') }}
            else
                greatest(
                    timed.opened_at,
                    {{ instant_of('resolves_in', 'timed.opened_minute + timed.resolution_minutes + timed.default_paused_minutes') }}
                )
        end as default_resolution_due_at,
        case
            when timed.calendar_id is null then {{ add_minutes('timed.escalated_at', 'timed.expert_minutes') }}
            else greatest(timed.escalated_at, {{ instant_of('assigns_in', 'timed.escalated_minute + timed.expert_minutes') }})
        end as default_expert_due_at
    from timed
    {{ join_window_of('responds_in', 'timed.calendar_id', 'timed.opened_minute + timed.first_response_minutes') }}
    {{ join_window_of('resolves_in', 'timed.calendar_id', 'timed.opened_minute + timed.resolution_minutes + timed.default_paused_minutes') }}
    {{ join_window_of('assigns_in', 'timed.calendar_id', 'timed.escalated_minute + timed.expert_minutes') }}
{% else %}
    select
        *,
        {{ add_minutes('opened_at', 'first_response_minutes') }} as default_first_response_due_at,
        case
            when not is_stopped then {{ add_minutes('opened_at', 'resolution_minutes + default_paused_minutes') }}
        end as default_resolution_due_at,
        {{ add_minutes('escalated_at', 'expert_minutes') }} as default_expert_due_at
    from timed
{% endif %}

{{ config(materialized='view') }}

{#-
    One row per stretch in which the default clock of a ticket stood still: while we wait for the
    client, and while it reads as resolved. Its minutes are the calendar's where the source names one.
-#}

with events as (
    select *, {{ integer_key(['_source', 'ticket_id']) }} as ticket_key
    from {{ ref('stg_ticket_events') }}
    where
        is_newest and not is_deleted {% if built_load_seq() | int >= 0 %}and {{ integer_key(['_source', 'ticket_id']) }} in ({{ changed_tickets() }}){% endif %}
),

numbered as (
    select
        *,
        lead(occurred_at) over in_order as next_occurred_at,
        lead(known_from) over in_order as next_known_from,
        max(case when event = 'waiting_on_client' then occurred_at end) over before_it as waiting_since,
        max(case when event = 'resumed' then occurred_at end) over before_it as resumed_at,
        max(case when event in ('resolved', 'closed') then occurred_at end) over before_it as ended_at,
        max(case when event = 'reopened' then occurred_at end) over before_it as reopened_at
    from events
    window
        in_order as (partition by ticket_key order by occurred_at, event_id),
        before_it as (
            partition by ticket_key order by occurred_at, event_id rows between unbounded preceding and current row
        )
),

stopped as (
    select
        _source,
        ticket_key,
        event_id,
        occurred_at as stopped_at,
        next_occurred_at as went_on_at,
        known_from,
        case when next_known_from is not null then greatest(known_from, next_known_from) end as went_on_known_from
    from numbered
    where
        waiting_since > coalesce(resumed_at, cast('1900-01-01' as timestamp))
        or ended_at > coalesce(reopened_at, cast('1900-01-01' as timestamp))
),

sources as (
    select
        system,
        max(calendar_id) as calendar_id
    from {{ source('raw', '_sources') }}
    where contract = 'tickets'
    group by system
),

in_calendars as (
    select
        stopped.*,
        sources.calendar_id
    from stopped
    left join sources on stopped._source = sources.system
),

measured as (
    {% if has_calendars() %}
        select
            in_calendars.*,
            {{ minute_at('stopped_in', 'in_calendars.stopped_at') }} as stopped_minute,
            {{ minute_at('went_on_in', 'in_calendars.went_on_at') }} as went_on_minute
        from in_calendars
        {{ join_window_at('stopped_in', 'in_calendars.calendar_id', 'in_calendars.stopped_at') }}
        {{ join_window_at('went_on_in', 'in_calendars.calendar_id', 'in_calendars.went_on_at') }}
    {% else %}
        select
            *,
            cast(null as double) as stopped_minute,
            cast(null as double) as went_on_minute
        from in_calendars
    {% endif %}
),

counted as (
    select
        *,
        case
            when went_on_at is null then null
            when calendar_id is not null then went_on_minute - stopped_minute
            else {{ minutes_between('stopped_at', 'went_on_at') }}
        end as minutes
    from measured
)

select
    ticket_key,
    stopped_at,
    went_on_at,
    stopped_minute,
    minutes,
    coalesce(
        sum(minutes) over (
            partition by ticket_key order by stopped_at, event_id rows between unbounded preceding and 1 preceding
        ),
        0
    ) as minutes_before,
    known_from,
    went_on_known_from
from counted

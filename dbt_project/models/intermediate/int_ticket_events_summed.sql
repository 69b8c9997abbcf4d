{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('ticket_key in (' ~ changed_tickets() ~ ')') }}"
) }}

{#- One row per ticket and instant at which its events told something new: all that was known of them by then. -#}

with events as (
    select *, {{ integer_key(['_source', 'ticket_id']) }} as ticket_key
    from {{ ref('stg_ticket_events') }}
    where
        is_newest and not is_deleted
        {% if is_incremental() %}and {{ integer_key(['_source', 'ticket_id']) }} in ({{ changed_tickets() }}){% endif %}
),

signals as (
    select
        max(case when signal = 'reopened' then allowed_count end) as reopenings_allowed,
        max(case when signal = 'reassigned' then allowed_count end) as reassignments_allowed
    from {{ ref('signals') }}
),

numbered as (
    select
        *,
        row_number() over (partition by ticket_key, event order by occurred_at, event_id) as event_seq
    from events
),

summed as (
    select
        numbered.ticket_key,
        numbered.known_from,
        min(case when event = 'responded' then occurred_at end) over known_by_then as first_responded_at,
        max(case when event = 'resolved' then occurred_at end) over known_by_then as last_resolved_at,
        max(case when event = 'reopened' then occurred_at end) over known_by_then as last_reopened_at,
        max(case when event = 'closed' then occurred_at end) over known_by_then as last_closed_at,
        min(case when event = 'escalated' then occurred_at end) over known_by_then as first_escalated_at,
        min(case when event = 'expert_assigned' then occurred_at end) over known_by_then as first_expert_assigned_at,
        count(case when event = 'reopened' then 1 end) over known_by_then as n_reopened,
        count(case when event = 'reassigned' then 1 end) over known_by_then as n_reassigned,
        min(case when event = 'reopened' and event_seq > signals.reopenings_allowed then occurred_at end)
            over known_by_then as reopened_beyond_at,
        min(case when event = 'reassigned' and event_seq > signals.reassignments_allowed then occurred_at end)
            over known_by_then as reassigned_beyond_at,
        row_number() over (partition by numbered.ticket_key, numbered.known_from order by occurred_at desc, event_id desc) as rank_at_once
    from numbered
    cross join signals
    window
        known_by_then as (partition by numbered.ticket_key order by numbered.known_from, occurred_at, event_id rows between unbounded preceding and current row)
)

select
    ticket_key,
    first_responded_at,
    last_resolved_at,
    last_reopened_at,
    last_closed_at,
    first_escalated_at,
    first_expert_assigned_at,
    n_reopened,
    n_reassigned,
    reopened_beyond_at,
    reassigned_beyond_at,
    known_from,
    lead(known_from) over (partition by ticket_key order by known_from) as known_to
from summed
where rank_at_once = 1

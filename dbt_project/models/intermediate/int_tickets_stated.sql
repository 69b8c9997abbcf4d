{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('ticket_key in (' ~ changed_tickets() ~ ')') }}"
) }}

{#-
    One row per ticket and span of time in which this was known of it: its own versions and its
    events together, under the account and contact it belongs to.
-#}

with tickets as (
    select *, {{ integer_key(['_source', 'ticket_id']) }} as ticket_key
    from {{ ref('stg_tickets') }}
    {% if is_incremental() %}
        where {{ integer_key(['_source', 'ticket_id']) }} in ({{ changed_tickets() }})
    {% endif %}
),

signals as (
    select
        max(case when signal = 'reopened' then allowed_count end) as reopenings_allowed,
        max(case when signal = 'reassigned' then allowed_count end) as reassignments_allowed
    from {{ ref('signals') }}
),

-- what came before is asked only of tickets that have a before: most are exported once, when they are closed
several as (
    select ticket_key
    from tickets
    group by ticket_key
    having count(*) > 1
),

versions as (
    select
        tickets.*,
        first_value(priority) over in_order as opening_priority,
        min(case when reopen_count > signals.reopenings_allowed then known_from end) over in_order as reopened_beyond_at,
        min(case when reassignment_count > signals.reassignments_allowed then known_from end) over in_order
            as reassigned_beyond_at,
        min(case when status = 'merged' then known_from end) over in_order as first_merged_at
    from tickets
    cross join signals
    where ticket_key in (select ticket_key from several)
    window in_order as (partition by ticket_key order by known_from)
    union all
    select
        tickets.*,
        priority as opening_priority,
        case when reopen_count > signals.reopenings_allowed then known_from end as reopened_beyond_at,
        case when reassignment_count > signals.reassignments_allowed then known_from end as reassigned_beyond_at,
        case when status = 'merged' then known_from end as first_merged_at
    from tickets
    cross join signals
    where ticket_key not in (select ticket_key from several)
),

events as (
    select * from {{ ref('int_ticket_events_summed') }}
    {% if is_incremental() %}where ticket_key in (select ticket_key from tickets){% endif %}
),

-- tickets with events read differently from each event on
instants as (
    select ticket_key, known_from
    from versions
    where ticket_key in (select ticket_key from events)
    union
    select ticket_key, known_from from events
),

spans as (
    select
        ticket_key,
        known_from,
        lead(known_from) over (partition by ticket_key order by known_from) as known_to
    from instants
),

told as (
    select
        {{ columns_without('versions', ['known_from', 'known_to', 'is_newest']) }},
        cast(null as timestamp) as first_responded_at,
        cast(null as timestamp) as last_resolved_at,
        cast(null as timestamp) as last_reopened_at,
        cast(null as timestamp) as last_closed_at,
        cast(null as timestamp) as first_escalated_at,
        cast(null as timestamp) as first_expert_assigned_at,
        cast(0 as bigint) as n_reopened,
        cast(0 as bigint) as n_reassigned,
        cast(null as timestamp) as event_reopened_beyond_at,
        cast(null as timestamp) as event_reassigned_beyond_at,
        versions.known_from,
        versions.known_to
    from versions
    where ticket_key not in (select ticket_key from events)
    union all
    select
        {{ columns_without('versions', ['known_from', 'known_to', 'is_newest']) }},
        events.first_responded_at,
        events.last_resolved_at,
        events.last_reopened_at,
        events.last_closed_at,
        events.first_escalated_at,
        events.first_expert_assigned_at,
        coalesce(events.n_reopened, 0) as n_reopened,
        coalesce(events.n_reassigned, 0) as n_reassigned,
        events.reopened_beyond_at as event_reopened_beyond_at,
        events.reassigned_beyond_at as event_reassigned_beyond_at,
        spans.known_from,
        spans.known_to
    from spans
    inner join versions
        on
            spans.ticket_key = versions.ticket_key
            and spans.known_from >= versions.known_from
            and (versions.known_to is null or spans.known_from < versions.known_to)
    left join events
        on
            spans.ticket_key = events.ticket_key
            and spans.known_from >= events.known_from
            and (events.known_to is null or spans.known_from < events.known_to)
),

-- a resolution followed by a reopening was none
ended as (
    select
        *,
        -- merged into another ticket, it was closed without a solution of its own
        case
            when status = 'merged' then null
            when closed_at < last_reopened_at then last_closed_at
            else coalesce(closed_at, last_closed_at)
        end as final_close_at,
        case
            when last_reopened_at > coalesce(resolved_at, last_resolved_at)
                then case when last_resolved_at > last_reopened_at then last_resolved_at end
            else coalesce(resolved_at, last_resolved_at)
        end as solved_at,
        greatest(reopen_count, n_reopened) as reopenings
    from told
),

finished as (
    select
        *,
        coalesce(solved_at, case when last_reopened_at is null or last_reopened_at < final_close_at then final_close_at end)
            as resolution_at,
        coalesce(
            case when last_reopened_at is null or last_reopened_at < final_close_at then final_close_at end,
            case when status in ('resolved', 'closed') then solved_at end
        ) as ticket_ended_at
    from ended
),

-- tickets that were known as solved before their newest version: the others keep what that version says
solved_before as (
    select distinct ticket_key
    from finished
    where resolution_at is not null and known_to is not null
),

-- what was fulfilled, or broken and mended, when the source's own date came stays so: a later
-- reopening counts as a reopening only
promised as (
    select
        *,
        min(resolution_at) over (partition by ticket_key order by known_from rows between unbounded preceding and current row)
            as first_resolution_at,
        first_value(
            case
                when resolution_at is not null and (known_to is null or known_to > resolution_due_at) then reopenings
            end ignore nulls
        ) over (partition by ticket_key order by known_from rows between unbounded preceding and current row)
            as reopenings_when_kept
    from finished
    where ticket_key in (select ticket_key from solved_before)
),

kept as (
    select
        *,
        case
            when resolution_due_at is null or (known_to is not null and known_to <= resolution_due_at) then resolution_at
            else last_value(
                case
                    when resolution_at is not null and (known_to is null or known_to > resolution_due_at) and reopenings = reopenings_when_kept
                        then resolution_at
                end ignore nulls
            ) over (partition by ticket_key order by known_from rows between unbounded preceding and current row)
        end as resolution_kept_at
    from promised
    union all
    select
        *,
        resolution_at as first_resolution_at,
        cast(null as bigint) as reopenings_when_kept,
        resolution_at as resolution_kept_at
    from finished
    where ticket_key not in (select ticket_key from solved_before)
)

select
    kept.ticket_key,
    kept._source,
    kept.ticket_id,
    {{ identified_account('kept') }} as account_id,
    {{ identified_contact('kept') }} as contact_id,
    kept.status,
    kept.priority,
    kept.opening_priority,
    kept.is_sla_met,
    kept.opened_at,
    kept.first_response_due_at,
    kept.resolution_due_at,
    coalesce(kept.first_response_at, kept.first_responded_at, kept.first_resolution_at) as first_response_at,
    kept.resolution_kept_at,
    kept.ticket_ended_at,
    coalesce(kept.escalated_at, kept.first_escalated_at) as escalated_at,
    coalesce(kept.expert_assigned_at, kept.first_expert_assigned_at) as expert_assigned_at,
    kept.reopenings,
    coalesce(kept.event_reopened_beyond_at, kept.reopened_beyond_at) as reopened_beyond_at,
    greatest(kept.reassignment_count, kept.n_reassigned) as reassignments,
    coalesce(kept.event_reassigned_beyond_at, kept.reassigned_beyond_at) as reassigned_beyond_at,
    case when kept.status = 'merged' then kept.first_merged_at end as merged_at,
    kept.is_deleted or kept.status = 'deleted' as is_withdrawn,
    kept.is_hindsight,
    {{ identified_from('kept') }} as known_from,
    {{ identified_to('kept') }} as known_to
from kept
{{ join_identities('kept') }}

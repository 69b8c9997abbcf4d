{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('delivery_key in (' ~ changed_deliveries() ~ ')') }}"
) }}

{#- One row per delivery and span of time in which this was known of it and of the dates promised for it. -#}

with deliveries as (
    select *, {{ integer_key(['_source', 'delivery_id']) }} as delivery_key
    from {{ ref('stg_deliveries') }}
    {% if is_incremental() %}
        where {{ integer_key(['_source', 'delivery_id']) }} in ({{ changed_deliveries() }})
    {% endif %}
),

versions as (
    select
        *,
        max(case when acceptance_result = 'rejected' then 1 else 0 end) over in_order as was_rejected,
        min(case when acceptance_result is not null then known_from end) over in_order as first_result_known_at,
        first_value(acceptance_result ignore nulls) over in_order as first_result
    from deliveries
    window in_order as (partition by delivery_key order by known_from rows between unbounded preceding and current row)
),

steps as (
    select * from {{ ref('int_delivery_steps') }}
    {% if is_incremental() %}where delivery_key in (select delivery_key from deliveries){% endif %}
),

instants as (
    select delivery_key, known_from from versions
    union
    select delivery_key, known_from
    from steps
    where delivery_key in (select delivery_key from versions)
),

spans as (
    select
        delivery_key,
        known_from,
        lead(known_from) over (partition by delivery_key order by known_from) as known_to
    from instants
),

-- the dates known in each span, in order, with the wish behind the next one
known_steps as (
    select
        spans.delivery_key,
        spans.known_from as span_from,
        steps.*,
        lead(steps.requested_by) over in_span as next_requested_by,
        lead(steps.promised_at) over in_span as next_promised_at,
        count(*) over (partition by spans.delivery_key, spans.known_from) as n_steps,
        row_number() over in_span as place
    from spans
    inner join steps
        on
            spans.delivery_key = steps.delivery_key
            and spans.known_from >= steps.known_from
            and (steps.known_to is null or spans.known_from < steps.known_to)
    window in_span as (partition by spans.delivery_key, spans.known_from order by steps.step_seq)
),

judged as (
    select
        *,
        -- moved at the client's request before it fell due: the old date is cancelled
        coalesce(next_requested_by = 'client' and next_promised_at < falls_due_at, false) as is_moved_by_client
    from known_steps
),

ordered as (
    select
        *,
        row_number() over (
            partition by delivery_key, span_from order by is_moved_by_client, place
        ) as place_among_standing
    from judged
),

stated as (
    select
        spans.delivery_key,
        spans.known_from,
        spans.known_to,
        max(ordered.time_zone) as time_zone,
        max(ordered.calendar_id) as calendar_id,
        max(case when place_among_standing = 1 then promise_seq end) as first_seq,
        max(case when place_among_standing = 1 then promised_at end) as first_promised_at,
        max(case when place_among_standing = 1 then due_on end) as first_due_on,
        max(case when place_among_standing = 1 then falls_due_at end) as first_due_at,
        max(case when place = n_steps then promise_seq end) as last_seq,
        max(case when place = n_steps then promised_at end) as last_promised_at,
        max(case when place = n_steps then due_on end) as last_due_on,
        max(case when place = n_steps then falls_due_at end) as last_due_at,
        sum(case when place > 1 and coalesce(requested_by, 'us') <> 'client' then 1 else 0 end) as n_moved_by_us,
        min(case when place > 1 and coalesce(requested_by, 'us') <> 'client' then promised_at end) as first_moved_at
    from spans
    left join ordered on spans.delivery_key = ordered.delivery_key and spans.known_from = ordered.span_from
    group by spans.delivery_key, spans.known_from, spans.known_to
),

placed as (
    select
        versions._source,
        versions.delivery_id,
        versions.account_id,
        versions.contact_id,
        versions.acceptance_result,
        versions.first_result,
        versions.rework_count,
        versions.cancelled_at,
        versions.cancelled_by,
        versions.ordered_at,
        versions.delivered_at,
        versions.accepted_at,
        versions.first_result_known_at,
        versions.was_rejected,
        versions.is_deleted,
        versions.is_hindsight,
        stated.*
    from stated
    inner join versions
        on
            stated.delivery_key = versions.delivery_key
            and stated.known_from >= versions.known_from
            and (versions.known_to is null or stated.known_from < versions.known_to)
)

select
    placed.delivery_key,
    placed._source,
    placed.delivery_id,
    {{ identified_account('placed') }} as account_id,
    {{ identified_contact('placed') }} as contact_id,
    placed.acceptance_result,
    placed.first_result,
    placed.rework_count,
    placed.cancelled_at,
    placed.cancelled_by,
    placed.ordered_at,
    placed.delivered_at,
    placed.accepted_at,
    -- a rejected delivery has not kept its date; accepted later, it is kept at that acceptance
    case
        when placed.acceptance_result = 'rejected' then null
        when placed.was_rejected = 1 then placed.accepted_at
        else placed.delivered_at
    end as kept_at,
    placed.first_result_known_at,
    placed.was_rejected = 1 as was_rejected,
    placed.time_zone,
    placed.calendar_id,
    placed.first_seq,
    placed.first_promised_at,
    placed.first_due_on,
    placed.first_due_at,
    placed.last_seq,
    placed.last_promised_at,
    placed.last_due_on,
    placed.last_due_at,
    placed.n_moved_by_us,
    placed.first_moved_at,
    placed.is_deleted as is_withdrawn,
    placed.is_hindsight,
    {{ identified_from('placed') }} as known_from,
    {{ identified_to('placed') }} as known_to
from placed
{{ join_identities('placed') }}

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('delivery_key in (' ~ changed_deliveries() ~ ')') }}"
) }}

{#-
    One row per date promised for a delivery, in the order promised: a new seq, or a changed due
    under the same seq, is a new step unless its reason is `correction`.
-#}

with promises as (
    select *, {{ integer_key(['_source', 'delivery_id']) }} as delivery_key
    from {{ ref('stg_delivery_promises') }}
    where
        not is_deleted
        {% if is_incremental() %}and {{ integer_key(['_source', 'delivery_id']) }} in ({{ changed_deliveries() }}){% endif %}
),

sources as (
    select
        system,
        max(case when contract = 'delivery_promises' then time_zone end) as time_zone,
        max(calendar_id) as calendar_id
    from {{ source('raw', '_sources') }}
    where contract in ('delivery_promises', 'deliveries')
    group by system
),

dated as (
    select
        promises.*,
        sources.time_zone,
        sources.calendar_id,
        case
            when promises.due_on is not null then {{ end_of_local_day('promises.due_on', 'sources.time_zone') }}
            else promises.due_at
        end as falls_due_at
    from promises
    left join sources on promises._source = sources.system
),

compared as (
    select
        *,
        lag(falls_due_at) over (partition by delivery_key, promise_seq order by known_from) as former_due_at
    from dated
),

marked as (
    select
        *,
        case
            when former_due_at is null then 1
            when former_due_at = falls_due_at or lower(coalesce(reason, '')) = 'correction' then 0
            else 1
        end as is_new_step
    from compared
),

stepped as (
    select
        *,
        sum(is_new_step) over (
            partition by delivery_key order by promise_seq, known_from rows between unbounded preceding and current row
        ) as step_seq
    from marked
)

select
    delivery_key,
    step_seq,
    promise_seq,
    -- a correction changes the date of its step, not when it was promised or by whose wish
    first_value(promised_at) over in_step as promised_at,
    first_value(requested_by) over in_step as requested_by,
    due_on,
    due_at,
    falls_due_at,
    time_zone,
    calendar_id,
    known_from,
    lead(known_from) over (partition by delivery_key, step_seq order by known_from) as known_to
from stepped
window in_step as (partition by delivery_key, step_seq order by known_from)

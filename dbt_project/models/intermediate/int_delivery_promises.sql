{{ config(materialized='view') }}

{#- One row per promise made for a delivery and span of time in which this was known of it. -#}

with deliveries as (
    select
        *,
        coalesce(accepted_at, kept_at) as completed_at,
        coalesce(accepted_at, kept_at, cancelled_at) as delivery_ended_at
    from {{ ref('int_deliveries_stated') }}
    where
        not is_withdrawn
        {% if built_load_seq() | int >= 0 %}and delivery_key in ({{ changed_deliveries() }}){% endif %}
),

first_promises as (
    select
        deliveries.*,
        'delivery_first_promise' as signal,
        case when first_due_on is not null then 'date' else 'instant' end as kind,
        first_seq as promise_seq,
        first_promised_at as made_at,
        first_due_at as due_at,
        first_due_on as due_on,
        'source' as due_origin,
        cast(null as integer) as actual_count,
        cast(null as boolean) as verdict,
        cast(null as double) as verdict_score,
        kept_at as promise_kept_at
    from deliveries
    where first_due_at is not null
),

last_promises as (
    select
        deliveries.*,
        'delivery_last_promise' as signal,
        case when last_due_on is not null then 'date' else 'instant' end as kind,
        last_seq as promise_seq,
        last_promised_at as made_at,
        last_due_at as due_at,
        last_due_on as due_on,
        'source' as due_origin,
        cast(null as integer) as actual_count,
        cast(null as boolean) as verdict,
        cast(null as double) as verdict_score,
        kept_at as promise_kept_at
    from deliveries
    where last_due_at is not null
),

moves as (
    select
        deliveries.*,
        're_promises' as signal,
        'count' as kind,
        cast(0 as integer) as promise_seq,
        first_promised_at as made_at,
        coalesce(first_moved_at, completed_at) as due_at,
        cast(null as date) as due_on,
        'source' as due_origin,
        cast(n_moved_by_us as integer) as actual_count,
        cast(null as boolean) as verdict,
        cast(null as double) as verdict_score,
        completed_at as promise_kept_at
    from deliveries
    where first_due_at is not null
),

acceptances as (
    select
        deliveries.*,
        'first_time_acceptance' as signal,
        'verdict' as kind,
        cast(0 as integer) as promise_seq,
        ordered_at as made_at,
        coalesce(
            case when was_rejected or first_result <> 'accepted' then first_result_known_at else accepted_at end,
            first_result_known_at
        ) as due_at,
        cast(null as date) as due_on,
        'verdict' as due_origin,
        cast(null as integer) as actual_count,
        first_result = 'accepted' and not was_rejected and rework_count = 0 as verdict,
        case
            when first_result = 'conditional' and not was_rejected then cast({{ var('conditional_score') }} as double)
            else cast(-100 as double)
        end as verdict_score,
        coalesce(accepted_at, first_result_known_at) as promise_kept_at
    from deliveries
    where first_result is not null
),

unioned as (
    select * from first_promises
    union all
    select * from last_promises
    union all
    select * from moves
    union all
    select * from acceptances
)

select
    delivery_key as subject_key,
    'delivery' as subject_kind,
    delivery_id as subject_id,
    _source as source,
    account_id,
    contact_id,
    signal,
    promise_seq,
    kind,
    made_at,
    ordered_at as subject_began_at,
    due_at,
    due_on,
    time_zone,
    calendar_id,
    cast(0 as double) as paused_minutes,
    actual_count,
    verdict,
    verdict_score,
    promise_kept_at as kept_at,
    delivery_ended_at as subject_ended_at,
    cancelled_at,
    cancelled_by,
    due_origin,
    is_hindsight,
    cast(null as varchar) as priority,
    cast(1 as double) as priority_weight,
    known_from as subject_from,
    known_to as subject_to,
    known_from,
    known_to
from unioned

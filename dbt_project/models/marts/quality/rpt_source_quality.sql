{{ config(materialized='view') }}

with batches as (
    select
        source,
        max(system) as system,
        max(contract) as contract,
        max(case when accepted_rows > 0 then loaded_at end) as last_good_at,
        sum(coalesce(accepted_rows, 0)) as n_rows,
        sum(coalesce(quarantined_rows, 0)) as n_quarantined,
        sum(coalesce(waiting_rows, 0)) as n_waiting,
        max(case when outcome in ('held', 'crashed') then batch_id end) as held_batch_id
    from {{ source('raw', '_batches') }}
    group by source
),

declared as (
    select
        source,
        max(system) as system,
        max(contract) as contract,
        max(late_after_days) as late_after_days
    from {{ source('raw', '_sources') }}
    group by source
),

joined as (
    select
        coalesce(batches.source, declared.source) as source,
        coalesce(batches.system, declared.system) as system,
        coalesce(batches.contract, declared.contract) as contract,
        batches.last_good_at,
        batches.held_batch_id,
        declared.late_after_days,
        coalesce(batches.n_rows, 0) as n_rows,
        coalesce(batches.n_quarantined, 0) as n_quarantined,
        coalesce(batches.n_waiting, 0) as n_waiting
    from batches
    full outer join declared on batches.source = declared.source
)

select
    joined.source,
    joined.system,
    joined.contract,
    case
        when freshness.last_outcome in ('held', 'crashed') then freshness.last_outcome
        when freshness.source is null then 'never'
        when freshness.is_late then 'late'
        when joined.n_rows = 0 then 'empty'
        else 'fresh'
    end as state,
    freshness.newest_known_at,
    joined.last_good_at,
    -- master data changes rarely: nothing is expected of it
    case
        when joined.contract in ('survey_answers', 'tickets', 'ticket_events', 'deliveries', 'delivery_promises', 'interactions')
            then coalesce(joined.late_after_days, {{ var('late_after_days') }})
    end as expected_days,
    cast(joined.n_rows as bigint) as n_rows,
    cast(joined.n_quarantined as bigint) as n_quarantined,
    cast(joined.n_waiting as bigint) as n_waiting,
    coalesce(freshness.n_batches, 0) as n_batches,
    coalesce(freshness.n_held, 0) as n_held,
    joined.held_batch_id,
    freshness.last_message
from joined
left join {{ ref('fct_source_freshness') }} as freshness on joined.source = freshness.source

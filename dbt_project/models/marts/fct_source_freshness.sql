{{ config(materialized='table') }}

with batches as (
    select
        *,
        row_number() over (partition by source order by loaded_at desc, load_seq desc) as newest_rank
    from {{ source('raw', '_batches') }}
),

declared as (
    select source, max(late_after_days) as late_after_days
    from {{ source('raw', '_sources') }}
    group by source
),

summed as (
    select
        source,
        system,
        contract,
        max(case when accepted_rows > 0 then max_known_at end) as newest_known_at,
        max(loaded_at) as newest_loaded_at,
        max(landed_at) as last_landed_at,
        max(case when newest_rank = 1 then outcome end) as last_outcome,
        max(case when newest_rank = 1 and outcome in ('held', 'crashed') then message end) as last_message,
        count(*) as n_batches,
        sum(case when outcome in ('held', 'crashed') then 1 else 0 end) as n_held
    from batches
    group by source, system, contract
)

select
    summed.source,
    summed.system,
    summed.contract,
    summed.newest_known_at,
    summed.newest_loaded_at,
    summed.last_landed_at,
    summed.last_outcome,
    summed.last_message,
    cast(summed.n_batches as integer) as n_batches,
    cast(summed.n_held as integer) as n_held,
    coalesce(summed.last_outcome in ('held', 'crashed'), false)
    or (
        -- master data changes rarely: silence there is no delay
        summed.contract in ('survey_answers', 'tickets', 'ticket_events', 'deliveries', 'delivery_promises', 'interactions')
        and coalesce(
            {{ minutes_between('summed.newest_known_at', as_of()) }}
            > 1440.0 * coalesce(declared.late_after_days, {{ var('late_after_days') }}),
            false
        )
    ) as is_late
from summed
left join declared on summed.source = declared.source

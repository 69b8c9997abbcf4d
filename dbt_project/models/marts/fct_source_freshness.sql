{{ config(materialized='table') }}

with batches as (
    select
        *,
        row_number() over (partition by source order by loaded_at desc, load_seq desc) as newest_rank
    from {{ source('raw', '_batches') }}
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
    source,
    system,
    contract,
    newest_known_at,
    newest_loaded_at,
    last_landed_at,
    last_outcome,
    last_message,
    cast(n_batches as integer) as n_batches,
    cast(n_held as integer) as n_held,
    coalesce(last_outcome in ('held', 'crashed'), false)
    or (
        -- master data changes rarely: silence there is no delay
        contract in ('survey_answers', 'tickets', 'ticket_events', 'deliveries', 'delivery_promises', 'interactions')
        and coalesce({{ minutes_between('newest_known_at', as_of()) }} > 1440.0 * {{ var('late_after_days') }}, false)
    ) as is_late
from summed

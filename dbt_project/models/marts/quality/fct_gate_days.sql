{{ config(materialized='view') }}

-- the day whose facts a batch brings; of one that was not let in only its landing is known
with dated as (
    select
        source,
        outcome,
        accepted_rows,
        quarantined_rows,
        waiting_rows,
        least({{ day_of('coalesce(as_of, max_known_at, landed_at)') }}, {{ day_of('landed_at') }}) as day_id
    from {{ source('raw', '_batches') }}
),

bounds as (
    select max(day_id) - {{ var('gate_days') }} + 1 as first_day, max(day_id) as last_day
    from dated
),

days as (
    {{ day_numbers('bounds') }}
),

sources as (
    select distinct source from dated
),

counted as (
    select
        sources.source,
        days.day_id,
        count(dated.source) as n_batches,
        coalesce(sum(dated.accepted_rows), 0) as n_accepted,
        coalesce(sum(dated.quarantined_rows), 0) as n_quarantined,
        coalesce(sum(dated.waiting_rows), 0) as n_waiting,
        max(case when dated.outcome = 'crashed' then 1 else 0 end) as has_crashed,
        max(case when dated.outcome = 'held' then 1 else 0 end) as has_held
    from sources
    cross join days
    left join dated on sources.source = dated.source and days.day_id = dated.day_id
    group by sources.source, days.day_id
)

select
    source,
    cast(date '1970-01-01' + cast(day_id as integer) as date) as delivered_on,
    case
        when n_batches = 0 then 'none'
        when has_crashed = 1 then 'crashed'
        when has_held = 1 then 'held'
        when n_quarantined + n_waiting > 0 then 'quarantine'
        else 'pass'
    end as outcome,
    cast(n_batches as integer) as n_batches,
    cast(n_accepted as bigint) as n_accepted,
    cast(n_quarantined as bigint) as n_quarantined,
    cast(n_waiting as bigint) as n_waiting
from counted

{{ config(materialized='table') }}

select
    cast(null as varchar) as account_id,
    cast(null as integer) as week_id,
    cast(null as date) as week_start_on,
    cast(null as boolean) as is_provisional,
    cast(null as varchar) as driver,
    cast(null as varchar) as service_dimension,
    cast(null as double) as points,
    cast(null as double) as log_odds,
    cast(null as double) as value,
    cast(null as double) as value_before,
    cast(null as double) as value_change,
    cast(null as varchar) as unit,
    cast(null as date) as since_on,
    cast(null as varchar) as owner_role,
    cast(null as varchar) as owner,
    cast(null as varchar) as evidence_kind,
    cast(null as varchar) as evidence_keys,
    cast(null as integer) as n,
    cast(null as varchar) as play_en,
    cast(null as varchar) as play_zh
where false

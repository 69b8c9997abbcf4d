{{ config(materialized='table') }}

select
    cast(null as varchar) as account_id,
    cast(null as integer) as week_id,
    cast(null as varchar) as feature,
    cast(null as double) as value,
    cast(null as boolean) as is_known
where false

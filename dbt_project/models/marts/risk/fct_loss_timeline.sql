{{ config(materialized='table') }}

select
    cast(null as varchar) as account_id,
    cast(null as date) as occurred_on,
    cast(null as varchar) as event,
    cast(null as varchar) as service_dimension,
    cast(null as varchar) as driver,
    cast(null as integer) as week_id,
    cast(null as date) as ended_on,
    cast(null as integer) as weeks_before_loss,
    cast(null as varchar) as detail
where false

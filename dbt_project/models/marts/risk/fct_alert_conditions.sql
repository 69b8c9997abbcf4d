{{ config(materialized='table') }}

select
    cast(null as varchar) as kind,
    cast(null as varchar) as subject_kind,
    cast(null as varchar) as subject_id,
    cast(null as varchar) as account_id,
    cast(null as varchar) as service_dimension,
    cast(null as varchar) as contact_id,
    cast(null as integer) as week_id,
    cast(null as date) as week_start_on,
    cast(null as boolean) as is_provisional,
    cast(null as boolean) as is_opening,
    cast(null as boolean) as is_daily,
    cast(null as double) as value,
    cast(null as double) as value_before,
    cast(null as double) as opening_line,
    cast(null as double) as closing_line,
    cast(null as double) as badness,
    cast(null as date) as since_on,
    cast(null as integer) as n,
    cast(null as varchar) as driver,
    cast(null as varchar) as owner_role,
    cast(null as double) as risk_score,
    cast(null as varchar) as evidence_kind,
    cast(null as varchar) as evidence_keys
where false

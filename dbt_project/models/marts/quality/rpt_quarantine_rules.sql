{{ config(materialized='view') }}

select
    source,
    contract,
    rule,
    coalesce(column_name, '') as column_name,
    status,
    cast(count(*) as integer) as n_rows,
    cast(count(distinct _batch_id) as integer) as n_batches,
    min(quarantined_at) as first_stopped_at
from {{ source('quarantine', 'rows') }}
where status in ('quarantined', 'waiting')
group by source, contract, rule, coalesce(column_name, ''), status

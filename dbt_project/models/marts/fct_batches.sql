{{ config(materialized='view') }}

select
    batch_id,
    source,
    system,
    contract,
    file,
    records,
    rows as n_rows,
    accepted_rows,
    quarantined_rows,
    waiting_rows,
    outcome,
    message,
    min_known_at,
    max_known_at,
    landed_at,
    loaded_at
from {{ source('raw', '_batches') }}

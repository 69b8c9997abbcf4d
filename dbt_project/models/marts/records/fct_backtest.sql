{{ config(materialized='view') }}

select
    model,
    metric,
    cut,
    value,
    low,
    high,
    n,
    null_reason,
    from_week,
    to_week,
    computed_as_of
from {{ source('raw', '_backtests') }}

{{ config(materialized='view') }}

select
    model,
    bin,
    n,
    n_events,
    mean_probability,
    event_share,
    low,
    high,
    computed_as_of
from {{ source('raw', '_calibrations') }}

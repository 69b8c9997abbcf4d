{{ config(materialized='view') }}

select
    kind,
    rule_version,
    n_raised,
    n_judged,
    n_hits,
    precision,
    precision_low,
    precision_high,
    base_rate,
    median_lead_days,
    false_per_owner_month,
    from_week,
    to_week,
    null_reason,
    computed_as_of
from {{ source('raw', '_rule_records') }}

{{ config(materialized='table') }}

select
    signal,
    service_dimension,
    label_en,
    label_zh,
    kind,
    span,
    span_days,
    weight,
    early_credit,
    allowed_count,
    reason
from {{ ref('signals') }}

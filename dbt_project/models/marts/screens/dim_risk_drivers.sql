{{ config(materialized='table') }}

select
    driver,
    label_en,
    label_zh,
    is_by_dimension,
    owner_role,
    unit,
    line,
    full_value,
    cap,
    is_culprit,
    sort_order,
    reason
from {{ ref('risk_drivers') }}

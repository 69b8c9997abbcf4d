{{ config(materialized='table') }}

select
    kind,
    rule_version,
    label_en,
    label_zh,
    subject_kind,
    is_daily,
    ends_with_notice,
    unit,
    is_higher_worse,
    opening_line,
    closing_line,
    rearm_by,
    cooldown_weeks,
    driver,
    owner_role,
    reason
from {{ ref('alert_rules') }}

{{ config(materialized='table') }}

with rows_of_seed as (
    select *
    from {{ ref('service_dimensions') }}
),

valid as (
    select
        *,
        row_number() over (partition by service_dimension order by valid_from_on desc) as version_rank
    from rows_of_seed
    where valid_from_on <= cast({{ as_of() }} as date)
)

select
    service_dimension,
    label_en,
    label_zh,
    definition_en,
    definition_zh,
    owner_role,
    points,
    cast(points as double) / sum(points) over () as weight,
    sort_order,
    reason
from valid
where version_rank = 1

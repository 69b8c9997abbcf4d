{{ config(materialized='table') }}

{#- How many items of a service dimension a survey asks a perception for, while that set of questions was valid. -#}

with questions as (
    select
        *,
        case
            when row_number() over (partition by _source, survey_id, question_id order by known_from) > 1 then known_from
            else cast('1900-01-01' as timestamp)
        end as valid_from_at
    from {{ ref('stg_survey_questions') }}
),

asked as (
    select *
    from questions
    where measure = 'perception' and service_dimension is not null and not is_deleted
),

changes as (
    select _source, survey_id, service_dimension, valid_from_at as changed_at, 1 as n_change from asked
    union all
    select _source, survey_id, service_dimension, known_to as changed_at, -1 as n_change
    from asked
    where known_to is not null
),

summed as (
    select _source, survey_id, service_dimension, changed_at, sum(n_change) as n_change
    from changes
    group by _source, survey_id, service_dimension, changed_at
)

select
    _source as source,
    survey_id,
    service_dimension,
    changed_at as valid_from_at,
    lead(changed_at) over (partition by _source, survey_id, service_dimension order by changed_at) as valid_to_at,
    cast(
        sum(n_change) over (
            partition by _source, survey_id, service_dimension order by changed_at
            rows between unbounded preceding and current row
        ) as integer
    ) as n_items
from summed

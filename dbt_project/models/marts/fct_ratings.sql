{{ config(materialized='view') }}

select
    response_id,
    source,
    survey_id,
    survey_kind,
    account_id,
    contact_id,
    service_dimension,
    submitted_at,
    perception_score,
    paired_perception_score,
    paired_expectation_score as expectation_score,
    minimum_score,
    paired_perception_score - paired_expectation_score as satisfaction_gap
from {{ ref('int_ratings_paired') }}
where is_newest

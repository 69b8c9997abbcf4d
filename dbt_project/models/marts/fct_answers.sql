{{ config(materialized='view') }}

select
    response_id,
    source,
    survey_id,
    survey_kind,
    question_id,
    item_id,
    measure,
    service_dimension,
    account_id,
    contact_id,
    submitted_at,
    answer_value,
    score
from {{ ref('int_answers_scored') }}
where is_newest and not is_anonymous

{{ config(materialized='table') }}

with versions as (
    {{ versions_of('survey_questions', ['survey_id', 'question_id']) }}
)

select
    -- keys
    _source,
    survey_id,
    question_id,
    item_id,
    -- attributes
    survey_kind,
    measure,
    service_dimension,
    scale_min,
    scale_max,
    is_reverse_scored,
    weight,
    question_text,
    is_anonymous,

    -- versions
    version_is_deleted as is_deleted,
    is_hindsight,
    known_from,
    known_to,
    is_newest
from versions

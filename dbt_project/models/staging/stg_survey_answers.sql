{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('(_source, response_id, survey_id, question_id) in (select _source, response_id, survey_id, question_id from ' ~ source('raw', 'survey_answers') ~ ' where _batch_id in (' ~ changed_batches() ~ '))') }}"
) }}

with versions as (
    {{ versions_of('survey_answers', ['response_id', 'survey_id', 'question_id'], only_changed=true) }}
)

select
    -- keys
    _source,
    response_id,
    survey_id,
    question_id,
    account_id,
    contact_id,
    -- quantities
    answer_value,
    answer_text,
    is_complete,
    -- instants
    submitted_at,

    -- versions
    version_is_deleted as is_deleted,
    is_hindsight,
    known_from,
    known_to,
    is_newest
from versions

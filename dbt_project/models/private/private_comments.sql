{{ config(materialized='view', alias='comments') }}

select
    scored.response_id,
    scored.source,
    scored.survey_id,
    scored.question_id,
    scored.account_id,
    scored.contact_id,
    scored.submitted_at,
    answers.answer_text
from {{ ref('int_answers_scored') }} as scored
inner join {{ ref('stg_survey_answers') }} as answers
    on
        scored.source = answers._source
        and scored.survey_id = answers.survey_id
        and scored.response_id = answers.response_id
        and scored.question_id = answers.question_id
        and answers.is_newest
where scored.is_newest and not scored.is_anonymous and answers.answer_text is not null

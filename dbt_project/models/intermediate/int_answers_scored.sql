{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('answer_key in (' ~ changed_answers() ~ ')') }}"
) }}

with answers as (
    select *, {{ integer_key(['_source', 'response_id', 'survey_id', 'question_id']) }} as answer_key
    from {{ ref('stg_survey_answers') }}
    where
        not is_deleted
        {% if is_incremental() %}
            and {{ integer_key(['_source', 'response_id', 'survey_id', 'question_id']) }} in ({{ changed_answers() }})
        {% endif %}
),

-- before its oldest version a question stands for all time
questions as (
    select
        *,
        case
            when row_number() over (partition by _source, survey_id, question_id order by known_from) > 1 then known_from
            else cast('1900-01-01' as timestamp)
        end as valid_from_at
    from {{ ref('stg_survey_questions') }}
),

identified as (
    select
        answers.answer_key,
        answers._source,
        answers.survey_id,
        answers.response_id,
        answers.question_id,
        answers.answer_value,
        answers.submitted_at,
        {{ identified_account('answers') }} as account_id,
        {{ identified_contact('answers') }} as contact_id,
        {{ identified_from('answers') }} as known_from,
        {{ identified_to('answers') }} as known_to
    from answers
    {{ join_identities('answers') }}
),

scored as (
    select
        identified.answer_key,
        {{ integer_key(['identified._source', 'identified.survey_id', 'identified.response_id']) }} as response_key,
        identified._source as source,
        identified.survey_id,
        identified.response_id,
        identified.question_id,
        coalesce(questions.item_id, identified.question_id) as item_id,
        questions.survey_kind,
        questions.measure,
        questions.service_dimension,
        questions.is_anonymous,
        questions.weight as question_weight,
        identified.account_id,
        case when not questions.is_anonymous then identified.contact_id end as contact_id,
        identified.submitted_at,
        identified.answer_value,
        case
            when questions.scale_max > questions.scale_min
                then 100.0 * (identified.answer_value - questions.scale_min) / (questions.scale_max - questions.scale_min)
        end as forward_score,
        questions.is_reverse_scored,
        identified.known_from,
        identified.known_to
    from identified
    inner join questions
        on
            identified._source = questions._source
            and identified.survey_id = questions.survey_id
            and identified.question_id = questions.question_id
            and identified.submitted_at >= questions.valid_from_at
            and (questions.known_to is null or identified.submitted_at < questions.known_to)
    where not questions.is_deleted
)

select
    answer_key,
    response_key,
    -- one person, or one response where nobody is named
    {{ integer_key(["coalesce(contact_id, '')", "case when contact_id is null then cast(response_key as varchar) else '' end"]) }}
        as voice_key,
    source,
    survey_id,
    response_id,
    question_id,
    item_id,
    survey_kind,
    measure,
    service_dimension,
    is_anonymous,
    question_weight,
    account_id,
    contact_id,
    submitted_at,
    answer_value,
    case when is_reverse_scored then 100.0 - forward_score else forward_score end as score,
    known_from,
    known_to,
    known_to is null as is_newest
from scored

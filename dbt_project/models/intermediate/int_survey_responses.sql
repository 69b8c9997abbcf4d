{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('response_key in (' ~ changed_response_keys() ~ ')') }}"
) }}

{#-
    One row per response of a named survey, account, contact and instant of submission, with the span
    of weeks in which it was known so. Who answered and when, whatever was asked.
-#}

with answers as (
    select *
    from {{ ref('int_answers_scored') }}
    where
        not is_anonymous
        {% if is_incremental() %}
            and response_key in ({{ changed_response_keys() }})
        {% endif %}
),

spans as (
    select
        response_key,
        voice_key,
        source,
        survey_id,
        response_id,
        survey_kind,
        account_id,
        contact_id,
        submitted_at,
        {{ week_of('min(known_from)') }} as known_from_week,
        case when count(*) = count(known_to) then {{ week_of('max(known_to)') }} else {{ never() }} end as known_to_week
    from answers
    group by
        response_key, voice_key, source, survey_id, response_id, survey_kind, account_id, contact_id, submitted_at
)

select
    response_key,
    voice_key,
    source,
    survey_id,
    response_id,
    survey_kind,
    {{ integer_key(['account_id']) }} as account_key,
    account_id,
    contact_id,
    submitted_at,
    {{ day_of('submitted_at') }} as submitted_day,
    known_from_week,
    known_to_week
from spans
-- overtaken within its own week, it was never seen at a week's end
where known_from_week < known_to_week

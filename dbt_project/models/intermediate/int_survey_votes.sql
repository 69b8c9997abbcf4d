{{ config(materialized='view') }}

{#-
    Answers to questions declared nps, csat or ces, one row per response, measure and span of weeks, and
    the ratings of single tickets that the desk itself keeps. A response with several questions of a
    measure counts once, with their mean.
-#}

with questions as (
    select
        *,
        case
            when row_number() over (partition by _source, survey_id, question_id order by known_from) > 1 then known_from
            else cast('1900-01-01' as timestamp)
        end as valid_from_at
    from {{ ref('stg_survey_questions') }}
),

answers as (
    select
        scored.source,
        scored.response_key,
        scored.voice_key,
        scored.response_id,
        scored.survey_kind,
        scored.measure,
        scored.account_id,
        scored.contact_id,
        scored.submitted_at,
        scored.score,
        questions.scale_min = 0 and questions.scale_max = 10 as is_nps_scale,
        -- the two best boxes of five or more; of fewer the best one
        scored.score / 100.0 * (questions.scale_max - questions.scale_min)
        >= questions.scale_max - questions.scale_min
        - case when questions.scale_max - questions.scale_min >= 4 then 1 else 0 end - 1e-9 as is_top_box,
        {{ week_of('scored.known_from') }} as known_from_week,
        coalesce({{ week_of('scored.known_to') }}, {{ never() }}) as known_to_week
    from {{ ref('int_answers_scored') }} as scored
    inner join questions
        on
            scored.source = questions._source
            and scored.survey_id = questions.survey_id
            and scored.question_id = questions.question_id
            and scored.submitted_at >= questions.valid_from_at
            and (questions.known_to is null or scored.submitted_at < questions.known_to)
    where
        scored.measure in ('nps', 'csat', 'ces')
        and scored.score is not null
        and not scored.is_anonymous
),

-- a source without history shows the last state in every version, and no ticket is rated before it ends
rated as (
    select
        tickets.*,
        min(tickets.known_from) over (partition by {{ integer_key(['tickets._source', 'tickets.ticket_id']) }}) as rated_at
    from {{ ref('stg_tickets') }} as tickets
    where
        tickets.csat_score >= tickets.csat_scale_min
        and tickets.csat_score <= tickets.csat_scale_max
        and tickets.csat_scale_max > tickets.csat_scale_min
        and not tickets.is_deleted
        and coalesce(tickets.status, '') <> 'deleted'
        and (not tickets.is_hindsight or coalesce(tickets.resolved_at, tickets.closed_at) is not null)
)

select
    source,
    response_key,
    voice_key,
    response_id,
    survey_kind,
    measure,
    account_id,
    contact_id,
    submitted_at,
    {{ day_of('submitted_at') }} as submitted_day,
    score,
    is_nps_scale,
    is_top_box,
    known_from_week,
    known_to_week
from answers
where known_from_week < known_to_week
union all
select
    rated._source as source,
    {{ integer_key(['rated._source', 'rated.ticket_id']) }} as response_key,
    {{ integer_key(['rated._source', 'rated.ticket_id']) }} as voice_key,
    rated.ticket_id as response_id,
    'transactional' as survey_kind,
    'csat' as measure,
    {{ identified_account('rated') }} as account_id,
    {{ identified_contact('rated') }} as contact_id,
    rated.rated_at as submitted_at,
    {{ day_of('rated.rated_at') }} as submitted_day,
    100.0 * (rated.csat_score - rated.csat_scale_min) / (rated.csat_scale_max - rated.csat_scale_min) as score,
    false as is_nps_scale,
    rated.csat_score
    >= rated.csat_scale_max - case when rated.csat_scale_max - rated.csat_scale_min >= 4 then 1 else 0 end - 1e-9 as is_top_box,
    {{ week_of(identified_from('rated')) }} as known_from_week,
    coalesce({{ week_of(identified_to('rated')) }}, {{ never() }}) as known_to_week
from rated
{{ join_identities('rated') }}
where {{ week_of(identified_from('rated')) }} < coalesce({{ week_of(identified_to('rated')) }}, {{ never() }})

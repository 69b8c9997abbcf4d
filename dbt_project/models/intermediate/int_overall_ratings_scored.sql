{{ config(materialized='view') }}

{#-
    One row per response with an overall satisfaction, service dimension heard in it and span of weeks
    in which both were known: what the dimensions' importance is derived from.
-#}

with overall as (
    select
        response_key,
        account_id,
        score as overall_score,
        {{ week_of('known_from') }} as known_from_week,
        coalesce({{ week_of('known_to') }}, {{ never() }}) as known_to_week,
        question_id,
        min(question_id) over (partition by response_key) as first_question_id
    from {{ ref('int_answers_scored') }}
    where measure = 'overall' and survey_kind = 'relationship' and not is_anonymous and score is not null
),

ratings as (
    select * from {{ ref('int_ratings_paired') }}
    where
        survey_kind = 'relationship'
        and perception_score is not null
        and submitted_day > ({{ stale_from_week() }} - 4 * {{ var('window_weeks') }}) * 7 + 3
        and known_to_week > {{ stale_from_week() }}
)

select
    ratings.response_key,
    ratings.service_dimension,
    ratings.perception_score,
    overall.overall_score,
    ratings.submitted_day,
    greatest(ratings.known_from_week, overall.known_from_week) as known_from_week,
    least(ratings.known_to_week, overall.known_to_week) as known_to_week
from ratings
inner join overall
    on
        ratings.response_key = overall.response_key
        and ratings.account_id = overall.account_id
        and ratings.known_from_week < overall.known_to_week
        and overall.known_from_week < ratings.known_to_week
where overall.question_id = overall.first_question_id and greatest(ratings.known_from_week, overall.known_from_week) < least(ratings.known_to_week, overall.known_to_week)

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('response_key in (' ~ changed_responses(this) ~ ')') }}"
) }}

{#-
    One row per response, service dimension and span of weeks in which this was known of it.
    Perceptions pair with the expectation (and the minimum) of the same item: the one answered
    together with it, else the newest of the same contact at the same account.
-#}

with answers as (
    select
        *,
        {{ day_of('submitted_at') }} as submitted_day,
        {{ week_of('known_from') }} as known_from_week,
        coalesce({{ week_of('known_to') }}, {{ never() }}) as known_to_week
    from {{ ref('int_answers_scored') }}
    where
        measure in ('perception', 'expectation', 'minimum')
        and service_dimension is not null
        and score is not null
        and not is_anonymous
        {% if is_incremental() %}
            -- what changed was forgotten before; a carried expectation may come from a response that stayed
            and voice_key in (
                select voice_key
                from {{ ref('int_answers_scored') }}
                where response_key not in (select response_key from {{ this }})
            )
        {% endif %}
),

-- a version overtaken within its own week was never seen at a week's end
seen as (
    select * from answers
    where known_from_week < known_to_week
),

perceptions as (
    select * from seen
    where
        measure = 'perception'
        {% if is_incremental() %}and response_key not in (select response_key from {{ this }}){% endif %}
),

lendable as (
    select * from seen
    where measure in ('expectation', 'minimum')
),

-- every answer that may stand beside a perception, with the weeks in which it was known
matches as (
    select
        perceptions.answer_key,
        lendable.measure,
        lendable.score,
        lendable.submitted_at,
        lendable.response_id,
        case when lendable.response_key = perceptions.response_key then 1 else 0 end as is_same_response,
        greatest(perceptions.known_from_week, lendable.known_from_week) as known_from_week,
        least(perceptions.known_to_week, lendable.known_to_week) as known_to_week
    from perceptions
    inner join lendable
        on
            perceptions.voice_key = lendable.voice_key
            and perceptions.item_id = lendable.item_id
            and perceptions.account_id = lendable.account_id
            and perceptions.survey_kind = lendable.survey_kind
            and perceptions.service_dimension = lendable.service_dimension
            and perceptions.known_from_week < lendable.known_to_week
            and lendable.known_from_week < perceptions.known_to_week
            and (
                perceptions.response_key = lendable.response_key
                or (
                    lendable.submitted_at <= perceptions.submitted_at
                    and perceptions.submitted_day - lendable.submitted_day <= {{ var('expectation_validity_days') }}
                )
            )
),

-- the weeks from which a response reads differently
turns as (
    select response_key, known_from_week as week_id from perceptions
    union
    select response_key, known_to_week as week_id
    from perceptions
    where known_to_week < {{ never() }}
    union
    select perceptions.response_key, matches.known_from_week as week_id
    from matches
    inner join perceptions on matches.answer_key = perceptions.answer_key
    where matches.known_from_week > perceptions.known_from_week
    union
    select perceptions.response_key, matches.known_to_week as week_id
    from matches
    inner join perceptions on matches.answer_key = perceptions.answer_key
    where matches.known_to_week < {{ never() }}
),

spans as (
    select
        response_key,
        week_id as known_from_week,
        lead(week_id, 1, {{ never() }}) over (partition by response_key order by week_id) as known_to_week
    from turns
),

matched as (
    select
        spans.known_from_week,
        matches.answer_key,
        matches.measure,
        matches.score,
        matches.is_same_response,
        row_number() over (
            partition by matches.answer_key, matches.measure, spans.known_from_week
            order by matches.is_same_response desc, matches.submitted_at desc, matches.response_id desc
        ) as match_rank
    from matches
    inner join perceptions
        on
            matches.answer_key = perceptions.answer_key
            and matches.known_from_week >= perceptions.known_from_week
            and matches.known_from_week < perceptions.known_to_week
    inner join spans
        on
            perceptions.response_key = spans.response_key
            and spans.known_from_week >= matches.known_from_week
            and spans.known_from_week < matches.known_to_week
),

partners as (
    select
        answer_key,
        known_from_week,
        max(case when measure = 'expectation' then score end) as expectation_score,
        max(case when measure = 'minimum' then score end) as minimum_score,
        max(case when measure = 'expectation' then is_same_response end) as is_same_response
    from matched
    where match_rank = 1
    group by answer_key, known_from_week
),

items as (
    select
        perceptions.response_key,
        perceptions.voice_key,
        perceptions.source,
        perceptions.survey_id,
        perceptions.survey_kind,
        perceptions.response_id,
        perceptions.account_id,
        perceptions.contact_id,
        perceptions.service_dimension,
        perceptions.submitted_at,
        perceptions.submitted_day,
        spans.known_from_week,
        spans.known_to_week,
        perceptions.question_weight as weight,
        perceptions.score as perception_score,
        partners.expectation_score,
        case when partners.expectation_score is not null then partners.minimum_score end as minimum_score,
        case when partners.expectation_score is not null then perceptions.question_weight end as paired_weight,
        case
            when partners.expectation_score is not null and partners.minimum_score is not null
                then perceptions.question_weight
        end as bounded_weight,
        partners.is_same_response
    from perceptions
    inner join spans
        on
            perceptions.response_key = spans.response_key
            and spans.known_from_week >= perceptions.known_from_week
            and spans.known_from_week < perceptions.known_to_week
    left join partners
        on perceptions.answer_key = partners.answer_key and spans.known_from_week = partners.known_from_week
),

rated as (
    select
        response_key,
        service_dimension,
        known_from_week,
        known_to_week,
        voice_key,
        source,
        survey_id,
        survey_kind,
        response_id,
        account_id,
        contact_id,
        submitted_at,
        submitted_day,
        count(*) as n_answered,
        count(paired_weight) as n_paired,
        count(bounded_weight) as n_bounded,
        min(is_same_response) as is_same_response,
        sum(weight * perception_score) / nullif(sum(weight), 0) as perception_score,
        sum(paired_weight * perception_score) / nullif(sum(paired_weight), 0) as paired_perception_score,
        sum(paired_weight * expectation_score) / nullif(sum(paired_weight), 0) as paired_expectation_score,
        sum(bounded_weight * perception_score) / nullif(sum(bounded_weight), 0) as bounded_perception_score,
        sum(bounded_weight * expectation_score) / nullif(sum(bounded_weight), 0) as bounded_expectation_score,
        sum(bounded_weight * minimum_score) / nullif(sum(bounded_weight), 0) as minimum_score
    from items
    group by
        response_key, service_dimension, known_from_week, known_to_week, voice_key, source, survey_id, survey_kind,
        response_id, account_id, contact_id, submitted_at, submitted_day
),

-- a dimension answered, or paired, by less than half of the items asked is not heard
weighed as (
    select
        rated.*,
        rated.n_answered >= {{ var('min_item_share') }} * asked.n_items as is_heard,
        rated.n_paired > 0 and rated.n_paired >= {{ var('min_item_share') }} * asked.n_items as is_paired,
        rated.n_bounded > 0 and rated.n_bounded >= {{ var('min_item_share') }} * asked.n_items as is_bounded
    from rated
    inner join {{ ref('int_survey_items_counted') }} as asked
        on
            rated.source = asked.source
            and rated.survey_id = asked.survey_id
            and rated.service_dimension = asked.service_dimension
            and rated.submitted_at >= asked.valid_from_at
            and (asked.valid_to_at is null or rated.submitted_at < asked.valid_to_at)
    inner join {{ ref('dim_service_dimensions') }} as dimensions
        on rated.service_dimension = dimensions.service_dimension
)

select
    response_key,
    voice_key,
    source,
    survey_id,
    survey_kind,
    response_id,
    {{ integer_key(['account_id']) }} as account_key,
    account_id,
    contact_id,
    service_dimension,
    submitted_at,
    submitted_day,
    known_from_week,
    known_to_week,
    known_to_week = {{ never() }} as is_newest,
    is_same_response = 1 as is_same_response,
    case when is_heard then perception_score end as perception_score,
    case when is_paired then paired_perception_score end as paired_perception_score,
    case when is_paired then paired_expectation_score end as paired_expectation_score,
    case when is_bounded then bounded_perception_score end as bounded_perception_score,
    case when is_bounded then bounded_expectation_score end as bounded_expectation_score,
    case when is_bounded then minimum_score end as minimum_score
from weighed
where is_heard or is_paired or is_bounded

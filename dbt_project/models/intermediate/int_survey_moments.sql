{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('(source, survey_id, wave) in (' ~ changed_waves() ~ ')') }}"
) }}

{#-
    What the quality of a survey is computed from, per source, survey, wave and service dimension
    (and all items together): sums over responses, and with a question_id the sums of its answers.
    Scores are centred and scaled to -1..1, so that sums of powers stay small. Only items asked for
    both measures count, where there are any.
-#}

with known as (
    select
        source,
        survey_id,
        survey_kind,
        is_anonymous,
        response_key,
        question_id,
        item_id,
        measure,
        service_dimension,
        answer_value,
        (score - 50.0) / 50.0 as score,
        {{ block_of_week(week_of('submitted_at')) }} as wave
    from {{ ref('int_answers_scored') }}
    where is_newest and score is not null and measure in ('perception', 'expectation', 'overall', 'disconfirmation')
),

answers as (
    select * from known
    {% if is_incremental() %}
        where (source, survey_id, wave) in ({{ changed_waves() }})
    {% endif %}
),

ratings as (
    select *
    from answers
    where
        measure in ('perception', 'expectation')
        and service_dimension in (select service_dimension from {{ ref('service_dimensions') }})
),

items as (
    select
        source,
        survey_id,
        wave,
        service_dimension,
        item_id,
        case when count(distinct measure) = 2 then 1 else 0 end as is_paired
    from ratings
    group by source, survey_id, wave, service_dimension, item_id
),

counted_items as (
    select
        *,
        is_paired = 1 or max(is_paired) over (partition by source, survey_id, wave, service_dimension) = 0 as is_in_dimension,
        is_paired = 1 or max(is_paired) over (partition by source, survey_id, wave) = 0 as is_in_all
    from items
),

placed as (
    {% for placing in [('ratings.service_dimension', 'is_in_dimension'), ("'all_items'", 'is_in_all')] %}
        select
            ratings.source,
            ratings.survey_id,
            ratings.survey_kind,
            ratings.is_anonymous,
            ratings.wave,
            ratings.response_key,
            {{ placing[0] }} as service_dimension,
            ratings.question_id,
            ratings.measure,
            ratings.score,
            ratings.answer_value
        from ratings
        inner join counted_items
            on
                ratings.source = counted_items.source
                and ratings.survey_id = counted_items.survey_id
                and ratings.wave = counted_items.wave
                and ratings.service_dimension = counted_items.service_dimension
                and ratings.item_id = counted_items.item_id
        where counted_items.{{ placing[1] }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

questions as (
    select distinct source, survey_id, wave, service_dimension, measure, question_id
    from placed
),

asked as (
    select
        source,
        survey_id,
        wave,
        service_dimension,
        count(case when measure = 'perception' then 1 end) as n_perception_items,
        count(case when measure = 'expectation' then 1 end) as n_expectation_items,
        string_agg(question_id, ' ' order by question_id) as questions
    from questions
    group by source, survey_id, wave, service_dimension
),

overall as (
    select source, survey_id, wave, response_key, avg(score) as score
    from answers
    where measure = 'overall'
    group by source, survey_id, wave, response_key
),

disconfirmed as (
    select source, survey_id, wave, response_key, service_dimension, avg(score) as score
    from answers
    where measure = 'disconfirmation' and service_dimension is not null
    group by source, survey_id, wave, response_key, service_dimension
    union all
    select source, survey_id, wave, response_key, 'all_items' as service_dimension, avg(score) as score
    from answers
    where measure = 'disconfirmation'
    group by source, survey_id, wave, response_key
),

summed as (
    select
        source,
        survey_id,
        survey_kind,
        is_anonymous,
        wave,
        service_dimension,
        response_key,
        count(case when measure = 'perception' then 1 end) as n_perception,
        count(case when measure = 'expectation' then 1 end) as n_expectation,
        avg(case when measure = 'perception' then score end) as perception,
        avg(case when measure = 'expectation' then score end) as expectation,
        count(case when measure = 'perception' and round(score, 9) >= 1 then 1 end) as n_perception_ceiling,
        count(case when measure = 'expectation' and round(score, 9) >= 1 then 1 end) as n_expectation_ceiling,
        min(case when measure = 'perception' then answer_value end) as least_perception,
        max(case when measure = 'perception' then answer_value end) as greatest_perception,
        min(case when measure = 'expectation' then answer_value end) as least_expectation,
        max(case when measure = 'expectation' then answer_value end) as greatest_expectation
    from placed
    group by source, survey_id, survey_kind, is_anonymous, wave, service_dimension, response_key
),

responses as (
    select
        summed.*,
        asked.questions,
        asked.n_perception_items,
        asked.n_expectation_items,
        summed.n_perception = asked.n_perception_items and summed.n_expectation = asked.n_expectation_items as is_complete,
        summed.n_perception >= {{ var('straight_line_items') }} as is_perception_long,
        summed.n_expectation >= {{ var('straight_line_items') }} as is_expectation_long,
        summed.least_perception = summed.greatest_perception as is_perception_straight,
        summed.least_expectation = summed.greatest_expectation as is_expectation_straight,
        overall.score as overall,
        disconfirmed.score as disconfirmation
    from summed
    inner join asked
        on
            summed.source = asked.source
            and summed.survey_id = asked.survey_id
            and summed.wave = asked.wave
            and summed.service_dimension = asked.service_dimension
    left join overall
        on
            summed.source = overall.source
            and summed.survey_id = overall.survey_id
            and summed.wave = overall.wave
            and summed.response_key = overall.response_key
    left join disconfirmed
        on
            summed.source = disconfirmed.source
            and summed.survey_id = disconfirmed.survey_id
            and summed.wave = disconfirmed.wave
            and summed.response_key = disconfirmed.response_key
            and summed.service_dimension = disconfirmed.service_dimension
),

-- the pieces that sums are made of, each null where it does not apply
pieces as (
    select
        *,
        case when is_complete then perception end as p,
        case when is_complete then expectation end as e,
        case when is_complete and overall is not null then perception end as op,
        case when is_complete and overall is not null then expectation end as oe,
        case when is_complete then overall end as z,
        case when is_complete and expectation is not null then disconfirmation end as d,
        case when is_complete and disconfirmation is not null then perception - expectation end as dg
    from responses
)

select
    source,
    survey_id,
    survey_kind,
    is_anonymous,
    wave,
    service_dimension,
    questions,
    n_perception_items,
    n_expectation_items,
    {% for name, counted in survey_counts().items() %}
        cast({{ counted }} as integer) as {{ name }},
    {% endfor %}
    {% for name, product in survey_sums().items() %}
        sum({{ product }}) as {{ name }},
    {% endfor %}
    cast(null as varchar) as question_id,
    cast(null as varchar) as measure,
    cast(null as integer) as n_answers,
    cast(null as double) as item_sum,
    cast(null as double) as item_squares
from pieces
group by
    source, survey_id, survey_kind, is_anonymous, wave, service_dimension, questions, n_perception_items, n_expectation_items
union all
select
    responses.source,
    responses.survey_id,
    responses.survey_kind,
    responses.is_anonymous,
    responses.wave,
    responses.service_dimension,
    responses.questions,
    responses.n_perception_items,
    responses.n_expectation_items,
    {% for name in (survey_counts().keys() | list) + (survey_sums().keys() | list) %}
        null as {{ name }},
    {% endfor %}
    placed.question_id,
    placed.measure,
    cast(count(*) as integer) as n_answers,
    sum(placed.score) as item_sum,
    sum(placed.score * placed.score) as item_squares
from responses
inner join placed
    on
        responses.response_key = placed.response_key
        and responses.wave = placed.wave
        and responses.service_dimension = placed.service_dimension
where responses.is_complete
group by
    responses.source, responses.survey_id, responses.survey_kind, responses.is_anonymous, responses.wave,
    responses.service_dimension, responses.questions, responses.n_perception_items, responses.n_expectation_items,
    placed.question_id, placed.measure

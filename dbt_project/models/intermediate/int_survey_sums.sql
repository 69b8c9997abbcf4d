{{ config(materialized='view') }}

{#-
    One row per source, survey, service dimension and wave, and one for the whole survey (wave null): the
    waves that asked the same questions as the newest one, taken together.
-#}

with moments as (
    select
        *,
        first_value(questions) over (
            partition by source, survey_id, service_dimension order by wave desc
            rows between unbounded preceding and unbounded following
        ) as newest_questions
    from {{ ref('int_survey_moments') }}
),

placed as (
    {% for scope in ['wave', 'whole'] %}
        select
            {{ columns_without('moments', ['wave', 'newest_questions']) }},
            {{ 'wave' if scope == 'wave' else 'cast(null as integer)' }} as wave,
            {{ 'false' if scope == 'wave' else 'true' }} as is_whole
        from moments
        {% if scope == 'whole' %}where questions = newest_questions{% endif %}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

items as (
    select
        source,
        survey_id,
        wave,
        is_whole,
        service_dimension,
        question_id,
        measure,
        {{ covariance_of('sum(n_answers)', 'sum(item_sum)', 'sum(item_sum)', 'sum(item_squares)') }} as item_variance
    from placed
    where question_id is not null
    group by source, survey_id, wave, is_whole, service_dimension, question_id, measure
),

item_variances as (
    select
        source,
        survey_id,
        wave,
        is_whole,
        service_dimension,
        sum(case when measure = 'perception' then item_variance end) as perception_item_variance,
        sum(case when measure = 'expectation' then item_variance end) as expectation_item_variance
    from items
    group by source, survey_id, wave, is_whole, service_dimension
),

sums as (
    select
        source,
        survey_id,
        wave,
        is_whole,
        service_dimension,
        max(survey_kind) as survey_kind,
        max(is_anonymous) as is_anonymous,
        cast(max(n_perception_items) as integer) as n_perception_items,
        cast(max(n_expectation_items) as integer) as n_expectation_items,
        {% for name in survey_counts() %}
            cast(sum({{ name }}) as integer) as {{ name }},
        {% endfor %}
        {% for name in survey_sums() %}
            sum({{ name }}) as {{ name }},
        {% endfor %}
        max(questions) as questions
    from placed
    where question_id is null
    group by source, survey_id, wave, is_whole, service_dimension
)

select
    sums.*,
    item_variances.perception_item_variance,
    item_variances.expectation_item_variance
from sums
left join item_variances
    on
        sums.source = item_variances.source
        and sums.survey_id = item_variances.survey_id
        and coalesce(sums.wave, -1) = coalesce(item_variances.wave, -1)
        and sums.service_dimension = item_variances.service_dimension

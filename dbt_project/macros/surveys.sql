{# Fixed blocks of weeks: the waves of a survey. #}
{% macro block_of_week(week) -%}
    cast(floor({{ week }} / {{ var('anonymous_block_weeks') }}.0) as integer)
{%- endmacro %}

{#
    Responses with answers to be made again, and the waves that they are in or once were: raw keeps
    every version, also those that lost against an equal one.
#}
{% macro changed_response_keys() -%}
    select {{ integer_key(['_source', 'survey_id', 'response_id']) }}
    from {{ source('raw', 'survey_answers') }}
    where {{ integer_key(['_source', 'response_id', 'survey_id', 'question_id']) }} in ({{ changed_answers() }})
{%- endmacro %}

{% macro changed_waves() -%}
    select distinct _source, survey_id, {{ block_of_week(week_of('submitted_at')) }}
    from {{ source('raw', 'survey_answers') }}
    where
        {{ integer_key(['_source', 'survey_id', 'response_id']) }} in ({{ changed_response_keys() }})
{%- endmacro %}

{# Covariance, from sums over n rows; null under two. #}
{% macro covariance_of(n, sum_x, sum_y, sum_xy) -%}
    (({{ sum_xy }} - {{ sum_x }} * {{ sum_y }} / nullif({{ n }}, 0)) / nullif({{ n }} - 1, 0))
{%- endmacro %}

{# Cronbach's alpha of a mean of k items; null with fewer than two items or without variance. #}
{% macro cronbach_alpha(n_items, sum_of_item_variances, variance_of_mean) -%}
    case
        when {{ n_items }} > 1 and {{ variance_of_mean }} > 1e-9
            then {{ n_items }} / ({{ n_items }} - 1.0) * (1 - {{ sum_of_item_variances }} / ({{ n_items }} * {{ n_items }} * {{ variance_of_mean }}))
    end
{%- endmacro %}

{# Pearson's correlation; null where one side does not vary: sums of doubles leave a trace that is no variance. #}
{% macro correlation_of(covariance, variance_x, variance_y) -%}
    case
        when {{ variance_x }} > 1e-9 and {{ variance_y }} > 1e-9
            then greatest(-1.0, least(1.0, {{ covariance }} / sqrt({{ variance_x }} * {{ variance_y }})))
    end
{%- endmacro %}

{#
    Sums over the complete responses of a survey, by name. p and e are perception and expectation, z the
    overall score and d the directly asked disconfirmation; op and oe are p and e of responses with z.
#}
{% macro survey_sums() -%}
    {% set sums = {
        's_p': 'p', 's_e': 'e', 's_pp': 'p * p', 's_ee': 'e * e', 's_pe': 'p * e',
        's_z': 'z', 's_zz': 'z * z', 's_zp': 'z * op', 's_ze': 'z * oe',
        's_zpp': 'z * op * op', 's_zpe': 'z * op * oe', 's_zee': 'z * oe * oe',
        's_d': 'd', 's_dd': 'd * d', 's_g': 'dg', 's_gg': 'dg * dg', 's_dg': 'd * dg'
    } %}
    {% for p_power in range(5) %}
        {% for e_power in range(5 - p_power) if p_power + e_power > 0 %}
            {% do sums.update({
                's_o' ~ 'p' * p_power ~ 'e' * e_power: (['op'] * p_power + ['oe'] * e_power) | join(' * ')
            }) %}
        {% endfor %}
    {% endfor %}
    {{ return(sums) }}
{%- endmacro %}

{# Counts of a survey's responses and answers, by name, each with what is counted or summed. #}
{% macro survey_counts() -%}
    {{ return({
        'n_responses': 'count(*)',
        'n_complete': 'count(case when is_complete then 1 end)',
        'n_perceptions': 'sum(n_perception)',
        'n_expectations': 'sum(n_expectation)',
        'n_perception_ceiling': 'sum(n_perception_ceiling)',
        'n_expectation_ceiling': 'sum(n_expectation_ceiling)',
        'n_perception_long': 'count(case when is_perception_long then 1 end)',
        'n_expectation_long': 'count(case when is_expectation_long then 1 end)',
        'n_long': 'count(case when is_perception_long and (is_expectation_long or n_expectation_items = 0) then 1 end)',
        'n_perception_straight': 'count(case when is_perception_long and is_perception_straight then 1 end)',
        'n_expectation_straight': 'count(case when is_expectation_long and is_expectation_straight then 1 end)',
        'n_straight': 'count(case when is_perception_long and is_perception_straight and ((is_expectation_long and is_expectation_straight) or n_expectation_items = 0) then 1 end)',
        'n_overall': 'count(z)',
        'n_disconfirmation': 'count(d)'
    }) }}
{%- endmacro %}

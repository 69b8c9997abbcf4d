{# The published model that scores each week: the newest one trained on weeks before it. #}
{% macro scoring_models() -%}
    select
        weeks.week_id,
        models.model_id,
        models.intercept,
        row_number() over (
            partition by weeks.week_id
            order by models.trained_through_week desc, models.trained_at desc, models.model_id desc
        ) as place
    from {{ ref('dim_weeks') }} as weeks
    inner join {{ source('raw', '_churn_models') }} as models
        on models.is_published and models.trained_through_week < weeks.week_id
{%- endmacro %}

{#
    The first week to be scored again: the first stale one, or one whose model is not the one it was
    scored by, since another has been published or withdrawn.
#}
{% macro rescored_from_week() -%}
    {%- if not execute or not is_incremental() -%}
        {{ return(first_stale_week() | int) }}
    {%- endif -%}
    {%- set scored = adapter.get_relation(database=this.database, schema='marts', identifier='fct_churn_risk_weekly') -%}
    {%- if scored is none -%}
        {{ return(first_stale_week() | int) }}
    {%- endif -%}
    {%- set differing -%}
        select min(scored.week_id)
        from {{ scored }} as scored
        left join ({{ scoring_models() }}) as models on scored.week_id = models.week_id and models.place = 1
        where scored.model <> coalesce(models.model_id, 'scorecard')
    {%- endset -%}
    {%- set week = run_query(differing).rows[0][0] -%}
    {{ return([first_stale_week() | int, week if week is not none else never() | int] | min) }}
{%- endmacro %}

{# The person in a role at an account, from the managers that its source names. #}
{% macro person_in_role(role, accounts) -%}
    case {{ role }}
        when 'account_manager' then {{ accounts }}.account_manager
        when 'solution_manager' then {{ accounts }}.solution_manager
        when 'delivery_manager' then {{ accounts }}.delivery_manager
        when 'channel_manager' then {{ accounts }}.channel_manager
    end
{%- endmacro %}

{# The list of promises that a driver rests on; null: it rests on something else. #}
{% macro promise_list(driver) -%}
    case
        when {{ driver }} in ('factual_gap', 'broken_promises') then 'broken'
        when {{ driver }} = 'overdue_promises' then 'overdue'
        when {{ driver }} = 'old_commitments' then 'old'
    end
{%- endmacro %}

{# A JSON array of the keys at the places 1 to 5: an aggregate in an order takes many times as long. #}
{% macro five_json_keys(key, place) -%}
    '["'
    {%- for nth in range(1, 6) %}
    || {{ "coalesce('\",\"' || " if nth > 1 }}replace(replace(max(case when {{ place }} = {{ nth }} then {{ key }} end), '\', '\\'), '"', '\"')
    {{- ", '')" if nth > 1 }}
    {%- endfor %}
    || '"]'
{%- endmacro %}

{# The five lowest in a list, lowest first: placing all of a group to keep five spills a hundred times as much. #}
{% macro five_lowest(number) %}{{ return(adapter.dispatch('five_lowest')(number)) }}{% endmacro %}

{% macro duckdb__five_lowest(number) -%}
    min({{ number }}, 5)
{%- endmacro %}

{# Such lists of a relation as rows: the key, each number under its name, and its place from 1 on. #}
{% macro in_rows(relation, key, numbers, name) %}
    {{- return(adapter.dispatch('in_rows')(relation, key, numbers, name)) -}}
{% endmacro %}

{% macro duckdb__in_rows(relation, key, numbers, name) -%}
    select {{ key }}, unnest({{ numbers }}) as {{ name }}, unnest(range(1, len({{ numbers }}) + 1)) as place
    from {{ relation }}
{%- endmacro %}

{# Monday of a week. #}
{% macro monday_of(week) -%}
    cast(date '1970-01-05' + cast(({{ week }}) * 7 as integer) as date)
{%- endmacro %}

{# P(Z < z) of the standard normal: Abramowitz and Stegun 26.2.17, wrong by less than 1e-7. #}
{% macro normal_below(z) -%}
    {%- set t = '(1.0 / (1.0 + 0.2316419 * abs(' ~ z ~ ')))' -%}
    {%- set tail = '(exp(-(' ~ z ~ ') * (' ~ z ~ ') / 2.0) * 0.3989422804014327 * ' ~ t ~ ' * (0.319381530 + ' ~ t ~ ' * (-0.356563782 + '
        ~ t ~ ' * (1.781477937 + ' ~ t ~ ' * (-1.821255978 + ' ~ t ~ ' * 1.330274429)))))' -%}
    case when {{ z }} >= 0 then 1.0 - {{ tail }} else {{ tail }} end
{%- endmacro %}

{# A JSON array of one key. #}
{% macro one_json_key(key) -%}
    ('["' || replace(replace({{ key }}, '\', '\\'), '"', '\"') || '"]')
{%- endmacro %}

{#
    Client and the week from which on its promises come from a source that keeps no history: they were
    made up afterwards, and say nothing of what was known in that time.
#}
{% macro hindsight_by_account() -%}
    select
        {{ integer_key(['account_id']) }} as account_key,
        min({{ week_of('subject_from') }}) as from_week
    from {{ ref('int_promise_subjects') }}
    where is_hindsight
    group by account_id
{%- endmacro %}

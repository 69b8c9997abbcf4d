{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    pre_hook="{{ forget('build_seq <> ' ~ build_seq()) }}"
) }}

{#-
    What the marts said about closed weeks before this build makes them again. Comes before every
    weekly model. A build that is tried again after it died finds what the first try kept, and adds
    only weeks that the first try did not make again. One row without an account per try says from
    which week on it kept.
-#}

{%- set satisfaction = adapter.get_relation(database=this.database, schema='marts', identifier='fct_satisfaction_weekly') -%}
{%- set promises = adapter.get_relation(database=this.database, schema='marts', identifier='fct_promise_gap_weekly') -%}
{%- set measures = ['perception_score', 'expectation_score', 'satisfaction_gap', 'gap_shrunk'] -%}
{%- set are_there = satisfaction is not none and promises is not none -%}
{%- set known = adapter.get_columns_in_relation(satisfaction) | map(attribute='name') | list if are_there else [] -%}

with old as (
    {% if are_there %}
        select
            satisfaction.account_id,
            satisfaction.service_dimension,
            satisfaction.week_id,
            {% for measure in measures %}
                {{ 'satisfaction.' ~ measure if measure in known else 'cast(null as double) as ' ~ measure }},
            {% endfor %}
            promises.promise_gap
        from {{ satisfaction }} as satisfaction
        left join {{ promises }} as promises
            on
                satisfaction.account_id = promises.account_id
                and satisfaction.service_dimension = promises.service_dimension
                and satisfaction.week_id = promises.week_id
        where
            satisfaction.week_id >= {{ stale_from_week() }}
            and satisfaction.week_id < (select max(running_week) from ({{ finished_builds() }}))
            {% if is_incremental() %}
                and satisfaction.week_id < (
                    select coalesce(min(week_id), {{ never() }}) from {{ this }}
                    where account_id is null
                )
            {% endif %}
            and satisfaction.service_dimension <> 'overall'
    {% else %}
        select
            cast(null as varchar) as account_id,
            cast(null as varchar) as service_dimension,
            cast(null as integer) as week_id,
            {% for measure in measures %}
                cast(null as double) as {{ measure }},
            {% endfor %}
            cast(null as double) as promise_gap
        where false
    {% endif %}
),

together as (
    select * from old
    union all
    select
        null as account_id,
        null as service_dimension,
        {{ stale_from_week() }} as week_id,
        {% for measure in measures %}
            null as {{ measure }},
        {% endfor %}
        null as promise_gap
)

select
    cast({{ build_seq() }} as integer) as build_seq,
    account_id,
    service_dimension,
    week_id,
    perception_score,
    expectation_score,
    satisfaction_gap,
    gap_shrunk,
    promise_gap
from together

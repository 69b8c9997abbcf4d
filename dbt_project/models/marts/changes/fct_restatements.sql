{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    full_refresh=false,
    pre_hook="{{ forget('build_seq >= ' ~ build_seq()) }}"
) }}

{#- A record over builds. A build that died after writing here is tried again under the same number. -#}

{%- set exact = ['perception_score', 'expectation_score', 'satisfaction_gap', 'promise_gap'] -%}

with kept as (
    select * from {{ ref('int_closed_weeks_kept') }}
),

finished as (
    {{ finished_builds() }}
),

-- nulls where nothing was loaded since
loads as (
    select min(load_seq) as first_load_seq, max(load_seq) as last_load_seq
    from {{ source('raw', '_batches') }}
    where load_seq > (select max(load_seq) from finished)
),

-- closed in the build before and closed now
weeks as (
    select week_id, week_start_on
    from {{ ref('dim_weeks') }}
    where
        not is_provisional
        and week_id >= (select min(week_id) from kept)
        and week_id < (select max(running_week) from finished)
),

satisfaction as (
    select *
    from {{ ref('fct_satisfaction_weekly') }}
    where week_id in (select week_id from weeks) and service_dimension <> 'overall'
),

new as (
    select
        satisfaction.account_id,
        satisfaction.service_dimension,
        satisfaction.week_id,
        satisfaction.perception_score,
        satisfaction.expectation_score,
        satisfaction.satisfaction_gap,
        satisfaction.gap_shrunk,
        promises.promise_gap
    from satisfaction
    left join {{ ref('fct_promise_gap_weekly') }} as promises
        on
            satisfaction.account_id = promises.account_id
            and satisfaction.service_dimension = promises.service_dimension
            and satisfaction.week_id = promises.week_id
),

old as (
    select * from kept
    where week_id in (select week_id from weeks) and account_id is not null
),

compared as (
    select
        coalesce(new.account_id, old.account_id) as account_id,
        coalesce(new.service_dimension, old.service_dimension) as service_dimension,
        coalesce(new.week_id, old.week_id) as week_id,
        case
            when old.account_id is null then 'appeared'
            when new.account_id is null then 'disappeared'
            else 'restated'
        end as change,
        {% for measure in exact + ['gap_shrunk'] %}
            old.{{ measure }} as {{ measure }}_before,
            new.{{ measure }} as {{ measure }}_after,
        {% endfor %}
        new.gap_shrunk - old.gap_shrunk as gap_shrunk_change
    from new
    full outer join old
        on
            new.account_id = old.account_id
            and new.service_dimension = old.service_dimension
            and new.week_id = old.week_id
)

select
    cast({{ build_seq() }} as integer) as build_seq,
    compared.account_id,
    compared.service_dimension,
    compared.week_id,
    weeks.week_start_on,
    compared.change,
    {% for measure in exact + ['gap_shrunk'] %}
        compared.{{ measure }}_before,
        compared.{{ measure }}_after,
    {% endfor %}
    {{ as_of() }} as restated_as_of,
    cast(loads.first_load_seq as bigint) as first_load_seq,
    cast(loads.last_load_seq as bigint) as last_load_seq,
    case when {{ run_value('is_redefined') }} = 1 then 'definition' else 'late_fact' end as cause
from compared
inner join weeks on compared.week_id = weeks.week_id
cross join loads
where
    compared.change <> 'restated'
    or round(abs(compared.gap_shrunk_change), 9) >= {{ var('restated_points') }}
    {% for measure in exact %}
        or (compared.{{ measure }}_before is null) <> (compared.{{ measure }}_after is null)
        or abs(compared.{{ measure }}_after - compared.{{ measure }}_before) > 1e-9
    {% endfor %}

{{ config(materialized='table') }}

with first_known as (
    select min(known_from) as known_from
    from (
        {% for facts in ['stg_survey_answers', 'stg_survey_invitations', 'stg_tickets', 'stg_deliveries', 'stg_interactions'] %}
            select min(known_from) as known_from from {{ ref(facts) }}
            {{ 'union all' if not loop.last }}
        {% endfor %}
    )
),

bounds as (
    select
        coalesce({{ week_of('known_from') }}, {{ week_of(as_of()) }}) as first_week,
        {{ week_of(as_of()) }} as running_week
    from first_known
),

numbers as (
    {{ week_numbers('bounds') }}
)

select
    cast(week_id as integer) as week_id,
    cast(date '1970-01-05' + cast(week_id * 7 as integer) as date) as week_start_on,
    cast(date '1970-01-12' + cast(week_id * 7 as integer) as date) as week_end_on,
    case
        when week_id = running_week then {{ as_of() }}
        else cast(date '1970-01-12' + cast(week_id * 7 as integer) as timestamp)
    end as as_known_at,
    -- windows are whole days; the running week's ends with the day of as_of
    case
        when week_id = running_week then {{ day_of(as_of()) }}
        else cast(week_id * 7 + 10 as integer)
    end as last_day,
    week_id = running_week as is_provisional
from numbers

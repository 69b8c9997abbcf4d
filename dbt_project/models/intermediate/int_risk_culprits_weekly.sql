{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_stale_weeks() }}") }}

{#-
    One row per account and stored week in which something of ours has turned and stayed: what turned
    first. Drivers of a service dimension are weighed together, each other driver by itself.
-#}

with turned as (
    select
        points.*,
        points.full_points * drivers.culprit_weight as weight,
        drivers.sort_order,
        case when points.service_dimension = 'relationship' then points.driver else points.service_dimension end as candidate
    from {{ ref('int_risk_points_weekly') }} as points
    inner join {{ ref('risk_drivers') }} as drivers on points.driver = drivers.driver
    where drivers.is_culprit and points.since_week is not null and {{ is_stale_week('points.week_id') }}
),

-- of a service dimension the driver that turned first speaks; of several the heaviest
spoken as (
    select
        *,
        row_number() over (
            partition by week_id, account_key, candidate order by since_week asc, round(weight, 9) desc, sort_order asc
        ) as place,
        sum(weight) over (partition by week_id, account_key, candidate) as total_weight
    from turned
),

candidates as (
    select
        *,
        max(round(total_weight, 9)) over (partition by week_id, account_key) as heaviest
    from spoken
    where place = 1 and round(total_weight, 9) >= {{ var('culprit_points') }}
),

weighty as (
    select
        *,
        min(since_week) over (partition by week_id, account_key) as first_week
    from candidates
    where round(total_weight, 9) >= {{ var('culprit_share') }} * heaviest
),

-- what shows within a few weeks of each other turned together: then weight tells, and order of the seed at last
ordered as (
    select
        *,
        row_number() over (
            partition by week_id, account_key
            order by
                case when since_week < first_week + {{ var('culprit_tie_weeks') }} then 0 else 1 end asc,
                round(total_weight, 9) desc, since_week asc, sort_order asc, candidate asc
        ) as rank
    from weighty
)

select
    first.week_id,
    first.account_key,
    first.account_id,
    first.service_dimension,
    first.driver,
    first.since_week,
    first.total_weight as weight,
    second.service_dimension as second_dimension,
    second.driver as second_driver
from ordered as first
left join ordered as second
    on
        first.week_id = second.week_id
        and first.account_key = second.account_key
        and second.rank = 2
        and second.since_week < first.first_week + {{ var('culprit_tie_weeks') }}
        and round(second.total_weight, 9) = round(first.total_weight, 9)
where first.rank = 1

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget('week_id >= ' ~ rescored_from_week()) }}"
) }}

{%- set from_week = rescored_from_week() %}

with account_weeks as (
    select * from {{ ref('int_account_weeks') }}
    where week_id >= {{ from_week }}
),

points as (
    select * from {{ ref('int_risk_points_weekly') }}
    where week_id >= {{ from_week }} - {{ var('window_weeks') }}
),

scoring as (
    select * from ({{ scoring_models() }})
    where place = 1 and week_id >= {{ from_week }}
),

features as (
    select
        drivers.driver,
        coalesce(dimensions.service_dimension, 'relationship') as service_dimension,
        drivers.driver || coalesce(':' || dimensions.service_dimension, '') as feature
    from {{ ref('risk_drivers') }} as drivers
    left join {{ ref('dim_service_dimensions') }} as dimensions on drivers.is_by_dimension
),

-- what a published model makes of each value, between the lines it was fitted with, wherever the seed's are by now;
-- once notice is given there is nothing left to predict
modelled as (
    select
        account_weeks.week_id,
        account_weeks.account_key,
        features.driver,
        features.service_dimension,
        points.value,
        points.n,
        coefficients.coefficient
        * (
            coalesce(
                case
                    when points.value is null then null
                    -- fitted on plain values
                    when coefficients.full_value is null then points.value
                    else greatest(
                        0.0, least(1.0, (points.value - coefficients.line) / (coefficients.full_value - coefficients.line))
                    )
                end,
                coefficients.fill_value
            ) - coefficients.mean
        ) / coefficients.scale as log_odds
    from scoring
    inner join account_weeks on scoring.week_id = account_weeks.week_id
    inner join {{ source('raw', '_churn_coefficients') }} as coefficients
        on scoring.model_id = coefficients.model_id and not coefficients.is_dropped
    inner join features on coefficients.feature = features.feature
    left join points
        on
            account_weeks.week_id = points.week_id
            and account_weeks.account_key = points.account_key
            and features.driver = points.driver
            and features.service_dimension = points.service_dimension
    where account_weeks.notice_given_on is null or {{ day_of_date('account_weeks.notice_given_on') }} > account_weeks.last_day
),

together as (
    select
        coalesce(points.week_id, modelled.week_id) as week_id,
        coalesce(points.account_key, modelled.account_key) as account_key,
        coalesce(points.driver, modelled.driver) as driver,
        coalesce(points.service_dimension, modelled.service_dimension) as service_dimension,
        coalesce(points.points, 0.0) as points,
        modelled.log_odds,
        coalesce(points.value, modelled.value) as value,
        coalesce(points.n, modelled.n) as n,
        points.since_week
    from (
        select * from points
        where points > 0 and week_id >= {{ from_week }}
    ) as points
    full outer join modelled
        on
            points.week_id = modelled.week_id
            and points.account_key = modelled.account_key
            and points.driver = modelled.driver
            and points.service_dimension = modelled.service_dimension
),

plays as (
    select
        features.driver,
        features.service_dimension,
        coalesce(own.play_en, every.play_en) as play_en,
        coalesce(own.play_zh, every.play_zh) as play_zh
    from features
    left join {{ ref('plays') }} as own
        on features.driver = own.driver and features.service_dimension = own.service_dimension
    left join {{ ref('plays') }} as every on features.driver = every.driver and every.service_dimension = '*'
),

owned as (
    select
        together.*,
        drivers.unit,
        coalesce(dimensions.owner_role, drivers.owner_role) as owner_role
    from together
    inner join {{ ref('risk_drivers') }} as drivers on together.driver = drivers.driver
    left join {{ ref('dim_service_dimensions') }} as dimensions on together.service_dimension = dimensions.service_dimension
)

select
    account_weeks.account_id,
    owned.week_id,
    account_weeks.week_start_on,
    account_weeks.is_provisional,
    owned.driver,
    owned.service_dimension,
    owned.points,
    owned.log_odds,
    owned.value,
    earlier.value as value_before,
    owned.value - earlier.value as value_change,
    owned.unit,
    {{ monday_of('owned.since_week') }} as since_on,
    owned.owner_role,
    {{ person_in_role('owned.owner_role', 'account_weeks') }} as owner,
    coalesce(evidence.evidence_kind, 'account') as evidence_kind,
    coalesce(evidence.evidence_keys, {{ one_json_key('account_weeks.account_id') }}) as evidence_keys,
    owned.n,
    plays.play_en,
    plays.play_zh
from owned
inner join account_weeks on owned.week_id = account_weeks.week_id and owned.account_key = account_weeks.account_key
left join points as earlier
    on
        owned.week_id = earlier.week_id + {{ var('window_weeks') }}
        and owned.account_key = earlier.account_key
        and owned.driver = earlier.driver
        and owned.service_dimension = earlier.service_dimension
left join {{ ref('int_risk_evidence_weekly') }} as evidence
    on
        owned.week_id = evidence.week_id
        and owned.account_key = evidence.account_key
        and owned.driver = evidence.driver
        and owned.service_dimension = evidence.service_dimension
left join plays on owned.driver = plays.driver and owned.service_dimension = plays.service_dimension

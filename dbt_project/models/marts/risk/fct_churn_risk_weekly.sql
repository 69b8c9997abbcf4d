{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget('week_id >= ' ~ rescored_from_week()) }}"
) }}

{%- set from_week = rescored_from_week() %}

with account_weeks as (
    select
        *,
        coalesce({{ day_of_date('notice_given_on') }} <= last_day, false) as has_given_notice
    from {{ ref('int_account_weeks') }}
    where week_id >= {{ from_week }}
),

lines as (
    select opening_line, closing_line from {{ ref('alert_rules') }}
    where kind = 'churn_risk'
),

scores as (
    select week_id, account_key, sum(points) as risk_score
    from {{ ref('int_risk_points_weekly') }}
    where week_id >= {{ from_week }} - {{ var('window_weeks') }}
    group by week_id, account_key
),

scoring as (
    select * from ({{ scoring_models() }})
    where place = 1 and week_id >= {{ from_week }}
),

odds as (
    select week_id, account_id, sum(log_odds) as log_odds
    from {{ ref('fct_churn_risk_drivers') }}
    where log_odds is not null and week_id >= {{ from_week }}
    group by week_id, account_id
),

scored as (
    select
        account_weeks.*,
        coalesce(scores.risk_score, 0.0) as risk_score,
        earlier.week_id as earlier_week,
        earlier_scores.risk_score as earlier_score
    from account_weeks
    left join scores on account_weeks.week_id = scores.week_id and account_weeks.account_key = scores.account_key
    left join {{ ref('int_account_weeks') }} as earlier
        on
            account_weeks.week_id = earlier.week_id + {{ var('window_weeks') }}
            and account_weeks.account_key = earlier.account_key
    left join scores as earlier_scores
        on earlier.week_id = earlier_scores.week_id and earlier.account_key = earlier_scores.account_key
),

-- who has given notice is no risk any more, and takes nobody's place
ranked as (
    select
        *,
        case
            when not has_given_notice
                then row_number() over (
                    partition by week_id, has_given_notice order by round(risk_score, 9) desc, account_id
                )
        end as risk_rank,
        count(*) over (partition by week_id, has_given_notice) as n_ranked
    from scored
),

placed as (
    select
        ranked.*,
        -- where nothing speaks against a client, its place among others like it is that of its key
        coalesce(ranked.risk_rank <= greatest(1.0, round({{ var('top_share') }} * ranked.n_ranked)), false)
        and round(ranked.risk_score, 9) > 0 as is_in_top_decile,
        case
            when round(ranked.risk_score, 9) >= lines.opening_line then 'high'
            when round(ranked.risk_score, 9) >= lines.closing_line then 'medium'
            else 'low'
        end as risk_band
    from ranked
    cross join lines
),

blamed as (
    select
        placed.*,
        culprits.service_dimension as culprit_dimension,
        culprits.driver as culprit_driver,
        culprits.since_week as culprit_week,
        culprits.second_dimension,
        culprits.second_driver,
        coalesce(dimensions.owner_role, drivers.owner_role) as culprit_owner_role
    from placed
    left join {{ ref('int_risk_culprits_weekly') }} as culprits
        on
            placed.week_id = culprits.week_id
            and placed.account_key = culprits.account_key
            and (placed.risk_band <> 'low' or placed.is_in_top_decile)
    left join {{ ref('risk_drivers') }} as drivers on culprits.driver = drivers.driver
    left join {{ ref('dim_service_dimensions') }} as dimensions on culprits.service_dimension = dimensions.service_dimension
)

select
    blamed.account_id,
    blamed.week_id,
    blamed.week_start_on,
    blamed.is_provisional,
    blamed.risk_score,
    blamed.risk_band,
    cast(blamed.risk_rank as integer) as risk_rank,
    blamed.is_in_top_decile,
    case when blamed.earlier_week is not null then blamed.risk_score - coalesce(blamed.earlier_score, 0.0) end as risk_change,
    blamed.has_given_notice,
    coalesce(scoring.model_id, 'scorecard') as model,
    1.0 / (1.0 + exp(-(scoring.intercept + odds.log_odds))) as churn_probability,
    case
        when scoring.model_id is null then 'rules_only'
        when odds.log_odds is null then 'notice_given'
    end as probability_null_reason,
    blamed.culprit_dimension,
    blamed.culprit_driver,
    {{ monday_of('blamed.culprit_week') }} as culprit_since_on,
    cast(blamed.week_id - blamed.culprit_week + 1 as integer) as culprit_weeks,
    blamed.culprit_owner_role,
    {{ person_in_role('blamed.culprit_owner_role', 'blamed') }} as culprit_owner,
    case
        when blamed.culprit_driver is not null then null
        when blamed.risk_band = 'low' and not blamed.is_in_top_decile then 'not_at_risk'
        else 'outside'
    end as culprit_null_reason,
    blamed.second_dimension,
    blamed.second_driver,
    blamed.contract_ends_on,
    cast({{ day_of_date('blamed.contract_ends_on') }} - blamed.last_day as integer) as days_to_renewal,
    blamed.annual_value,
    blamed.currency,
    blamed.tier,
    blamed.region,
    blamed.account_manager
from blamed
left join scoring on blamed.week_id = scoring.week_id
left join odds on blamed.week_id = odds.week_id and blamed.account_id = odds.account_id

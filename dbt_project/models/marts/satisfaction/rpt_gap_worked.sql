{{ config(materialized='view') }}

with newest as (
    select max(week_id) as week_id from {{ ref('dim_weeks') }}
),

weighed as (
    select
        felt.account_id,
        felt.service_dimension,
        felt.week_id,
        felt.week_start_on,
        felt.is_provisional,
        felt.paired_perception_score,
        felt.expectation_score,
        felt.satisfaction_gap,
        felt.gap_shrunk,
        felt.n_paired,
        felt.null_reason,
        priors.prior_mean as gap_of_all,
        case
            when felt.satisfaction_gap is null then null
            when priors.between_variance = 0 then 0.0
            else priors.between_variance / (priors.between_variance + priors.within_variance / felt.n_eff_gap)
        end as kept_share,
        weights.weight
    from {{ ref('fct_satisfaction_weekly') }} as felt
    inner join newest on felt.week_id = newest.week_id
    inner join {{ ref('fct_dimension_weights_weekly') }} as weights
        on
            felt.week_id = weights.week_id
            and felt.service_dimension = weights.service_dimension
            and weights.basis = 'default'
    left join {{ ref('fct_priors_weekly') }} as priors
        on
            felt.week_id = priors.week_id
            and felt.service_dimension = priors.service_dimension
            and priors.measure = 'gap'
)

select
    weighed.account_id,
    weighed.service_dimension,
    weighed.week_id,
    weighed.week_start_on,
    weighed.is_provisional,
    weighed.paired_perception_score,
    weighed.expectation_score,
    weighed.satisfaction_gap,
    weighed.n_paired,
    weighed.gap_of_all,
    weighed.kept_share,
    weighed.gap_shrunk,
    weighed.weight,
    weighed.weight * weighed.satisfaction_gap as weighted_gap,
    weighed.weight * weighed.gap_shrunk as weighted_gap_shrunk,
    factual.promise_gap,
    factual.n_promises,
    weighed.null_reason
from weighed
left join {{ ref('fct_promise_gap_weekly') }} as factual
    on
        weighed.account_id = factual.account_id
        and weighed.service_dimension = factual.service_dimension
        and weighed.week_id = factual.week_id

{{ config(materialized='view') }}

with judged as (
    select
        felt.account_id,
        felt.service_dimension,
        felt.week_id,
        felt.week_start_on,
        felt.is_provisional,
        felt.perception_shrunk_score,
        felt.n_contacts,
        factual.promise_gap,
        factual.n_promises,
        round(felt.perception_shrunk_score, 9) >= {{ var('felt_line_score') }} as is_felt_good,
        round(factual.promise_gap, 9) >= {{ var('factual_line_score') }} as is_factual_good
    from {{ ref('fct_satisfaction_weekly') }} as felt
    inner join {{ ref('fct_promise_gap_weekly') }} as factual
        on
            felt.week_id = factual.week_id
            and felt.account_id = factual.account_id
            and felt.service_dimension = factual.service_dimension
)

select
    *,
    case
        when is_felt_good is null and is_factual_good is null then 'unknown'
        when is_felt_good is null then 'felt_unknown'
        when is_factual_good is null then 'factual_unknown'
        when is_felt_good and is_factual_good then 'both_good'
        when is_factual_good then 'felt_bad'
        when is_felt_good then 'factual_bad'
        else 'both_bad'
    end as situation
from judged

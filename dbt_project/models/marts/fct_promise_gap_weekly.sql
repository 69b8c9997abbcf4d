{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_stale_weeks() }}"
) }}

with account_weeks as (
    select * from {{ ref('int_account_weeks') }}
    where {{ is_stale_week('week_id') }}
),

signals_weekly as (
    select
        weekly.*,
        signals.service_dimension,
        signals.weight as signal_weight
    from {{ ref('int_promise_signals_weekly') }} as weekly
    inner join {{ ref('dim_signals') }} as signals on weekly.signal = signals.signal
    where {{ is_stale_week('weekly.week_id') }} and signals.weight > 0
),

dimensions as (
    select * from {{ ref('dim_service_dimensions') }}
),

factual as (
    select
        week_id,
        account_key,
        service_dimension,
        least(0.0, sum(signal_weight * promise_score) / sum(case when promise_score is not null then signal_weight end)) as promise_gap,
        sum(n_promises) as n_promises,
        sum(n_broken) as n_broken,
        sum(n_open_overdue) as n_open_overdue,
        sum(n_old_commitments) as n_old_commitments
    from signals_weekly
    group by week_id, account_key, service_dimension
)

select
    account_weeks.account_id,
    dimensions.service_dimension,
    account_weeks.week_id,
    account_weeks.week_start_on,
    account_weeks.is_provisional,
    factual.promise_gap,
    cast(coalesce(factual.n_promises, 0) as integer) as n_promises,
    cast(coalesce(factual.n_broken, 0) as integer) as n_broken,
    cast(coalesce(factual.n_open_overdue, 0) as integer) as n_open_overdue,
    cast(coalesce(factual.n_old_commitments, 0) as integer) as n_old_commitments,
    case when factual.promise_gap is null then 'no_promise_due' end as null_reason
from account_weeks
cross join dimensions
left join factual
    on
        account_weeks.week_id = factual.week_id
        and account_weeks.account_key = factual.account_key
        and dimensions.service_dimension = factual.service_dimension

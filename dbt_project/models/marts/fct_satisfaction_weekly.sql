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

voices as (
    select * from {{ ref('int_voices_weekly') }}
    where {{ is_stale_week('week_id') }}
),

eligible as (
    select * from {{ ref('int_eligible_contacts_weekly') }}
    where {{ is_stale_week('week_id') }}
),

dimensions as (
    select * from {{ ref('dim_service_dimensions') }}
),

weighed as (
    select
        *,
        case when is_counted and perception_score is not null then weight end as perception_weight,
        case when is_counted and paired_perception_score is not null then weight end as gap_weight,
        case when is_counted and minimum_score is not null then weight end as minimum_weight
    from voices
),

felt as (
    select
        week_id,
        account_key,
        service_dimension,
        sum(perception_weight * perception_score) / nullif(sum(perception_weight), 0) as perception_score,
        sum(gap_weight * paired_perception_score) / nullif(sum(gap_weight), 0) as paired_perception_score,
        sum(gap_weight * paired_expectation_score) / nullif(sum(gap_weight), 0) as expectation_score,
        sum(minimum_weight * minimum_score) / nullif(sum(minimum_weight), 0) as minimum_score,
        count(perception_weight) as n_contacts,
        count(gap_weight) as n_paired,
        count(minimum_weight) as n_minimum,
        sum(case when is_counted and not is_listed and perception_score is not null then 1 else 0 end) as n_unlisted,
        sum(case when not is_counted then 1 else 0 end) as n_departed,
        sum(perception_weight) * sum(perception_weight) / nullif(sum(perception_weight * perception_weight), 0)
            as n_eff_perception,
        sum(gap_weight) * sum(gap_weight) / nullif(sum(gap_weight * gap_weight), 0) as n_eff_gap,
        max(case when is_counted then last_answered_day end) as last_answered_day
    from weighed
    group by week_id, account_key, service_dimension
),

placed as (
    select
        account_weeks.account_id,
        dimensions.service_dimension,
        account_weeks.week_id,
        account_weeks.week_start_on,
        account_weeks.is_provisional,
        felt.perception_score,
        felt.paired_perception_score,
        felt.expectation_score,
        felt.minimum_score,
        felt.paired_perception_score - felt.expectation_score as satisfaction_gap,
        coalesce(felt.n_contacts, 0) as n_contacts,
        coalesce(felt.n_paired, 0) as n_paired,
        coalesce(felt.n_minimum, 0) as n_minimum,
        coalesce(eligible.n_contacts, 0) + coalesce(felt.n_unlisted, 0) as n_eligible,
        coalesce(felt.n_departed, 0) as n_departed,
        felt.n_eff_perception,
        felt.n_eff_gap,
        felt.last_answered_day
    from account_weeks
    cross join dimensions
    left join felt
        on
            account_weeks.week_id = felt.week_id
            and account_weeks.account_key = felt.account_key
            and dimensions.service_dimension = felt.service_dimension
    left join eligible
        on account_weeks.week_id = eligible.week_id and account_weeks.account_key = eligible.account_key
)

select
    account_id,
    service_dimension,
    week_id,
    week_start_on,
    is_provisional,
    perception_score,
    paired_perception_score,
    expectation_score,
    minimum_score,
    satisfaction_gap,
    cast(n_contacts as integer) as n_contacts,
    cast(n_paired as integer) as n_paired,
    cast(n_minimum as integer) as n_minimum,
    cast(n_eligible as integer) as n_eligible,
    cast(n_departed as integer) as n_departed,
    case when n_eligible > 0 then cast(n_contacts as double) / n_eligible end as coverage_share,
    n_eff_perception,
    n_eff_gap,
    cast(date '1970-01-01' + cast(last_answered_day as integer) as date) as last_answered_on,
    case
        when satisfaction_gap is not null then null
        when n_contacts > 0 then 'no_expectation'
        when n_departed > 0 then 'all_departed'
        when n_eligible = 0 then 'no_contacts'
        else 'no_answers'
    end as null_reason
from placed

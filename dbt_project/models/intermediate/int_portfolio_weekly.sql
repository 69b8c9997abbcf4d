{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget_stale_weeks() }}"
) }}

{#- Each account counts once in every cut, whatever its size. -#}

with cuts as (
    select * from {{ ref('int_account_cuts') }}
    where {{ is_stale_week('week_id') }}
),

satisfaction as (
    select * from {{ ref('fct_satisfaction_weekly') }}
    where {{ is_stale_week('week_id') }} and service_dimension in (select service_dimension from {{ ref('dim_service_dimensions') }})
),

promises as (
    select * from {{ ref('fct_promise_gap_weekly') }}
    where {{ is_stale_week('week_id') }}
),

weights as (
    select * from {{ ref('fct_dimension_weights_weekly') }}
    where basis = 'default' and {{ is_stale_week('week_id') }}
),

-- what was said in that week alone, for the chart: trailing windows would alarm far too often
rated as (
    select
        (submitted_day - 4) // 7 as week_id,
        service_dimension,
        count(*) as n_rated,
        avg(perception_score) as rated_score,
        coalesce(var_pop(perception_score), 0) * count(*) as rated_squares
    from {{ ref('int_ratings_paired') }}
    where
        survey_kind = 'relationship'
        and perception_score is not null
        and (submitted_day - 4) // 7 >= known_from_week
        and (submitted_day - 4) // 7 < known_to_week
        and {{ is_stale_week('(submitted_day - 4) // 7') }}
    group by (submitted_day - 4) // 7, service_dimension
),

by_dimension as (
    select
        cuts.cut,
        cuts.cut_value,
        satisfaction.service_dimension,
        satisfaction.week_id,
        satisfaction.week_start_on,
        satisfaction.is_provisional,
        avg(satisfaction.perception_score) as perception_score,
        avg(satisfaction.paired_perception_score) as paired_perception_score,
        avg(satisfaction.expectation_score) as expectation_score,
        avg(satisfaction.minimum_score) as minimum_score,
        avg(satisfaction.satisfaction_gap) as satisfaction_gap,
        avg(promises.promise_gap) as promise_gap,
        count(*) as n_accounts,
        sum(case when cuts.was_in_it_window_before then 1 else 0 end) as n_accounts_stayed,
        count(satisfaction.perception_score) as n_accounts_heard,
        count(satisfaction.satisfaction_gap) as n_accounts_paired,
        count(*) - count(satisfaction.perception_score) as n_accounts_silent,
        count(satisfaction.adequacy_gap) as n_with_minimum,
        count(case when round(satisfaction.adequacy_gap, 9) < 0 then 1 end) as n_below_minimum,
        sum(satisfaction.n_contacts) as n_contacts,
        sum(satisfaction.n_eligible) as n_eligible
    from cuts
    inner join satisfaction on cuts.week_id = satisfaction.week_id and cuts.account_id = satisfaction.account_id
    left join promises
        on
            satisfaction.week_id = promises.week_id
            and satisfaction.account_id = promises.account_id
            and satisfaction.service_dimension = promises.service_dimension
    group by
        cuts.cut, cuts.cut_value, satisfaction.service_dimension, satisfaction.week_id, satisfaction.week_start_on,
        satisfaction.is_provisional
),

heard_at_all as (
    select
        cuts.cut,
        cuts.cut_value,
        cuts.week_id,
        count(case when people.n_contacts > 0 then 1 end) as n_accounts_heard,
        count(case when people.n_contacts = 0 then 1 end) as n_accounts_silent,
        sum(people.n_contacts) as n_contacts,
        sum(people.n_eligible) as n_eligible
    from cuts
    inner join {{ ref('fct_satisfaction_weekly') }} as people
        on cuts.week_id = people.week_id and cuts.account_id = people.account_id
    where people.service_dimension = 'overall' and {{ is_stale_week('people.week_id') }}
    group by cuts.cut, cuts.cut_value, cuts.week_id
),

-- overall: the weighted dimensions of the level itself; with one missing it is not known
overall as (
    select
        by_dimension.cut,
        by_dimension.cut_value,
        'overall' as service_dimension,
        by_dimension.week_id,
        by_dimension.week_start_on,
        by_dimension.is_provisional,
        case when count(perception_score) = count(*) then sum(weights.weight * perception_score) end as perception_score,
        case when count(paired_perception_score) = count(*) then sum(weights.weight * paired_perception_score) end as paired_perception_score,
        case when count(expectation_score) = count(*) then sum(weights.weight * expectation_score) end as expectation_score,
        case when count(minimum_score) = count(*) then sum(weights.weight * minimum_score) end as minimum_score,
        case when count(satisfaction_gap) = count(*) then sum(weights.weight * satisfaction_gap) end as satisfaction_gap,
        case when count(promise_gap) = count(*) then sum(weights.weight * promise_gap) end as promise_gap,
        max(n_accounts) as n_accounts,
        max(n_accounts_stayed) as n_accounts_stayed,
        min(n_accounts_paired) as n_accounts_paired
    from by_dimension
    inner join weights
        on by_dimension.week_id = weights.week_id and by_dimension.service_dimension = weights.service_dimension
    group by
        by_dimension.cut, by_dimension.cut_value, by_dimension.week_id, by_dimension.week_start_on, by_dimension.is_provisional
),

together as (
    select
        cut, cut_value, service_dimension, week_id, week_start_on, is_provisional,
        perception_score, paired_perception_score, expectation_score, minimum_score, satisfaction_gap, promise_gap,
        n_accounts, n_accounts_stayed, n_accounts_heard, n_accounts_paired, n_accounts_silent, n_with_minimum, n_below_minimum,
        n_contacts, n_eligible
    from by_dimension
    union all
    select
        overall.cut, overall.cut_value, overall.service_dimension, overall.week_id, overall.week_start_on, overall.is_provisional,
        overall.perception_score, overall.paired_perception_score, overall.expectation_score, overall.minimum_score,
        overall.satisfaction_gap, overall.promise_gap,
        overall.n_accounts, overall.n_accounts_stayed, heard_at_all.n_accounts_heard, overall.n_accounts_paired, heard_at_all.n_accounts_silent,
        null as n_with_minimum, null as n_below_minimum,
        heard_at_all.n_contacts, heard_at_all.n_eligible
    from overall
    inner join heard_at_all
        on
            overall.cut = heard_at_all.cut
            and overall.cut_value = heard_at_all.cut_value
            and overall.week_id = heard_at_all.week_id
)

select
    together.cut,
    together.cut_value,
    together.service_dimension,
    together.week_id,
    together.week_start_on,
    together.is_provisional,
    together.perception_score,
    together.paired_perception_score,
    together.expectation_score,
    together.minimum_score,
    together.satisfaction_gap,
    together.promise_gap,
    cast(n_accounts as integer) as n_accounts,
    cast(n_accounts_stayed as integer) as n_accounts_stayed,
    cast(n_accounts_heard as integer) as n_accounts_heard,
    cast(n_accounts_paired as integer) as n_accounts_paired,
    cast(n_accounts_silent as integer) as n_accounts_silent,
    cast(n_with_minimum as integer) as n_with_minimum,
    cast(n_below_minimum as integer) as n_below_minimum,
    cast(n_contacts as integer) as n_contacts,
    cast(n_eligible as integer) as n_eligible,
    case when n_eligible > 0 then cast(n_contacts as double) / n_eligible end as coverage_share,
    cast(rated.n_rated as integer) as n_rated,
    rated.rated_score,
    rated.rated_squares
from together
left join rated
    on
        together.cut = 'all'
        and together.week_id = rated.week_id
        and together.service_dimension = rated.service_dimension

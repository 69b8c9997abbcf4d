{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_stale_weeks() }}"
) }}

{%- set comparisons = {'window': var('window_weeks') | int, 'year': var('year_weeks') | int} -%}

with portfolio as (
    select * from {{ ref('int_portfolio_weekly') }}
    where week_id >= {{ first_stale_week() }} - {{ comparisons.values() | max }}
),

changes as (
    select * from {{ ref('fct_satisfaction_change') }}
    where {{ is_stale_week('week_id') }} and service_dimension <> 'overall'
),

-- of the accounts that are in a part of the portfolio now and were then: K, and those heard at one end only
stayed as (
    {% for name, weeks in comparisons.items() %}
        select
            cuts.cut,
            cuts.cut_value,
            changes.service_dimension,
            changes.week_id,
            changes.weeks_before,
            count(changes.satisfaction_gap_change) as n_stayed,
            count(changes.satisfaction_gap) - count(changes.satisfaction_gap_change) as n_newly_heard,
            count(changes.satisfaction_gap_before) - count(changes.satisfaction_gap_change) as n_no_longer_heard,
            avg(case when changes.satisfaction_gap_change is not null then changes.satisfaction_gap_before end) as gap_before,
            avg(case when changes.satisfaction_gap_change is not null then changes.satisfaction_gap end) as gap_now,
            avg(changes.perception_part) as perception_part,
            avg(changes.expectation_part) as expectation_part,
            avg(changes.respondent_mix_part) as respondent_mix_part
        from {{ ref('int_account_cuts') }} as cuts
        inner join changes
            on cuts.week_id = changes.week_id and cuts.account_id = changes.account_id and changes.weeks_before = {{ weeks }}
        where cuts.was_in_it_{{ name }}_before
        group by cuts.cut, cuts.cut_value, changes.service_dimension, changes.week_id, changes.weeks_before
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

compared as (
    {% for weeks in comparisons.values() %}
        select
            portfolio.*,
            {{ weeks }} as weeks_before,
            portfolio.week_id - {{ weeks }} < (select min(week_id) from {{ ref('dim_weeks') }}) as is_before_history,
            earlier.cut is not null as was_there,
            earlier.satisfaction_gap as satisfaction_gap_before,
            portfolio.satisfaction_gap - earlier.satisfaction_gap as satisfaction_gap_change,
            coalesce(earlier.n_accounts_paired, 0) as n_accounts_paired_before,
            earlier.coverage_share as coverage_share_before
        from portfolio
        left join portfolio as earlier
            on
                portfolio.week_id = earlier.week_id + {{ weeks }}
                and portfolio.cut = earlier.cut
                and portfolio.cut_value = earlier.cut_value
                and portfolio.service_dimension = earlier.service_dimension
        where {{ is_stale_week('portfolio.week_id') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- without an account heard at both ends all of it is accounts that came and went
turned as (
    select
        compared.*,
        coalesce(stayed.n_stayed, 0) as n_stayed,
        coalesce(stayed.n_newly_heard, 0) as n_newly_heard,
        coalesce(stayed.n_no_longer_heard, 0) as n_no_longer_heard,
        coalesce(stayed.perception_part, 0.0) as perception_part,
        coalesce(stayed.expectation_part, 0.0) as expectation_part,
        coalesce(stayed.respondent_mix_part, 0.0) as respondent_mix_part,
        case
            when compared.n_accounts_paired = stayed.n_stayed then 0.0
            else compared.satisfaction_gap - stayed.gap_now
        end as joined_part,
        case
            when compared.n_accounts_paired_before = stayed.n_stayed then 0.0
            else stayed.gap_before - compared.satisfaction_gap_before
        end as left_part
    from compared
    left join stayed
        on
            compared.cut = stayed.cut
            and compared.cut_value = stayed.cut_value
            and compared.service_dimension = stayed.service_dimension
            and compared.week_id = stayed.week_id
            and compared.weeks_before = stayed.weeks_before
),

weights as (
    select * from {{ ref('fct_dimension_weights_weekly') }}
    where basis = 'default' and week_id >= {{ first_stale_week() }} - {{ comparisons.values() | max }}
),

weighed as (
    select
        turned.*,
        coalesce(turned.satisfaction_gap_change, 0.0)
        - turned.perception_part - turned.expectation_part - turned.respondent_mix_part as turnover_part,
        coalesce(weights.weight, 0.0) as weight,
        coalesce(earlier_weights.weight, 0.0) as weight_before,
        (coalesce(weights.weight, 0.0) + coalesce(earlier_weights.weight, 0.0)) / 2 as mean_weight,
        coalesce(turned.satisfaction_gap_before, turned.satisfaction_gap) as gap_before,
        coalesce(turned.satisfaction_gap, turned.satisfaction_gap_before) as gap_now
    from turned
    left join weights
        on turned.week_id = weights.week_id and turned.service_dimension = weights.service_dimension
    left join weights as earlier_weights
        on
            turned.week_id = earlier_weights.week_id + turned.weeks_before
            and turned.service_dimension = earlier_weights.service_dimension
),

-- overall: the dimensions of the level itself; one that had no weight then brings its weight alone
overall as (
    select
        cut,
        cut_value,
        week_id,
        weeks_before,
        sum(mean_weight * perception_part) as perception_part,
        sum(mean_weight * expectation_part) as expectation_part,
        sum((weight - weight_before) * (gap_before + gap_now) / 2) as weights_part,
        sum(mean_weight * respondent_mix_part) as respondent_mix_part,
        sum(mean_weight * turnover_part) as turnover_part,
        case when count(case when satisfaction_gap_change is not null then joined_part end) = count(satisfaction_gap_change) then sum(mean_weight * joined_part) end as joined_part,
        case when count(case when satisfaction_gap_change is not null then left_part end) = count(satisfaction_gap_change) then sum(mean_weight * left_part) end as left_part
    from weighed
    where service_dimension <> 'overall' and (weight > 0 or weight_before > 0)
    group by cut, cut_value, week_id, weeks_before
),

split as (
    select
        {% for part in ['perception', 'expectation', 'weights', 'respondent_mix', 'turnover', 'joined', 'left'] %}
            overall.{{ part }}_part as overall_{{ part }}_part,
        {% endfor %}
        weighed.service_dimension = 'overall' as is_overall,
        weighed.service_dimension <> 'overall' and not weighed.is_before_history as is_counted,
        weighed.*
    from weighed
    left join overall
        on
            weighed.cut = overall.cut
            and weighed.cut_value = overall.cut_value
            and weighed.week_id = overall.week_id
            and weighed.weeks_before = overall.weeks_before
            and weighed.service_dimension = 'overall'
)

select
    cut,
    cut_value,
    service_dimension,
    week_id,
    week_start_on,
    is_provisional,
    cast(weeks_before as integer) as weeks_before,
    satisfaction_gap_before,
    satisfaction_gap,
    satisfaction_gap_change,
    case when satisfaction_gap_change is not null then overall_weights_part end as weights_part,
    {% for part in ['perception', 'expectation', 'respondent_mix', 'turnover', 'joined', 'left'] %}
        case
            when satisfaction_gap_change is null then null
            when is_overall then overall_{{ part }}_part
            else {{ part }}_part
        end as {{ part }}_part,
    {% endfor %}
    cast(case when is_counted then n_stayed end as integer) as n_stayed,
    cast(case when is_counted then n_accounts_paired - n_stayed - n_newly_heard end as integer) as n_joined,
    cast(case when is_counted then n_newly_heard end as integer) as n_newly_heard,
    cast(case when is_counted then n_accounts_paired_before - n_stayed - n_no_longer_heard end as integer) as n_left,
    cast(case when is_counted then n_no_longer_heard end as integer) as n_no_longer_heard,
    cast(case when not is_before_history then n_accounts_paired_before end as integer) as n_accounts_paired_before,
    n_accounts_paired,
    coverage_share_before,
    coverage_share,
    case
        when satisfaction_gap_change is not null then null
        when is_before_history then 'before_history'
        when not was_there then 'not_there_before'
        when satisfaction_gap_before is not null then 'unknown_now'
        when satisfaction_gap is not null then 'unknown_before'
        else 'unknown_both'
    end as null_reason
from split

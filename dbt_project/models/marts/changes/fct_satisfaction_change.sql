{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_stale_weeks() }}"
) }}

{%- set comparisons = [var('window_weeks') | int, var('year_weeks') | int] | unique | list -%}

with satisfaction as (
    select
        account_id,
        service_dimension,
        week_id,
        week_start_on,
        is_provisional,
        satisfaction_gap,
        n_paired,
        coverage_share
    from {{ ref('fct_satisfaction_weekly') }}
    where week_id >= {{ first_stale_week() }} - {{ comparisons | max }}
),

weights as (
    select * from {{ ref('fct_dimension_weights_weekly') }}
    where basis = 'default' and week_id >= {{ first_stale_week() }} - {{ comparisons | max }}
),

voices as (
    select *
    from {{ ref('int_voices_weekly') }}
    where
        is_counted
        and paired_perception_score is not null
        and week_id >= {{ first_stale_week() }} - {{ comparisons | max }}
),

-- who gave a gap in both windows: the same people, so what moved is them
stayed as (
    {% for weeks in comparisons %}
        select
            voices.week_id,
            {{ weeks }} as weeks_before,
            voices.account_id,
            voices.service_dimension,
            voices.voice_key,
            (voices.weight + earlier.weight) / 2 as weight,
            voices.paired_perception_score - earlier.paired_perception_score as perception_change,
            voices.paired_expectation_score - earlier.paired_expectation_score as expectation_change
        from voices
        inner join voices as earlier
            on
                voices.week_id = earlier.week_id + {{ weeks }}
                and voices.account_key = earlier.account_key
                and voices.voice_key = earlier.voice_key
                and voices.service_dimension = earlier.service_dimension
        where {{ is_stale_week('voices.week_id') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

stayers as (
    select
        week_id,
        weeks_before,
        account_id,
        service_dimension,
        count(*) as n_stayers,
        sum(weight * perception_change) / nullif(sum(weight), 0) as perception_change,
        sum(weight * expectation_change) / nullif(sum(weight), 0) as expectation_change
    from stayed
    group by week_id, weeks_before, account_id, service_dimension
    union all
    select
        week_id,
        weeks_before,
        account_id,
        'overall' as service_dimension,
        count(distinct voice_key) as n_stayers,
        null as perception_change,
        null as expectation_change
    from stayed
    group by week_id, weeks_before, account_id
),

compared as (
    {% for weeks in comparisons %}
        select
            satisfaction.*,
            {{ weeks }} as weeks_before,
            satisfaction.week_id - {{ weeks }} < (select min(week_id) from {{ ref('dim_weeks') }}) as is_before_history,
            earlier.account_id is not null as was_active,
            earlier.satisfaction_gap as satisfaction_gap_before,
            earlier.n_paired as n_paired_before,
            earlier.coverage_share as coverage_share_before
        from satisfaction
        left join satisfaction as earlier
            on
                satisfaction.week_id = earlier.week_id + {{ weeks }}
                and satisfaction.account_id = earlier.account_id
                and satisfaction.service_dimension = earlier.service_dimension
        where {{ is_stale_week('satisfaction.week_id') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- without anybody in both windows the perception and the expectation of the same people did not move
moved as (
    select
        compared.*,
        compared.satisfaction_gap - compared.satisfaction_gap_before as satisfaction_gap_change,
        coalesce(stayers.n_stayers, 0) as n_stayers,
        coalesce(stayers.perception_change, 0.0) as perception_part,
        -coalesce(stayers.expectation_change, 0.0) as expectation_part,
        coalesce(weights.weight, 0.0) as weight,
        coalesce(earlier_weights.weight, 0.0) as weight_before
    from compared
    left join stayers
        on
            compared.week_id = stayers.week_id
            and compared.weeks_before = stayers.weeks_before
            and compared.account_id = stayers.account_id
            and compared.service_dimension = stayers.service_dimension
    left join weights
        on compared.week_id = weights.week_id and compared.service_dimension = weights.service_dimension
    left join weights as earlier_weights
        on
            compared.week_id = earlier_weights.week_id + compared.weeks_before
            and compared.service_dimension = earlier_weights.service_dimension
),

-- a dimension that had no weight then needs no gap then: all it brings is its weight
weighed as (
    select
        *,
        (weight_before + weight) / 2 as mean_weight,
        coalesce(satisfaction_gap_change, 0.0) - perception_part - expectation_part as respondent_mix_part,
        coalesce(satisfaction_gap_before, satisfaction_gap) as gap_before,
        coalesce(satisfaction_gap, satisfaction_gap_before) as gap_now
    from moved
    where service_dimension <> 'overall' and (weight > 0 or weight_before > 0)
),

overall_parts as (
    select
        week_id,
        weeks_before,
        account_id,
        sum(mean_weight * perception_part) as perception_part,
        sum(mean_weight * expectation_part) as expectation_part,
        sum((weight - weight_before) * (gap_before + gap_now) / 2) as weights_part,
        sum(mean_weight * respondent_mix_part) as respondent_mix_part
    from weighed
    group by week_id, weeks_before, account_id
),

split as (
    select
        moved.*,
        overall_parts.perception_part as overall_perception_part,
        overall_parts.expectation_part as overall_expectation_part,
        overall_parts.weights_part as overall_weights_part,
        overall_parts.respondent_mix_part as overall_respondent_mix_part
    from moved
    left join overall_parts
        on
            moved.week_id = overall_parts.week_id
            and moved.weeks_before = overall_parts.weeks_before
            and moved.account_id = overall_parts.account_id
            and moved.service_dimension = 'overall'
)

select
    account_id,
    service_dimension,
    week_id,
    week_start_on,
    is_provisional,
    cast(weeks_before as integer) as weeks_before,
    satisfaction_gap_before,
    satisfaction_gap,
    satisfaction_gap_change,
    case
        when satisfaction_gap_change is null then null
        when service_dimension = 'overall' then overall_perception_part
        else perception_part
    end as perception_part,
    case
        when satisfaction_gap_change is null then null
        when service_dimension = 'overall' then overall_expectation_part
        else expectation_part
    end as expectation_part,
    case when satisfaction_gap_change is not null then overall_weights_part end as weights_part,
    case
        when satisfaction_gap_change is null then null
        when service_dimension = 'overall' then overall_respondent_mix_part
        else satisfaction_gap_change - perception_part - expectation_part
    end as respondent_mix_part,
    cast(case when not is_before_history then n_stayers end as integer) as n_stayers,
    n_paired_before,
    n_paired,
    coverage_share_before,
    coverage_share,
    case
        when satisfaction_gap_change is not null then null
        when is_before_history then 'before_history'
        when not was_active then 'not_active_before'
        when satisfaction_gap_before is not null then 'unknown_now'
        when satisfaction_gap is not null then 'unknown_before'
        else 'unknown_both'
    end as null_reason
from split

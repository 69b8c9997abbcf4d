{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_stale_weeks() }}") }}

{#-
    One row per active account, service dimension and week with voices: their weighted means, how many
    they are, and what is needed to say how far to believe the means (effective number, unweighted
    mean and sum of squares about it). Of perception, of the gap, and of perception above the minimum.
-#}

with voices as (
    select * from {{ ref('int_voices_weekly') }}
    where {{ is_stale_week('week_id') }}
),

account_weeks as (
    select week_id, account_key from {{ ref('int_account_weeks') }}
    where {{ is_stale_week('week_id') }}
),

measured as (
    select
        voices.*,
        paired_perception_score - paired_expectation_score as satisfaction_gap,
        bounded_perception_score - minimum_score as adequacy_gap,
        case when is_counted and perception_score is not null then weight end as perception_weight,
        case when is_counted and paired_perception_score is not null then weight end as gap_weight,
        case when is_counted and minimum_score is not null then weight end as adequacy_weight,
        -- who accepts no less than wished for has no zone of tolerance
        is_counted and round(bounded_expectation_score, 9) <= round(minimum_score, 9) as is_inverted
    from voices
    -- a join would let all the sums below be made twice, before and after it
    where exists (
        select 1 from account_weeks
        where account_weeks.week_id = voices.week_id and account_weeks.account_key = voices.account_key
    )
),

zoned as (
    select
        *,
        case when adequacy_weight is not null and not is_inverted then weight end as zone_weight
    from measured
)

select
    week_id,
    account_key,
    service_dimension,
    sum(perception_weight * perception_score) / nullif(sum(perception_weight), 0) as perception_score,
    sum(gap_weight * paired_perception_score) / nullif(sum(gap_weight), 0) as paired_perception_score,
    sum(gap_weight * paired_expectation_score) / nullif(sum(gap_weight), 0) as expectation_score,
    sum(adequacy_weight * minimum_score) / nullif(sum(adequacy_weight), 0) as minimum_score,
    sum(adequacy_weight * adequacy_gap) / nullif(sum(adequacy_weight), 0) as adequacy_gap,
    sum(adequacy_weight * (bounded_perception_score - bounded_expectation_score)) / nullif(sum(adequacy_weight), 0)
        as superiority_gap,
    sum(zone_weight * (bounded_perception_score - minimum_score))
    / nullif(sum(zone_weight * (bounded_expectation_score - minimum_score)), 0) as zone_position,
    cast(count(perception_weight) as integer) as n_contacts,
    cast(count(gap_weight) as integer) as n_paired,
    cast(count(adequacy_weight) as integer) as n_minimum,
    cast(count(case when is_inverted then 1 end) as integer) as n_inverted,
    cast(count(case when gap_weight is not null and is_same_response then 1 end) as integer) as n_same_response,
    cast(count(case when perception_weight is not null and not is_listed then 1 end) as integer) as n_unlisted,
    cast(count(case when not is_counted then 1 end) as integer) as n_departed,
    {% for measure in ['perception', 'gap', 'adequacy'] %}
        sum({{ measure }}_weight) * sum({{ measure }}_weight) / nullif(sum({{ measure }}_weight * {{ measure }}_weight), 0)
            as n_eff_{{ measure }},
    {% endfor %}
    {% for measure, value in [('perception', 'perception_score'), ('gap', 'satisfaction_gap'), ('adequacy', 'adequacy_gap')] %}
        avg(case when {{ measure }}_weight is not null then {{ value }} end) as {{ measure }}_plain_mean,
        coalesce(var_pop(case when {{ measure }}_weight is not null then {{ value }} end), 0) * count({{ measure }}_weight)
            as {{ measure }}_squares,
    {% endfor %}
    max(case when is_counted then last_answered_day end) as last_answered_day
from zoned
group by week_id, account_key, service_dimension

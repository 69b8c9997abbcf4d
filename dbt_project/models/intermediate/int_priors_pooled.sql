{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_stale_weeks() }}") }}

{#-
    One row per service dimension and week: what all active accounts together say about one of them,
    for perception, gap and perception above the minimum. Normal empirical Bayes: the variance within
    accounts pooled over those with several voices, the variance between them by moments (DerSimonian
    and Laird), floored at 0, and the mean with weights 1 / (v + between).
-#}

{%- set measures = {'perception': 'perception_score', 'gap': 'satisfaction_gap', 'adequacy': 'adequacy_gap'} -%}

with voices as (
    select *, paired_perception_score - expectation_score as satisfaction_gap
    from {{ ref('int_voices_averaged') }}
    where {{ is_stale_week('week_id') }}
),

within_accounts as (
    select
        {% for measure, value in measures.items() %}
            sum({{ measure }}_squares) / nullif(sum(greatest({{ {'perception': 'n_contacts', 'gap': 'n_paired', 'adequacy': 'n_minimum'}[measure] }} - 1, 0)), 0)
                as {{ measure }}_pooled_variance,
            avg({{ value }}) as {{ measure }}_centre,
        {% endfor %}
        week_id,
        service_dimension
    from voices
    group by week_id, service_dimension
),

spread as (
    select
        {% for measure in measures %}
            {{ measure }}_centre,
            coalesce(round({{ measure }}_pooled_variance, 9), 0) = 0 as {{ measure }}_is_default_variance,
            case
                when coalesce(round({{ measure }}_pooled_variance, 9), 0) = 0
                    then cast({{ var('default_within_sd_score') }} as double) * {{ var('default_within_sd_score') }}
                else {{ measure }}_pooled_variance
            end as {{ measure }}_within_variance,
        {% endfor %}
        week_id,
        service_dimension
    from within_accounts
),

-- each account's value from the centre, with the precision of its own voices
placed as (
    select
        {% for measure, value in measures.items() %}
            spread.{{ measure }}_centre,
            spread.{{ measure }}_is_default_variance,
            spread.{{ measure }}_within_variance,
            voices.{{ value }} - spread.{{ measure }}_centre as {{ measure }}_distance,
            spread.{{ measure }}_within_variance / voices.n_eff_{{ measure }} as {{ measure }}_variance,
        {% endfor %}
        voices.week_id,
        voices.service_dimension
    from voices
    inner join spread on voices.week_id = spread.week_id and voices.service_dimension = spread.service_dimension
),

moments as (
    select
        {% for measure in measures %}
            count({{ measure }}_distance) as {{ measure }}_n_accounts,
            sum(1.0 / {{ measure }}_variance) as {{ measure }}_w,
            sum(1.0 / ({{ measure }}_variance * {{ measure }}_variance)) as {{ measure }}_w2,
            sum({{ measure }}_distance / {{ measure }}_variance) as {{ measure }}_wd,
            sum({{ measure }}_distance * {{ measure }}_distance / {{ measure }}_variance) as {{ measure }}_wd2,
        {% endfor %}
        week_id,
        service_dimension
    from placed
    group by week_id, service_dimension
),

between_accounts as (
    select
        {% for measure in measures %}
            {{ measure }}_n_accounts,
            case
                when {{ measure }}_n_accounts > 1
                    then greatest(
                        0.0,
                        ({{ measure }}_wd2 - {{ measure }}_wd * {{ measure }}_wd / {{ measure }}_w - ({{ measure }}_n_accounts - 1))
                        / ({{ measure }}_w - {{ measure }}_w2 / {{ measure }}_w)
                    )
                else 0.0
            end as {{ measure }}_between_variance,
        {% endfor %}
        week_id,
        service_dimension
    from moments
)

select
    {% for measure in measures %}
        max(between_accounts.{{ measure }}_n_accounts) as {{ measure }}_n_accounts,
        max(placed.{{ measure }}_is_default_variance) as {{ measure }}_is_default_variance,
        max(placed.{{ measure }}_within_variance) as {{ measure }}_within_variance,
        max(between_accounts.{{ measure }}_between_variance) as {{ measure }}_between_variance,
        sum(1.0 / (placed.{{ measure }}_variance + between_accounts.{{ measure }}_between_variance)) as {{ measure }}_precision,
        max(placed.{{ measure }}_centre)
        + sum(placed.{{ measure }}_distance / (placed.{{ measure }}_variance + between_accounts.{{ measure }}_between_variance))
        / sum(1.0 / (placed.{{ measure }}_variance + between_accounts.{{ measure }}_between_variance)) as {{ measure }}_prior_mean,
    {% endfor %}
    placed.week_id,
    placed.service_dimension
from placed
inner join between_accounts
    on placed.week_id = between_accounts.week_id and placed.service_dimension = between_accounts.service_dimension
group by placed.week_id, placed.service_dimension

{{ config(materialized='table') }}

{%- set kept = '(1.0 - ' ~ var('ewma_lambda') ~ ')' -%}

with portfolio as (
    select * from {{ ref('int_portfolio_weekly') }}
),

rebases as (
    select service_dimension, {{ week_of('cast(from_on as timestamp)') }} as from_week
    from {{ ref('chart_rebases') }}
),

-- each service dimension has one chart; a new base begins a new section of it
sections as (
    select
        portfolio.service_dimension,
        portfolio.week_id,
        coalesce(portfolio.n_rated, 0) as n_rated,
        portfolio.rated_score,
        portfolio.rated_squares,
        count(rebases.from_week) as section
    from portfolio
    left join rebases
        on portfolio.service_dimension = rebases.service_dimension and portfolio.week_id >= rebases.from_week
    where portfolio.cut = 'all' and portfolio.service_dimension <> 'overall'
    group by
        portfolio.service_dimension, portfolio.week_id, portfolio.n_rated, portfolio.rated_score, portfolio.rated_squares
),

counted as (
    select
        *,
        sum(case when n_rated > 0 then 1 else 0 end) over (
            partition by service_dimension, section order by week_id rows between unbounded preceding and current row
        ) as n_weeks
    from sections
),

-- the usual level and spread: frozen when enough weeks have spoken
bases as (
    select
        service_dimension,
        section,
        sum(n_rated * rated_score) / sum(n_rated) as mean_score,
        case
            when round(sum(rated_squares), 9) > 0 then sum(rated_squares) / (sum(n_rated) - count(*))
        end as variance
    from counted
    where n_rated > 0 and n_weeks <= {{ var('ewma_baseline_weeks') }}
    group by service_dimension, section
    having count(*) = {{ var('ewma_baseline_weeks') }}
),

-- z_t and V_t written out: every rated week since the base, with what the later ones have left of it
averaged as (
    select
        counted.service_dimension,
        counted.week_id,
        bases.mean_score,
        sqrt(bases.variance) as sd,
        bases.mean_score + {{ var('ewma_lambda') }} * sum(
            power({{ kept }}, counted.n_weeks - earlier.n_weeks) * (earlier.rated_score - bases.mean_score)
        ) as score,
        {{ var('ewma_limit') }} * {{ var('ewma_lambda') }} * sqrt(
            bases.variance * sum(power({{ kept }}, 2 * (counted.n_weeks - earlier.n_weeks)) / earlier.n_rated)
        ) as half_width
    from counted
    inner join bases on counted.service_dimension = bases.service_dimension and counted.section = bases.section
    inner join counted as earlier
        on
            counted.service_dimension = earlier.service_dimension
            and counted.section = earlier.section
            and counted.week_id >= earlier.week_id
            and earlier.n_rated > 0
            and earlier.n_weeks > {{ var('ewma_baseline_weeks') }}
    group by counted.service_dimension, counted.week_id, bases.mean_score, bases.variance
)

select
    {{ columns_without('portfolio', ['n_accounts_stayed', 'n_rated', 'rated_squares']) }},
    portfolio.satisfaction_gap - before.satisfaction_gap as gap_change_13,
    portfolio.paired_perception_score - before.paired_perception_score as perception_change_13,
    portfolio.expectation_score - before.expectation_score as expectation_change_13,
    case
        when portfolio.week_id - {{ var('window_weeks') }} >= (select min(week_id) from {{ ref('dim_weeks') }})
            then portfolio.n_accounts - portfolio.n_accounts_stayed
    end as n_joined,
    case
        when portfolio.week_id - {{ var('window_weeks') }} >= (select min(week_id) from {{ ref('dim_weeks') }})
            then coalesce(before.n_accounts, 0) - portfolio.n_accounts_stayed
    end as n_left,
    cast(counted.n_rated as integer) as n_rated,
    averaged.mean_score as ewma_mean_score,
    averaged.sd as ewma_sd,
    averaged.score as ewma_score,
    averaged.mean_score - averaged.half_width as ewma_low_score,
    averaged.mean_score + averaged.half_width as ewma_high_score,
    round(abs(averaged.score - averaged.mean_score), 9) > round(averaged.half_width, 9) as is_out_of_control,
    counted.n_weeks <= {{ var('ewma_baseline_weeks') }} as is_baseline,
    case
        when counted.week_id is null then 'not_charted'
        when averaged.week_id is null then 'baseline'
        when averaged.sd is null then 'no_variance'
    end as ewma_null_reason
from portfolio
left join portfolio as before
    on
        portfolio.cut = before.cut
        and portfolio.cut_value = before.cut_value
        and portfolio.service_dimension = before.service_dimension
        and portfolio.week_id = before.week_id + {{ var('window_weeks') }}
left join counted
    on
        portfolio.cut = 'all'
        and portfolio.service_dimension = counted.service_dimension
        and portfolio.week_id = counted.week_id
left join averaged
    on
        portfolio.cut = 'all'
        and portfolio.service_dimension = averaged.service_dimension
        and portfolio.week_id = averaged.week_id

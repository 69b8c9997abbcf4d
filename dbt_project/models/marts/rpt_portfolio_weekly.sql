{{ config(materialized='table') }}

with portfolio as (
    select * from {{ ref('int_portfolio_weekly') }}
)

select
    portfolio.*,
    portfolio.satisfaction_gap - before.satisfaction_gap as gap_change_13,
    portfolio.paired_perception_score - before.paired_perception_score as perception_change_13,
    portfolio.expectation_score - before.expectation_score as expectation_change_13
from portfolio
left join portfolio as before
    on
        portfolio.cut = before.cut
        and portfolio.cut_value = before.cut_value
        and portfolio.service_dimension = before.service_dimension
        and portfolio.week_id = before.week_id + {{ var('window_weeks') }}

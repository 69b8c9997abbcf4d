{{ config(materialized='table') }}

with placed as (
    {{ placed_in_cuts('week_id >= 0') }}
),

members as (
    {% for cut in portfolio_cuts() %}
        select '{{ cut }}' as cut, in_{{ cut }} as cut_value, account_id, week_id
        from placed
        where in_{{ cut }} is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    cut,
    cut_value,
    account_id,
    min(week_id) as first_week_id,
    max(week_id) as last_week_id
from members
group by cut, cut_value, account_id

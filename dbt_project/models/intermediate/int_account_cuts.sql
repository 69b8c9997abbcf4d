{{ config(materialized='view') }}

{#-
    One row per stale week, active account and cut of the portfolio that the account is in, and whether it
    was in the same part of it one window and one year before, as known then.
-#}

{%- set comparisons = {'window': var('window_weeks') | int, 'year': var('year_weeks') | int} -%}
{%- set cuts = portfolio_cuts() -%}

with placed as (
    {{ placed_in_cuts('week_id >= ' ~ (stale_from_week() | int - comparisons.values() | max)) }}
),

compared as (
    select
        {% for cut in cuts %}
            coalesce(window_before.in_{{ cut }} = placed.in_{{ cut }}, false) as was_in_{{ cut }}_window_before,
            coalesce(year_before.in_{{ cut }} = placed.in_{{ cut }}, false) as was_in_{{ cut }}_year_before,
        {% endfor %}
        placed.*
    from placed
    {% for name, weeks in comparisons.items() %}
        left join placed as {{ name }}_before
            on placed.week_id = {{ name }}_before.week_id + {{ weeks }} and placed.account_key = {{ name }}_before.account_key
    {% endfor %}
    where placed.week_id >= {{ stale_from_week() }}
)

{% for cut in cuts %}
    select
        week_id,
        account_key,
        account_id,
        '{{ cut }}' as cut,
        in_{{ cut }} as cut_value,
        was_in_{{ cut }}_window_before as was_in_it_window_before,
        was_in_{{ cut }}_year_before as was_in_it_year_before
    from compared
    where in_{{ cut }} is not null
    {{ 'union all' if not loop.last }}
{% endfor %}

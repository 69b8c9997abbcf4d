{{ config(materialized='view') }}

with priors as (
    select * from {{ ref('int_priors_pooled') }}
),

measured as (
    {% for measure in ['perception', 'gap', 'adequacy'] %}
        select
            week_id,
            service_dimension,
            '{{ measure }}' as measure,
            {{ measure }}_prior_mean as prior_mean,
            {{ measure }}_between_variance as between_variance,
            {{ measure }}_within_variance as within_variance,
            {{ measure }}_is_default_variance as is_default_variance,
            {{ measure }}_n_accounts as n_accounts
        from priors
        where {{ measure }}_n_accounts > 0
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    measured.week_id,
    weeks.week_start_on,
    weeks.is_provisional,
    measured.service_dimension,
    measured.measure,
    measured.prior_mean,
    measured.between_variance,
    measured.within_variance,
    measured.is_default_variance,
    cast(measured.n_accounts as integer) as n_accounts,
    round(measured.between_variance, 9) = 0 as are_accounts_alike
from measured
inner join {{ ref('dim_weeks') }} as weeks on measured.week_id = weeks.week_id

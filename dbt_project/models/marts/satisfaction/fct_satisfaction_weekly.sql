{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_stale_weeks() }}"
) }}

{#- Half the width of a 95 % interval of a normal distribution, in standard deviations. -#}
{%- set z = 1.959963984540054 -%}

with account_weeks as (
    select * from {{ ref('int_account_weeks') }}
    where {{ is_stale_week('week_id') }}
),

felt as (
    select *, paired_perception_score - expectation_score as satisfaction_gap
    from {{ ref('int_voices_averaged') }}
    where {{ is_stale_week('week_id') }}
),

priors as (
    select * from {{ ref('int_priors_pooled') }}
    where {{ is_stale_week('week_id') }}
),

eligible as (
    select * from {{ ref('int_eligible_contacts_weekly') }}
    where {{ is_stale_week('week_id') }}
),

changes as (
    select * from {{ ref('int_changes_tested') }}
    where {{ is_stale_week('week_id') }}
),

dimensions as (
    select * from {{ ref('dim_service_dimensions') }}
),

weights as (
    select
        week_id,
        service_dimension,
        max(case when basis = 'default' then weight end) as weight,
        max(case when basis = 'stated' then weight end) as stated_weight,
        max(case when basis = 'derived' then weight end) as derived_weight
    from {{ ref('fct_dimension_weights_weekly') }}
    where {{ is_stale_week('week_id') }}
    group by week_id, service_dimension
),

-- how much of the distance from everybody's mean is the account's own, and how uncertain the rest leaves it
believed as (
    select
        {% for measure, value in [('perception', 'perception_score'), ('gap', 'satisfaction_gap'), ('adequacy', 'adequacy_gap')] %}
            priors.{{ measure }}_prior_mean,
            priors.{{ measure }}_precision,
            priors.{{ measure }}_within_variance,
            felt.{{ value }} - priors.{{ measure }}_prior_mean as {{ measure }}_distance,
            priors.{{ measure }}_within_variance / felt.n_eff_{{ measure }} as {{ measure }}_variance,
            priors.{{ measure }}_between_variance
            / (priors.{{ measure }}_between_variance + priors.{{ measure }}_within_variance / felt.n_eff_{{ measure }})
                as {{ measure }}_own_share,
        {% endfor %}
        felt.*
    from felt
    inner join priors on felt.week_id = priors.week_id and felt.service_dimension = priors.service_dimension
),

shrunk as (
    select
        {% for measure in ['perception', 'gap', 'adequacy'] %}
            {{ measure }}_prior_mean + {{ measure }}_own_share * {{ measure }}_distance as {{ measure }}_shrunk,
            sqrt(
                {{ measure }}_own_share * {{ measure }}_variance
                + (1.0 - {{ measure }}_own_share) * (1.0 - {{ measure }}_own_share) / {{ measure }}_precision
            ) as {{ measure }}_posterior_sd,
        {% endfor %}
        *
    from believed
),

placed as (
    select
        account_weeks.account_key,
        account_weeks.account_id,
        dimensions.service_dimension,
        account_weeks.week_id,
        account_weeks.week_start_on,
        account_weeks.is_provisional,
        shrunk.perception_score,
        shrunk.paired_perception_score,
        shrunk.expectation_score,
        shrunk.minimum_score,
        shrunk.satisfaction_gap,
        shrunk.adequacy_gap,
        shrunk.superiority_gap,
        shrunk.zone_position,
        coalesce(shrunk.n_contacts, 0) as n_contacts,
        coalesce(shrunk.n_paired, 0) as n_paired,
        coalesce(shrunk.n_minimum, 0) as n_minimum,
        coalesce(shrunk.n_inverted, 0) as n_inverted,
        coalesce(shrunk.n_same_response, 0) as n_same_response,
        coalesce(eligible.n_contacts, 0) + coalesce(shrunk.n_unlisted, 0) as n_eligible,
        coalesce(shrunk.n_departed, 0) as n_departed,
        shrunk.n_eff_perception,
        shrunk.n_eff_gap,
        sqrt(shrunk.perception_variance) as perception_sampling_sd,
        sqrt(shrunk.gap_variance) as gap_sampling_sd,
        shrunk.perception_shrunk,
        shrunk.perception_posterior_sd,
        shrunk.gap_shrunk,
        shrunk.gap_posterior_sd,
        shrunk.adequacy_shrunk,
        shrunk.adequacy_posterior_sd,
        shrunk.last_answered_day,
        {% for measure in ['perception', 'gap'] %}
            changes.{{ measure }}_change,
            changes.{{ measure }}_change_low,
            changes.{{ measure }}_change_high,
            changes.{{ measure }}_p_value,
            changes.{{ measure }}_q_value,
            coalesce(changes.{{ measure }}_trend, 'too_few_answers') as {{ measure }}_trend,
        {% endfor %}
        weights.weight,
        weights.stated_weight,
        weights.derived_weight
    from account_weeks
    cross join dimensions
    left join shrunk
        on
            account_weeks.week_id = shrunk.week_id
            and account_weeks.account_key = shrunk.account_key
            and dimensions.service_dimension = shrunk.service_dimension
    left join eligible
        on account_weeks.week_id = eligible.week_id and account_weeks.account_key = eligible.account_key
    left join changes
        on
            account_weeks.week_id = changes.week_id
            and account_weeks.account_key = changes.account_key
            and dimensions.service_dimension = changes.service_dimension
    left join weights
        on account_weeks.week_id = weights.week_id and dimensions.service_dimension = weights.service_dimension
),

covered as (
    select
        case when n_eligible > 0 then cast(n_contacts as double) / n_eligible end as heard_share,
        case when n_eligible > 0 then cast(n_paired as double) / n_eligible end as paired_share,
        -- asked of everybody there is, a mean has no error of sampling left
        {% for measure, n in [('perception', 'n_contacts'), ('gap', 'n_paired')] %}
            case
                when n_eligible <= 1 then 1.0
                when {{ n }} >= n_eligible then 0.0
                else sqrt((n_eligible - {{ n }}) / (n_eligible - 1.0))
            end as {{ measure }}_finite_factor,
        {% endfor %}
        *
    from placed
),

-- of one dimension each: who is heard on trust may be silent on speed
certain as (
    select
        perception_sampling_sd * perception_finite_factor as perception_standard_error,
        gap_sampling_sd * gap_finite_factor as gap_standard_error,
        heard_share * perception_score as perception_silent_low_score,
        heard_share * perception_score + (1.0 - heard_share) * 100.0 as perception_silent_high_score,
        paired_share * satisfaction_gap - (1.0 - paired_share) * 100.0 as gap_silent_low,
        paired_share * satisfaction_gap + (1.0 - paired_share) * 100.0 as gap_silent_high,
        *
    from covered
),

-- how many people stand behind an account's dimensions together, whichever they spoke of
people as (
    select
        week_id,
        account_key,
        max(perception_score is not null) as is_heard,
        max(paired_perception_score is not null) as is_paired,
        max(minimum_score is not null) as is_bounded,
        max(perception_score is not null and not is_listed) as is_unlisted
    from {{ ref('int_voices_weekly') }}
    where is_counted and {{ is_stale_week('week_id') }}
    group by week_id, account_key, voice_key
),

voices as (
    select
        week_id,
        account_key,
        count(case when is_heard then 1 end) as n_contacts,
        count(case when is_paired then 1 end) as n_paired,
        count(case when is_bounded then 1 end) as n_minimum,
        count(case when is_unlisted then 1 end) as n_unlisted
    from people
    group by week_id, account_key
),

summed as (
    select
        account_key,
        account_id,
        week_id,
        week_start_on,
        is_provisional,
        {% for value in ['perception_score', 'paired_perception_score', 'expectation_score', 'minimum_score', 'satisfaction_gap',
            'adequacy_gap', 'superiority_gap', 'perception_shrunk', 'gap_shrunk', 'adequacy_shrunk',
            'perception_standard_error', 'gap_standard_error', 'perception_silent_low_score', 'perception_silent_high_score',
            'gap_silent_low', 'gap_silent_high', 'perception_posterior_sd', 'gap_posterior_sd', 'adequacy_posterior_sd'] %}
            case when count(case when weight is not null then {{ value }} end) = count(weight) then sum(weight * {{ value }}) end
                as {{ value }},
        {% endfor %}
        {% for basis in ['stated', 'derived'] %}
            case
                when count({{ basis }}_weight) = count(weight) and count(case when weight is not null then satisfaction_gap end) = count(weight)
                    then sum({{ basis }}_weight * satisfaction_gap)
            end as gap_by_{{ basis }}_weights,
        {% endfor %}
        max(n_departed) as n_departed,
        max(last_answered_day) as last_answered_day
    from certain
    group by account_key, account_id, week_id, week_start_on, is_provisional
),

-- the uncertainties of the dimensions are added as if they went together: the same people answer all of them
together as (
    select
        account_id,
        service_dimension,
        week_id,
        week_start_on,
        is_provisional,
        perception_score, paired_perception_score, expectation_score, minimum_score, satisfaction_gap,
        adequacy_gap, superiority_gap, zone_position,
        n_contacts, n_paired, n_minimum, n_inverted, n_same_response, n_eligible, n_departed,
        n_eff_perception, n_eff_gap,
        perception_standard_error, gap_standard_error,
        perception_silent_low_score, perception_silent_high_score, gap_silent_low, gap_silent_high,
        perception_shrunk, perception_posterior_sd, gap_shrunk, gap_posterior_sd, adequacy_shrunk, adequacy_posterior_sd,
        {% for measure in ['perception', 'gap'] %}
            {{ measure }}_change, {{ measure }}_change_low, {{ measure }}_change_high, {{ measure }}_p_value,
            {{ measure }}_q_value, {{ measure }}_trend,
        {% endfor %}
        cast(null as double) as gap_by_stated_weights,
        cast(null as double) as gap_by_derived_weights,
        last_answered_day
    from certain
    union all
    select
        summed.account_id,
        'overall' as service_dimension,
        summed.week_id,
        summed.week_start_on,
        summed.is_provisional,
        summed.perception_score, summed.paired_perception_score, summed.expectation_score, summed.minimum_score,
        summed.satisfaction_gap, summed.adequacy_gap, summed.superiority_gap, cast(null as double) as zone_position,
        coalesce(voices.n_contacts, 0) as n_contacts,
        coalesce(voices.n_paired, 0) as n_paired,
        coalesce(voices.n_minimum, 0) as n_minimum,
        cast(null as integer) as n_inverted,
        cast(null as integer) as n_same_response,
        coalesce(eligible.n_contacts, 0) + coalesce(voices.n_unlisted, 0) as n_eligible,
        summed.n_departed,
        cast(null as double) as n_eff_perception,
        cast(null as double) as n_eff_gap,
        summed.perception_standard_error, summed.gap_standard_error,
        summed.perception_silent_low_score, summed.perception_silent_high_score, summed.gap_silent_low, summed.gap_silent_high,
        summed.perception_shrunk, summed.perception_posterior_sd, summed.gap_shrunk, summed.gap_posterior_sd,
        summed.adequacy_shrunk, summed.adequacy_posterior_sd,
        {% for measure in ['perception', 'gap'] %}
            cast(null as double) as {{ measure }}_change,
            cast(null as double) as {{ measure }}_change_low,
            cast(null as double) as {{ measure }}_change_high,
            cast(null as double) as {{ measure }}_p_value,
            cast(null as double) as {{ measure }}_q_value,
            cast(null as varchar) as {{ measure }}_trend,
        {% endfor %}
        summed.gap_by_stated_weights,
        summed.gap_by_derived_weights,
        summed.last_answered_day
    from summed
    left join voices on summed.week_id = voices.week_id and summed.account_key = voices.account_key
    left join eligible on summed.week_id = eligible.week_id and summed.account_key = eligible.account_key
)

select
    account_id,
    service_dimension,
    week_id,
    week_start_on,
    is_provisional,
    perception_score,
    perception_shrunk as perception_shrunk_score,
    perception_shrunk - {{ z }} * perception_posterior_sd as perception_low_score,
    perception_shrunk + {{ z }} * perception_posterior_sd as perception_high_score,
    perception_standard_error,
    paired_perception_score,
    expectation_score,
    minimum_score,
    satisfaction_gap,
    gap_shrunk,
    gap_shrunk - {{ z }} * gap_posterior_sd as gap_low,
    gap_shrunk + {{ z }} * gap_posterior_sd as gap_high,
    gap_standard_error,
    adequacy_gap,
    adequacy_shrunk,
    adequacy_shrunk - {{ z }} * adequacy_posterior_sd as adequacy_low,
    adequacy_shrunk + {{ z }} * adequacy_posterior_sd as adequacy_high,
    superiority_gap,
    zone_position,
    cast(n_contacts as integer) as n_contacts,
    cast(n_paired as integer) as n_paired,
    cast(n_minimum as integer) as n_minimum,
    cast(n_inverted as integer) as n_inverted,
    cast(n_same_response as integer) as n_same_response,
    cast(n_eligible as integer) as n_eligible,
    cast(n_departed as integer) as n_departed,
    case when n_eligible > 0 then cast(n_contacts as double) / n_eligible end as coverage_share,
    n_eff_perception,
    n_eff_gap,
    case
        when n_paired = 0 or n_same_response is null then null
        when n_same_response = n_paired then 'same_response'
        when n_same_response = 0 then 'same_contact'
        else 'mixed'
    end as pairing_basis,
    perception_silent_low_score,
    perception_silent_high_score,
    gap_silent_low,
    gap_silent_high,
    {% for measure in ['perception', 'gap'] %}
        {{ measure }}_change,
        {{ measure }}_change_low,
        {{ measure }}_change_high,
        {{ measure }}_p_value,
        {{ measure }}_q_value,
        {{ measure }}_trend,
    {% endfor %}
    gap_by_stated_weights,
    gap_by_derived_weights,
    cast(date '1970-01-01' + cast(last_answered_day as integer) as date) as last_answered_on,
    case
        when satisfaction_gap is not null then null
        when service_dimension = 'overall' and n_paired > 0 then 'missing_service_dimension'
        when n_contacts > 0 then 'no_expectation'
        when n_departed > 0 then 'all_departed'
        when n_eligible = 0 then 'no_contacts'
        else 'no_answers'
    end as null_reason
from together

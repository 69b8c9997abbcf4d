{{ config(materialized='table') }}

{#- How far each survey can be believed, per service dimension and wave, from the newest versions of its answers. -#}

with sums as (
    select
        *,
        2500.0 * {{ covariance_of('n_complete', 's_p', 's_p', 's_pp') }} as perception_variance,
        2500.0 * {{ covariance_of('n_complete', 's_e', 's_e', 's_ee') }} as expectation_variance,
        2500.0 * {{ covariance_of('n_complete', 's_p', 's_e', 's_pe') }} as covariance,
        {{ covariance_of('n_overall', 's_z', 's_z', 's_zz') }} as overall_variance,
        {{ covariance_of('n_overall', 's_op', 's_op', 's_opp') }} as rated_perception_variance,
        {{ covariance_of('n_overall', 's_oe', 's_oe', 's_oee') }} as rated_expectation_variance,
        {{ covariance_of('n_overall', 's_op', 's_oe', 's_ope') }} as rated_covariance,
        {{ covariance_of('n_overall', 's_z', 's_op', 's_zp') }} as perception_overall_covariance,
        {{ covariance_of('n_overall', 's_z', 's_oe', 's_ze') }} as expectation_overall_covariance,
        {{ covariance_of('n_disconfirmation', 's_d', 's_d', 's_dd') }} as disconfirmation_variance,
        {{ covariance_of('n_disconfirmation', 's_g', 's_g', 's_gg') }} as disconfirmed_gap_variance,
        {{ covariance_of('n_disconfirmation', 's_d', 's_g', 's_dg') }} as disconfirmation_covariance
    from {{ ref('int_survey_sums') }}
    -- of nobody's answers in particular: whole blocks of a whole survey only, so that no two figures share an answer
    where
        not is_anonymous
        or (
            service_dimension = 'all_items'
            and n_complete >= {{ var('min_respondents') }}
            and (wave + 1) * {{ var('anonymous_block_weeks') }} <= {{ week_of(as_of()) }}
        )
),

alphas as (
    select
        *,
        {{ cronbach_alpha('n_perception_items', '2500.0 * perception_item_variance', 'perception_variance') }} as perception_alpha,
        {{ cronbach_alpha('n_expectation_items', '2500.0 * expectation_item_variance', 'expectation_variance') }} as expectation_alpha,
        case when n_expectation_items > 0 then perception_variance + expectation_variance - 2 * covariance end as gap_variance
    from sums
),

kinds as (
    select distinct _source as source, survey_id, survey_kind
    from {{ ref('stg_survey_questions') }}
    where is_newest and not is_anonymous
),

-- an invited contact counts once per wave, an invited ticket by itself; each answers until asked again
invited as (
    select
        invitations.source,
        invitations.survey_id,
        {{ block_of_week(week_of('invitations.sent_at')) }} as wave,
        invitations.contact_id,
        case when kinds.survey_kind = 'transactional' then invitations.invitation_id end as invitation_id,
        min(invitations.sent_at) as sent_at,
        min(case when invitations.bounced_at is null then 0 else 1 end) as is_bounced
    from {{ ref('int_survey_invitations') }} as invitations
    inner join kinds on invitations.source = kinds.source and invitations.survey_id = kinds.survey_id
    where invitations.known_to_week = {{ never() }}
    group by
        invitations.source, invitations.survey_id, {{ block_of_week(week_of('invitations.sent_at')) }}, invitations.contact_id,
        case when kinds.survey_kind = 'transactional' then invitations.invitation_id end
),

in_turn as (
    select
        *,
        lead(sent_at) over (partition by source, survey_id, contact_id order by sent_at, invitation_id) as sent_again_at
    from invited
),

answered as (
    select
        in_turn.source,
        in_turn.survey_id,
        in_turn.contact_id,
        in_turn.sent_at,
        in_turn.invitation_id,
        in_turn.wave,
        in_turn.is_bounced,
        max(case when responses.response_key is not null then 1 else 0 end) as is_answered
    from in_turn
    left join {{ ref('int_survey_responses') }} as responses
        on
            in_turn.source = responses.source
            and in_turn.survey_id = responses.survey_id
            and in_turn.contact_id = responses.contact_id
            and responses.known_to_week = {{ never() }}
            and in_turn.sent_at <= responses.submitted_at
            and (in_turn.sent_again_at is null or in_turn.sent_again_at > responses.submitted_at)
    group by
        in_turn.source, in_turn.survey_id, in_turn.contact_id, in_turn.sent_at, in_turn.invitation_id, in_turn.wave,
        in_turn.is_bounced
),

rates as (
    {% for scope in ['wave', 'cast(null as integer)'] %}
        select
            source,
            survey_id,
            {{ scope }} as wave,
            count(*) as n_invited,
            sum(is_bounced) as n_bounced,
            sum(is_answered) as n_invited_answered
        from answered
        group by source, survey_id{{ ', wave' if scope == 'wave' }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

believed as (
    select
        alphas.*,
        case when alphas.is_anonymous then {{ var('min_respondents') }} else 2 end as n_needed,
        {{ correlation_of(
            '(alphas.perception_overall_covariance - alphas.expectation_overall_covariance)',
            'alphas.overall_variance',
            '(alphas.rated_perception_variance + alphas.rated_expectation_variance - 2 * alphas.rated_covariance)'
        ) }} as gap_overall_correlation,
        {{ correlation_of(
            'alphas.disconfirmation_covariance', 'alphas.disconfirmation_variance', 'alphas.disconfirmed_gap_variance'
        ) }} as disconfirmation_correlation,
        coalesce(rates.n_invited, 0) as n_invited,
        coalesce(rates.n_bounced, 0) as n_bounced,
        coalesce(rates.n_invited_answered, 0) as n_invited_answered,
        -- who answered an invitation was reached, whatever came back from it
        case
            when rates.n_invited > 0 and (rates.n_invited > rates.n_bounced or rates.n_invited_answered > 0)
                then cast(rates.n_invited_answered as double) / greatest(rates.n_invited - rates.n_bounced, rates.n_invited_answered)
        end as response_rate,
        -- of nobody's answers in particular no mean is shown here: the portfolio shows it, and no answer twice
        case when not alphas.is_anonymous then 50.0 + 50.0 * alphas.s_p / nullif(alphas.n_complete, 0) end as perception_score,
        case
            when not alphas.is_anonymous and alphas.n_expectation_items > 0
                then 50.0 + 50.0 * alphas.s_e / nullif(alphas.n_complete, 0)
        end as expectation_score,
        case
            when not alphas.is_anonymous and alphas.n_expectation_items > 0
                then 50.0 * (alphas.s_p - alphas.s_e) / nullif(alphas.n_complete, 0)
        end as satisfaction_gap,
        case
            when alphas.gap_variance > 1e-9 and alphas.perception_alpha is not null and alphas.expectation_alpha is not null
                then greatest(
                    0.0,
                    (
                        alphas.perception_variance * alphas.perception_alpha
                        + alphas.expectation_variance * alphas.expectation_alpha
                        - 2 * alphas.covariance
                    ) / alphas.gap_variance
                )
        end as gap_reliability
    from alphas
    left join rates
        on
            alphas.source = rates.source
            and alphas.survey_id = rates.survey_id
            and coalesce(alphas.wave, -1) = coalesce(rates.wave, -1)
)

select
    believed.source,
    believed.survey_id,
    believed.survey_kind,
    believed.service_dimension,
    believed.wave,
    cast(date '1970-01-05' + cast(believed.wave * {{ var('anonymous_block_weeks') }} * 7 as integer) as date) as wave_started_on,
    believed.is_whole,
    believed.is_anonymous,
    believed.n_responses,
    believed.n_complete,
    believed.n_perception_items,
    believed.n_expectation_items,
    believed.perception_score,
    believed.expectation_score,
    believed.satisfaction_gap,
    case when believed.perception_variance is not null then sqrt(greatest(believed.perception_variance, 0)) end as perception_sd,
    case when believed.expectation_variance is not null then sqrt(greatest(believed.expectation_variance, 0)) end as expectation_sd,
    believed.perception_alpha,
    believed.expectation_alpha,
    {{ correlation_of('believed.covariance', 'believed.perception_variance', 'believed.expectation_variance') }}
        as perception_expectation_correlation,
    believed.gap_reliability,
    round(believed.gap_reliability, 9) >= {{ var('min_gap_reliability') }} as is_gap_reliable,
    case
        when believed.gap_reliability is not null then null
        when believed.n_perception_items = 0 then 'no_perception'
        when believed.n_expectation_items = 0 then 'no_expectation'
        when believed.n_perception_items < 2 or believed.n_expectation_items < 2 then 'too_few_items'
        when believed.n_complete < 2 then 'too_few_answers'
        else 'no_variance'
    end as reliability_null_reason,
    cast(believed.n_perception_ceiling as double) / nullif(believed.n_perceptions, 0) as perception_ceiling_share,
    cast(believed.n_expectation_ceiling as double) / nullif(believed.n_expectations, 0) as expectation_ceiling_share,
    cast(believed.n_perception_straight as double) / nullif(believed.n_perception_long, 0) as perception_straight_share,
    cast(believed.n_expectation_straight as double) / nullif(believed.n_expectation_long, 0) as expectation_straight_share,
    cast(believed.n_straight as double) / nullif(believed.n_long, 0) as straight_liner_share,
    case when believed.n_long = 0 then 'too_few_items' end as straight_liner_null_reason,
    cast(believed.n_invited as integer) as n_invited,
    cast(believed.n_bounced as integer) as n_bounced,
    cast(believed.n_invited_answered as integer) as n_invited_answered,
    believed.response_rate,
    believed.response_rate * believed.perception_score as perception_low_score,
    believed.response_rate * believed.perception_score + (1 - believed.response_rate) * 100.0 as perception_high_score,
    believed.response_rate * believed.satisfaction_gap - (1 - believed.response_rate) * 100.0 as gap_low,
    believed.response_rate * believed.satisfaction_gap + (1 - believed.response_rate) * 100.0 as gap_high,
    case
        when believed.response_rate is not null then null
        when believed.is_anonymous then 'anonymous'
        when believed.n_invited = 0 then 'no_invitations'
        else 'all_bounced'
    end as response_null_reason,
    believed.n_overall,
    case
        when believed.n_overall >= believed.n_needed
            then {{ correlation_of('believed.perception_overall_covariance', 'believed.overall_variance', 'believed.rated_perception_variance') }}
    end as perception_overall_correlation,
    case when believed.n_overall >= believed.n_needed then believed.gap_overall_correlation end as gap_overall_correlation,
    case
        when believed.n_overall = 0 then 'no_overall'
        when believed.n_overall < believed.n_needed then 'too_few_answers'
        when believed.n_expectation_items = 0 then 'no_expectation'
        when believed.gap_overall_correlation is null then 'no_variance'
    end as overall_null_reason,
    regressions.constrained_r_squared,
    regressions.polynomial_r_squared,
    regressions.polynomial_f,
    cast(regressions.polynomial_df_1 as integer) as polynomial_df_1,
    cast(regressions.polynomial_df_2 as integer) as polynomial_df_2,
    regressions.polynomial_p_value,
    case
        when regressions.polynomial_f is not null then null
        when believed.n_expectation_items = 0 then 'no_expectation'
        when believed.n_overall = 0 then 'no_overall'
        when believed.n_overall < {{ var('min_regression_responses') }} then 'too_few_answers'
        else 'no_variance'
    end as polynomial_null_reason,
    believed.n_disconfirmation,
    case when believed.n_disconfirmation >= believed.n_needed then believed.disconfirmation_correlation end as disconfirmation_correlation,
    case
        when believed.n_disconfirmation = 0 then 'not_asked'
        when believed.n_disconfirmation < believed.n_needed then 'too_few_answers'
        when believed.disconfirmation_correlation is null then 'no_variance'
    end as disconfirmation_null_reason
from believed
left join {{ ref('int_survey_regressions') }} as regressions
    on
        believed.source = regressions.source
        and believed.survey_id = regressions.survey_id
        and coalesce(believed.wave, -1) = coalesce(regressions.wave, -1)
        and believed.service_dimension = regressions.service_dimension
        and believed.n_overall >= {{ var('min_regression_responses') }}

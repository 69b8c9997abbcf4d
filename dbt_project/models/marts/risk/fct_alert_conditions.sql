{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_stale_weeks() }}"
) }}

{#- Half the width of a 95 % interval of a normal distribution, in standard deviations. -#}
{%- set z = 1.959963984540054 -%}

with rules as (
    select * from {{ ref('alert_rules') }}
),

account_weeks as (
    select * from {{ ref('int_account_weeks') }}
    where {{ is_stale_week('week_id') }}
),

risk as (
    select * from {{ ref('fct_churn_risk_weekly') }}
    where {{ is_stale_week('week_id') }}
),

-- of the week itself: what was said before it and stands in the score opens nothing
plain_values as (
    select
        week_id, account_key, account_id, value, n,
        case when driver = 'expectation_rise' then 'expectation_inflation' else driver end as kind
    from {{ ref('int_risk_values_weekly') }}
    where week_id >= {{ first_stale_week() }} - {{ var('window_weeks') }} and driver in ('silence', 'expectation_rise')
),

posteriors as (
    select
        account_id, service_dimension, week_id, n_contacts,
        ({{ var('breach_line_score') }} - perception_shrunk_score)
        / nullif((perception_high_score - perception_low_score) / (2 * {{ z }}), 0.0) as below_line,
        (0.0 - adequacy_shrunk) / nullif((adequacy_high - adequacy_low) / (2 * {{ z }}), 0.0) as below_minimum
    from {{ ref('fct_satisfaction_weekly') }}
    where
        service_dimension <> 'overall'
        and perception_shrunk_score is not null
        and week_id >= {{ first_stale_week() }} - {{ var('window_weeks') }}
),

breaches as (
    select
        account_id, service_dimension, week_id, n_contacts as n,
        greatest(
            {{ normal_below('below_line') }},
            coalesce({{ normal_below('below_minimum') }}, 0.0)
        ) as value
    from posteriors
    where below_line is not null
),

-- low enough for either line: whoever scores more can neither be angry nor have dropped that far
low_voices as (
    select week_id, account_key, account_id, voice_key, contact_id, service_dimension, last_answered_day, perception_score
    from {{ ref('int_voices_weekly') }}
    where
        is_counted
        and contact_id is not null
        and {{ is_stale_week('week_id') }}
        and perception_score <= 100.0 - {{ var('single_voice_drop') }}
),

answers_before as (
    select
        low_voices.week_id, low_voices.account_key, low_voices.voice_key, low_voices.service_dimension,
        ratings.perception_score,
        row_number() over (
            partition by low_voices.week_id, low_voices.account_key, low_voices.voice_key, low_voices.service_dimension
            order by ratings.submitted_at desc, ratings.response_id desc
        ) as place
    from low_voices
    inner join {{ ref('int_ratings_paired') }} as ratings
        on
            low_voices.voice_key = ratings.voice_key
            and low_voices.account_key = ratings.account_key
            and low_voices.service_dimension = ratings.service_dimension
            and ratings.survey_kind = 'relationship'
            and ratings.perception_score is not null
            and ratings.submitted_day < low_voices.last_answered_day
            and low_voices.week_id >= ratings.known_from_week
            and low_voices.week_id < ratings.known_to_week
),

lone_voices as (
    select
        low_voices.*,
        answers_before.perception_score as score_before,
        coalesce(round(answers_before.perception_score - low_voices.perception_score, 9) >= {{ var('single_voice_drop') }}, false)
            as has_dropped
    from low_voices
    left join answers_before
        on
            low_voices.week_id = answers_before.week_id
            and low_voices.account_key = answers_before.account_key
            and low_voices.voice_key = answers_before.voice_key
            and low_voices.service_dimension = answers_before.service_dimension
            and answers_before.place = 1
),

numbers as (
    select
        signal,
        {{ signal_number() }} as signal_id
    from {{ ref('signals') }}
),

open_promises as (
    select
        promises.account_key,
        known_signals.service_dimension,
        promises.falls_due_at,
        greatest(promises.known_from_week, {{ week_of('promises.falls_due_at') }}) as from_week,
        promises.known_to_week as to_week,
        count(*) as n
    from {{ promises_of_stale_weeks() }} as promises
    inner join numbers on promises.signal_id = numbers.signal_id
    inner join {{ ref('dim_signals') }} as known_signals on numbers.signal = known_signals.signal
    where
        known_signals.weight > 0
        and promises.is_timed
        and promises.ended_at is null
        and promises.settled_score is null
        and not promises.is_left_out
        and promises.known_to_week > {{ first_stale_week() }}
    group by promises.account_key, known_signals.service_dimension, promises.falls_due_at, promises.known_from_week, promises.known_to_week
),

hindsight as (
    {{ hindsight_by_account() }}
),

overdue_line as (
    select closing_line from rules
    where kind = 'promise_overdue'
),

overdue as (
    select
        account_weeks.week_id, account_weeks.account_id, open_promises.service_dimension,
        max({{ minutes_between('open_promises.falls_due_at', 'account_weeks.as_known_at') }} / 1440.0) as value,
        sum(open_promises.n) as n,
        max(hindsight.from_week) as hindsight_from_week
    from open_promises
    cross join overdue_line as line
    inner join account_weeks
        on
            open_promises.account_key = account_weeks.account_key
            and account_weeks.week_id >= open_promises.from_week
            and account_weeks.week_id < open_promises.to_week
            and {{ minutes_between('open_promises.falls_due_at', 'account_weeks.as_known_at') }} / 1440.0 >= line.closing_line
    left join hindsight on open_promises.account_key = hindsight.account_key
    group by account_weeks.week_id, account_weeks.account_id, open_promises.service_dimension
),

together as (
    select
        'churn_risk' as kind, account_id, '' as service_dimension, '' as contact_id, week_id,
        risk_score as value, risk_score - risk_change as value_before, cast(null as integer) as n,
        false as is_open_anyway, 0.0 as beyond, false as is_hindsight
    from risk
    union all
    select
        'perception_breach' as kind, breaches.account_id, breaches.service_dimension, '' as contact_id, breaches.week_id,
        breaches.value, earlier.value as value_before, breaches.n,
        false as is_open_anyway, 0.0 as beyond, false as is_hindsight
    from breaches
    left join breaches as earlier
        on
            breaches.account_id = earlier.account_id
            and breaches.service_dimension = earlier.service_dimension
            and breaches.week_id = earlier.week_id + {{ var('window_weeks') }}
    where {{ is_stale_week('breaches.week_id') }}
    union all
    select
        'single_voice' as kind, account_id, service_dimension, contact_id, week_id,
        perception_score as value, score_before as value_before, 1 as n,
        has_dropped as is_open_anyway,
        coalesce(score_before - perception_score - {{ var('single_voice_drop') }}, 0.0) as beyond,
        false as is_hindsight
    from lone_voices
    union all
    select
        newest.kind, newest.account_id, '' as service_dimension, '' as contact_id, newest.week_id,
        newest.value, earlier.value as value_before, newest.n,
        false as is_open_anyway, 0.0 as beyond, false as is_hindsight
    from plain_values as newest
    left join plain_values as earlier
        on
            newest.account_key = earlier.account_key
            and newest.kind = earlier.kind
            and newest.week_id = earlier.week_id + {{ var('window_weeks') }}
    where {{ is_stale_week('newest.week_id') }}
    union all
    select
        'promise_overdue' as kind, account_id, service_dimension, '' as contact_id, week_id,
        value, cast(null as double) as value_before, n,
        false as is_open_anyway, 0.0 as beyond, coalesce(week_id >= hindsight_from_week, false) as is_hindsight
    from overdue
),

of_accounts as (
    select
        together.kind,
        rules.subject_kind,
        together.account_id as subject_id,
        together.account_id,
        together.service_dimension,
        together.contact_id,
        account_weeks.week_id,
        account_weeks.week_start_on,
        account_weeks.is_provisional,
        together.is_open_anyway
        or case
            when rules.is_higher_worse then round(together.value, 9) >= rules.opening_line
            else round(together.value, 9) <= rules.opening_line
        end as is_opening,
        rules.is_daily,
        together.is_hindsight,
        together.value,
        together.value_before,
        rules.opening_line,
        rules.closing_line,
        greatest(
            case when rules.is_higher_worse then together.value - rules.opening_line else rules.opening_line - together.value end,
            case when together.is_open_anyway then together.beyond end
        ) as badness,
        cast(together.n as integer) as n,
        coalesce(risk.culprit_driver, rules.driver) as culprit_driver,
        rules.driver,
        coalesce(dimensions.owner_role, nullif(rules.owner_role, '')) as owner_role,
        risk.culprit_owner_role,
        risk.risk_score,
        account_weeks.account_key
    from together
    inner join rules on together.kind = rules.kind
    inner join account_weeks on together.week_id = account_weeks.week_id and together.account_id = account_weeks.account_id
    left join risk on together.week_id = risk.week_id and together.account_id = risk.account_id
    left join {{ ref('dim_service_dimensions') }} as dimensions on together.service_dimension = dimensions.service_dimension
    where
        not (rules.ends_with_notice and coalesce(risk.has_given_notice, false))
        and (
            together.is_open_anyway
            or case
                when rules.is_higher_worse then round(together.value, 9) >= rules.closing_line
                else round(together.value, 9) <= rules.closing_line
            end
        )
),

evidenced as (
    select
        of_accounts.*,
        case when of_accounts.kind = 'single_voice' then 'contact' else coalesce(evidence.evidence_kind, 'account') end as evidence_kind,
        case
            when of_accounts.kind = 'single_voice' then {{ one_json_key('of_accounts.contact_id') }}
            else coalesce(evidence.evidence_keys, {{ one_json_key('of_accounts.account_id') }})
        end as evidence_keys
    from of_accounts
    left join {{ ref('int_risk_evidence_weekly') }} as evidence
        on
            of_accounts.week_id = evidence.week_id
            and of_accounts.account_key = evidence.account_key
            and of_accounts.driver = evidence.driver
            and coalesce(nullif(of_accounts.service_dimension, ''), 'relationship') = evidence.service_dimension
),

allowed as (
    select source, max(late_after_days) as late_after_days
    from {{ source('raw', '_sources') }}
    group by source
),

-- who delivers late is asked of the present alone
of_sources as (
    select
        freshness.source,
        case
            when freshness.newest_known_at is not null
                then greatest(
                    0.0,
                    {{ minutes_between('freshness.newest_known_at', as_of()) }} / 1440.0
                    - coalesce(declared.late_after_days, {{ var('late_after_days') }})
                )
        end as value,
        freshness.n_held
    from {{ ref('fct_source_freshness') }} as freshness
    left join allowed as declared on freshness.source = declared.source
    where freshness.is_late
),

conditions as (
    select
        kind, subject_kind, subject_id, account_id, service_dimension, contact_id, week_id, week_start_on, is_provisional,
        is_opening, is_daily, is_hindsight, value, cast(null as varchar) as value_null_reason, value_before,
        opening_line, closing_line, badness, n,
        case when kind = 'churn_risk' then culprit_driver else driver end as driver,
        case when kind = 'churn_risk' then coalesce(culprit_owner_role, owner_role) else owner_role end as owner_role,
        risk_score, evidence_kind, evidence_keys
    from evidenced
    union all
    select
        rules.kind, rules.subject_kind, of_sources.source as subject_id, cast(null as varchar) as account_id,
        '' as service_dimension, '' as contact_id, weeks.week_id, weeks.week_start_on, weeks.is_provisional,
        true as is_opening, rules.is_daily, false as is_hindsight,
        of_sources.value, case when of_sources.value is null then 'never_delivered' end as value_null_reason,
        cast(null as double) as value_before, rules.opening_line, rules.closing_line,
        coalesce(of_sources.value, 0.0) as badness,
        cast(of_sources.n_held as integer) as n, rules.driver, rules.owner_role, cast(null as double) as risk_score,
        'source' as evidence_kind, {{ one_json_key('of_sources.source') }} as evidence_keys
    from of_sources
    cross join rules
    cross join {{ ref('dim_weeks') }} as weeks
    where rules.kind = 'data_stale' and weeks.is_provisional
),

-- weeks in a row have the same difference of week and place
numbered as (
    select
        *,
        week_id - row_number() over (partition by kind, subject_id, service_dimension, contact_id order by week_id) as run
    from conditions
),

started as (
    select
        *,
        min(week_start_on) over (partition by kind, subject_id, service_dimension, contact_id, run) as started_on
    from numbered
)

select
    started.kind,
    started.subject_kind,
    started.subject_id,
    started.account_id,
    started.service_dimension,
    started.contact_id,
    started.week_id,
    started.week_start_on,
    started.is_provisional,
    started.is_opening,
    started.is_daily,
    started.is_hindsight,
    started.value,
    started.value_null_reason,
    started.value_before,
    started.opening_line,
    started.closing_line,
    started.badness,
    {% if is_incremental() %}
        -- a run that was there before goes on
        case
            when started.started_on = {{ monday_of(stale_from_week()) }} then coalesce(kept.since_on, started.started_on)
            else started.started_on
        end as since_on,
    {% else %}
        started.started_on as since_on,
    {% endif %}
    started.n,
    started.driver,
    started.owner_role,
    started.risk_score,
    started.evidence_kind,
    started.evidence_keys
from started
{% if is_incremental() %}
    left join {{ this }} as kept
        on
            started.kind = kept.kind
            and started.subject_id = kept.subject_id
            and started.service_dimension = kept.service_dimension
            and started.contact_id = kept.contact_id
            and kept.week_id = {{ stale_from_week() }} - 1
{% endif %}

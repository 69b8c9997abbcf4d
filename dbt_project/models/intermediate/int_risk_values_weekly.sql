{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_stale_weeks() }}") }}

{#-
    One row per active account, stored week, driver and service dimension with a known value: what the
    risk score reads, as known at the week's end. Beside the drivers `expectation_rise`, which only an
    alert reads: what the same people expect more, known where their perception held.
-#}

{%- set window = var('window_weeks') | int -%}

with account_weeks as (
    select * from {{ ref('int_account_weeks') }}
    where {{ is_stale_week('week_id') }}
),

satisfaction as (
    select * from {{ ref('fct_satisfaction_weekly') }}
    where {{ is_stale_week('week_id') }}
),

promises as (
    select * from {{ ref('fct_promise_gap_weekly') }}
    where {{ is_stale_week('week_id') }}
),

voices as (
    select
        week_id, account_key, voice_key, contact_id, service_dimension,
        perception_score, paired_expectation_score
    from {{ ref('int_voices_weekly') }}
    where is_counted and week_id >= {{ first_stale_week() }} - {{ 4 * window }}
),

stepped as (
    select voices.*, steps.weeks_before
    from voices
    cross join (values ({{ window }}), ({{ 2 * window }}), ({{ 3 * window }}), ({{ 4 * window }})) as steps (weeks_before)
    where {{ is_stale_week('voices.week_id') }}
),

-- the same person half a year and more before; a quarter before only where nothing older is known
earlier_voices as (
    select
        voices.week_id, voices.account_key, voices.voice_key, voices.service_dimension,
        coalesce(
            avg(case when earlier.week_id < voices.week_id - {{ window }} then earlier.perception_score end),
            max(case when earlier.week_id = voices.week_id - {{ window }} then earlier.perception_score end)
        ) as perception_before,
        coalesce(
            avg(case when earlier.week_id < voices.week_id - {{ window }} then earlier.paired_expectation_score end),
            max(case when earlier.week_id = voices.week_id - {{ window }} then earlier.paired_expectation_score end)
        ) as expectation_before
    from stepped as voices
    inner join voices as earlier
        on
            voices.week_id - voices.weeks_before = earlier.week_id
            and voices.account_key = earlier.account_key
            and voices.voice_key = earlier.voice_key
            and voices.service_dimension = earlier.service_dimension
    group by voices.week_id, voices.account_key, voices.voice_key, voices.service_dimension
),

moves as (
    select
        voices.*,
        voices.perception_score - earlier_voices.perception_before as perception_change,
        voices.paired_expectation_score - earlier_voices.expectation_before as expectation_change
    from voices
    left join earlier_voices
        on
            voices.week_id = earlier_voices.week_id
            and voices.account_key = earlier_voices.account_key
            and voices.voice_key = earlier_voices.voice_key
            and voices.service_dimension = earlier_voices.service_dimension
    where {{ is_stale_week('voices.week_id') }}
),

trends as (
    select
        week_id, account_key, service_dimension,
        avg(perception_change) as value,
        count(perception_change) as n
    from moves
    group by week_id, account_key, service_dimension
),

-- people over all service dimensions: what was promised, and anger, seldom keep to one
people as (
    select
        week_id, account_key, voice_key,
        max(contact_id) as contact_id,
        avg(perception_score) as perception_score,
        avg(case when expectation_change is not null then perception_change end) as perception_change,
        avg(expectation_change) as expectation_change
    from moves
    group by week_id, account_key, voice_key
),

persons as (
    select
        week_id, account_key,
        min(case when contact_id is not null then perception_score end) as lowest_score,
        count(case when contact_id is not null then perception_score end) as n_scores,
        avg(expectation_change) as expectation_change,
        avg(perception_change) as perception_change,
        count(expectation_change) as n_changes
    from people
    group by week_id, account_key
),

facts as (
    select account_key, submitted_day as day, known_from_week, known_to_week
    from {{ ref('int_survey_responses') }}
    union all
    select
        {{ integer_key([identified_account('interactions')]) }} as account_key,
        {{ day_of('interactions.occurred_at') }} as day,
        {{ week_of(identified_from('interactions')) }} as known_from_week,
        coalesce({{ week_of(identified_to('interactions')) }}, {{ never() }}) as known_to_week
    from {{ ref('stg_interactions') }} as interactions
    {{ join_identities('interactions') }}
    where not interactions.is_deleted
),

-- the newest day so far, from the week in which it became known; what was corrected since stands by itself
touches as (
    select account_key, known_from_week, known_to_week, max(day) as day
    from facts
    where known_from_week < known_to_week
    group by account_key, known_from_week, known_to_week
),

last_touches as (
    select
        account_key,
        known_from_week as from_week,
        lead(known_from_week, 1, {{ never() }}) over (partition by account_key order by known_from_week) as to_week,
        max(day) over (
            partition by account_key order by known_from_week rows between unbounded preceding and current row
        ) as day
    from touches
    where known_to_week = {{ never() }}
    union all
    select account_key, known_from_week as from_week, known_to_week as to_week, day
    from touches
    where known_to_week < {{ never() }}
),

heard as (
    select account_weeks.week_id, account_weeks.account_key, max(last_touches.day) as day
    from account_weeks
    inner join last_touches
        on
            account_weeks.account_key = last_touches.account_key
            and account_weeks.week_id >= last_touches.from_week
            and account_weeks.week_id < last_touches.to_week
    group by account_weeks.week_id, account_weeks.account_key
),

-- from when on anybody's answers or meetings are recorded: before that nobody's silence can be told
recorded as (
    select
        known_from_week as from_week,
        lead(known_from_week, 1, {{ never() }}) over (order by known_from_week) as to_week,
        min(min(day)) over (order by known_from_week rows between unbounded preceding and current row) as first_day
    from facts
    group by known_from_week
),

escalated as (
    select weekly.week_id, weekly.account_key, sum(weekly.n_promises) as n
    from {{ ref('int_promise_signals_weekly') }} as weekly
    where weekly.signal = 'escalation' and {{ is_stale_week('weekly.week_id') }}
    group by weekly.week_id, weekly.account_key
),

hindsight as (
    {{ hindsight_by_account() }}
),

-- how often promises of a signal are broken by and large, with one broken of two added lest a rare one weigh all
-- promises made up afterwards do not tell what was usual
usual as (
    select
        weekly.week_id, weekly.signal,
        (sum(weekly.n_broken) + 1.0) / (sum(weekly.n_promises) + 2.0) as broken_share
    from {{ ref('int_promise_signals_weekly') }} as weekly
    left join hindsight on weekly.account_key = hindsight.account_key and weekly.week_id >= hindsight.from_week
    where hindsight.account_key is null and {{ is_stale_week('weekly.week_id') }}
    group by weekly.week_id, weekly.signal
),

surprises as (
    select
        weekly.week_id, weekly.account_key, signals.service_dimension,
        (sum(weekly.n_broken) - sum(weekly.n_promises * usual.broken_share))
        / sqrt(sum(weekly.n_promises * usual.broken_share * (1.0 - usual.broken_share))) as value,
        sum(weekly.n_broken) as n
    from {{ ref('int_promise_signals_weekly') }} as weekly
    inner join usual on weekly.week_id = usual.week_id and weekly.signal = usual.signal
    inner join {{ ref('dim_signals') }} as signals on weekly.signal = signals.signal
    where weekly.n_promises > 0 and signals.weight > 0 and {{ is_stale_week('weekly.week_id') }}
    group by weekly.week_id, weekly.account_key, signals.service_dimension
),

contacts as (
    {{ contact_spans() }}
    where not is_deleted
),

-- of those who are there or left within the window, who came or left within it
turnover as (
    select
        account_weeks.week_id, account_weeks.account_key,
        count(*) as n,
        count(
            case
                when
                    contacts.valid_from_day > account_weeks.last_day - {{ 7 * window }}
                    or contacts.valid_to_day <= account_weeks.last_day
                    then 1
            end
        ) as n_changed
    from account_weeks
    inner join contacts
        on
            account_weeks.account_id = contacts.account_id
            and account_weeks.week_id >= contacts.known_from_week
            and account_weeks.week_id < contacts.known_to_week
            and account_weeks.last_day >= contacts.valid_from_day
            and account_weeks.last_day - {{ 7 * window }} < contacts.valid_to_day
    group by account_weeks.week_id, account_weeks.account_key
),

together as (
    {% for driver, value, n in [
        ('perception', 'perception_shrunk_score', 'n_contacts'),
        ('gap', 'gap_shrunk', 'n_paired'),
    ] %}
        select week_id, account_id, '{{ driver }}' as driver, service_dimension, {{ value }} as value, {{ n }} as n
        from satisfaction
        where service_dimension <> 'overall'
        union all
    {% endfor %}
    {% for driver, value in [
        ('factual_gap', 'promise_gap'),
        ('overdue_promises', 'n_open_overdue'),
        ('old_commitments', 'n_old_commitments'),
    ] %}
        select
            week_id, account_id, '{{ driver }}' as driver, service_dimension,
            cast({{ value }} as double) as value,
            {{ 'n_promises' if driver == 'factual_gap' else value }} as n
        from promises
        union all
    {% endfor %}
    select
        week_id, account_id, 'coverage' as driver, 'relationship' as service_dimension,
        coverage_share as value, n_eligible as n
    from satisfaction
    where service_dimension = 'overall'
),

by_key as (
    select week_id, account_key, 'trend' as driver, service_dimension, value, n from trends
    union all
    select week_id, account_key, 'broken_promises' as driver, service_dimension, value, n from surprises
    union all
    select
        week_id, account_key, 'expectation_inflation' as driver, 'relationship' as service_dimension,
        -- whose perception moved beyond the margin, either way, expects more or less for a reason of that size
        expectation_change - greatest(0.0, abs(perception_change) - {{ var('inflation_margin') }}) as value,
        n_changes as n
    from persons
    union all
    select
        week_id, account_key, 'expectation_rise' as driver, 'relationship' as service_dimension,
        expectation_change as value, n_changes as n
    from persons
    where round(abs(perception_change), 9) <= {{ var('inflation_margin') }}
    union all
    select week_id, account_key, 'single_voice' as driver, 'relationship' as service_dimension, lowest_score as value, n_scores as n
    from persons
    union all
    select week_id, account_key, 'escalations' as driver, 'relationship' as service_dimension, cast(n as double) as value, n
    from escalated
    union all
    select
        week_id, account_key, 'contact_change' as driver, 'relationship' as service_dimension,
        cast(n_changed as double) / n as value, n
    from turnover
),

keyed as (
    select
        account_weeks.week_id, account_weeks.account_key, account_weeks.account_id,
        together.driver, together.service_dimension, together.value, together.n
    from together
    inner join account_weeks on together.week_id = account_weeks.week_id and together.account_id = account_weeks.account_id
    union all
    select
        account_weeks.week_id, account_weeks.account_key, account_weeks.account_id,
        by_key.driver, by_key.service_dimension, by_key.value, by_key.n
    from by_key
    inner join account_weeks on by_key.week_id = account_weeks.week_id and by_key.account_key = account_weeks.account_key
    union all
    select
        account_weeks.week_id, account_weeks.account_key, account_weeks.account_id,
        'silence' as driver, 'relationship' as service_dimension,
        -- who was never heard has been silent since it became a client
        cast(
            account_weeks.last_day
            - coalesce(heard.day, greatest({{ day_of_date('account_weeks.client_since_on') }}, recorded.first_day))
            as double
        ) as value,
        case when heard.day is not null then 1 else 0 end as n
    from account_weeks
    inner join recorded on account_weeks.week_id >= recorded.from_week and account_weeks.week_id < recorded.to_week
    left join heard on account_weeks.week_id = heard.week_id and account_weeks.account_key = heard.account_key
    union all
    select
        week_id, account_key, account_id, 'renewal_near' as driver, 'relationship' as service_dimension,
        cast({{ day_of_date('contract_ends_on') }} - last_day as double) as value, 1 as n
    from account_weeks
    -- a day that has passed without a word says nothing of a notice to come
    where {{ day_of_date('contract_ends_on') }} >= last_day
)

select
    keyed.week_id,
    keyed.account_key,
    keyed.account_id,
    keyed.driver,
    keyed.service_dimension,
    keyed.value,
    cast(keyed.n as integer) as n
from keyed
left join hindsight
    on
        keyed.account_key = hindsight.account_key
        and keyed.week_id >= hindsight.from_week
        and keyed.driver in ('factual_gap', 'broken_promises', 'overdue_promises', 'old_commitments', 'escalations')
where keyed.value is not null and hindsight.account_key is null

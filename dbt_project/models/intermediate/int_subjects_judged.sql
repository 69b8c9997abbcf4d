{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget('subject_key in (' ~ subjects_to_judge_again() ~ ')') }}"
) }}

{#-
    One row per ticket or delivery of an account in the last evidence_weeks, by the worst of its promises as known now.
    Those before are kept by an incremental build until the next whole one.
-#}

with running as (
    select cast(max(week_start_on) - {{ var('evidence_weeks') }} * 7 as date) as since_on
    from {{ ref('dim_weeks') }}
),

signals as (
    select
        signal,
        service_dimension,
        weight,
        {{ signal_number() }} as signal_id
    from {{ ref('dim_signals') }}
),

fallen as (
    select
        *,
        {{ has_fallen_due(as_of()) }} as has_fallen_due
    from {{ ref('int_promises_unioned') }}
    where
        known_to_week = {{ never() }}
        {% if is_incremental() %}and subject_key in ({{ subjects_to_judge_again() }}){% endif %}
),

judged as (
    select
        *,
        {{ has_broken() }} as has_broken
    from fallen
),

stated as (
    select
        *,
        {{ promise_state('judged') }} as state
    from judged
),

severe as (
    select
        stated.*,
        signals.signal,
        signals.service_dimension,
        case
            when signals.weight <= 0 then 0
            when stated.has_broken and stated.ended_at is null and stated.is_timed and stated.falls_due_at is not null then 3
            when stated.state = 'broken' then 2
            when stated.state = 'open' then 1
            else 0
        end as severity
    from stated
    inner join signals on stated.signal_id = signals.signal_id
),

promises as (
    select
        subjects.subject_kind,
        subjects.subject_id,
        subjects.account_id,
        severe.subject_key,
        severe.severity,
        severe.service_dimension,
        severe.signal,
        cast(severe.promise_seq as varchar) as promise_seq,
        severe.falls_due_at,
        coalesce(severe.made_at, subjects.subject_began_at) as made_at,
        case
            when severe.severity = 3 then cast(floor({{ minutes_between('severe.falls_due_at', as_of()) }} / 1440.0) as integer)
            when severe.has_broken and severe.ended_at > severe.falls_due_at
                then cast(floor({{ minutes_between('severe.falls_due_at', 'severe.ended_at') }} / 1440.0) as integer)
        end as days_late
    from severe
    inner join {{ ref('int_promise_subjects') }} as subjects
        on severe.subject_key = subjects.subject_key and severe.subject_from = subjects.subject_from
    where subjects.account_id is not null
),

placed as (
    select
        *,
        cast(case when subject_kind = 'delivery' then falls_due_at else made_at end as date) as occurred_on,
        row_number() over (
            partition by subject_kind, subject_key
            order by severity desc, coalesce(days_late, 0) desc, made_at asc, signal asc, promise_seq asc
        ) as place
    from promises
)

select
    placed.subject_key,
    placed.subject_kind,
    placed.subject_id,
    placed.account_id,
    placed.severity,
    placed.service_dimension,
    placed.occurred_on,
    placed.days_late
from placed
cross join running
where placed.place = 1 and placed.occurred_on >= running.since_on

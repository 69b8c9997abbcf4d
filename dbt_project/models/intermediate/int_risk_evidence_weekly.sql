{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_stale_weeks() }}") }}

{#-
    One row per account, stored week, driver and service dimension with points that names somebody or
    something: the keys that stand behind it, worst first, at most five.
-#}

with points as (
    select week_id, account_key, driver, service_dimension
    from {{ ref('int_risk_points_weekly') }}
    where points > 0 and {{ is_stale_week('week_id') }}
),

voices as (
    select week_id, account_key, service_dimension, contact_id, perception_score, paired_expectation_score
    from {{ ref('int_voices_weekly') }}
    where is_counted and contact_id is not null and {{ is_stale_week('week_id') }}
),

people as (
    select
        week_id, account_key, contact_id,
        avg(perception_score) as perception_score,
        avg(paired_expectation_score) as expectation_score
    from voices
    group by week_id, account_key, contact_id
),

numbers as (
    select
        signal,
        {{ signal_number() }} as signal_id
    from {{ ref('signals') }}
),

scored_signals as (
    select
        numbers.signal_id,
        numbers.signal,
        known_signals.service_dimension
    from numbers
    inner join {{ ref('dim_signals') }} as known_signals on numbers.signal = known_signals.signal
    where known_signals.weight > 0
),

-- promises that fell due and were not kept, with the weeks in which they count
broken as (
    select
        promises.subject_key, promises.subject_from, promises.account_key, promises.promise_seq, promises.falls_due_at,
        promises.ended_at is null and promises.settled_score is null as is_open,
        coalesce(promises.settled_score, -100.0) as score,
        scored_signals.signal,
        scored_signals.service_dimension,
        greatest(promises.known_from_week, {{ week_of('promises.falls_due_at') }}) as from_week,
        least(
            promises.known_to_week,
            case
                when promises.ended_at is null and promises.settled_score is null then {{ never() }}
                else greatest(
                    {{ week_of('promises.falls_due_at') }},
                    coalesce({{ week_of('promises.ended_at') }}, {{ week_of('promises.falls_due_at') }})
                ) + {{ var('window_weeks') }}
            end
        ) as to_week
    from {{ promises_of_stale_weeks() }} as promises
    inner join scored_signals on promises.signal_id = scored_signals.signal_id
    where
        not promises.is_left_out
        and promises.falls_due_at is not null
        and coalesce(promises.is_broken, promises.is_timed)
        and promises.falls_due_at < {{ as_of() }}
        and promises.known_to_week > {{ first_stale_week() }}
),

-- in the order in which they weigh
ranked as (
    select
        *,
        row_number() over (
            order by score, falls_due_at, subject_key, signal, promise_seq, subject_from
        ) as rank_no
    from broken
    where from_week < to_week and to_week > {{ first_stale_week() }}
),

-- drivers that rest on the same promises share one list of them
owing as (
    select
        lists.*,
        weeks.as_known_at,
        row_number() over (order by lists.week_id, lists.account_key, lists.service_dimension, lists.list) as list_id
    from (
        select distinct
            week_id, account_key, service_dimension,
            {{ promise_list('driver') }} as list
        from points
        where {{ promise_list('driver') }} is not null
    ) as lists
    inner join {{ ref('dim_weeks') }} as weeks on lists.week_id = weeks.week_id
),

-- only promises of accounts that owe something count, and of those the five that weigh most
promised as (
    select
        owing.list_id,
        {{ five_lowest('ranked.rank_no') }} as rank_nos
    from owing
    inner join ranked
        on
            owing.account_key = ranked.account_key
            and owing.service_dimension = ranked.service_dimension
            and owing.week_id >= ranked.from_week
            and owing.week_id < ranked.to_week
    where
        case
            when owing.list = 'old'
                then
                    ranked.is_open
                    and ranked.falls_due_at + interval '1 day' * {{ var('old_commitment_days') | int }} < owing.as_known_at
            -- open for longer than that it has left the sums that these drivers read
            when ranked.is_open
                then ranked.falls_due_at >= owing.as_known_at - interval '7 days' * {{ var('overdue_weeks') | int }}
            else owing.list <> 'overdue'
        end
    group by owing.list_id
),

weightiest as (
    {{ in_rows('promised', 'list_id', 'rank_nos', 'rank_no') }}
),

named as (
    select
        ranked.rank_no,
        ranked.signal || ':' || subjects.source || ':' || subjects.subject_id || ':' || cast(ranked.promise_seq as varchar)
            as evidence_key
    from ranked
    inner join {{ ref('int_promise_subjects') }} as subjects
        on ranked.subject_key = subjects.subject_key and ranked.subject_from = subjects.subject_from
    where ranked.rank_no in (select rank_no from weightiest)
),

listed as (
    select
        weightiest.list_id,
        {{ five_json_keys('named.evidence_key', 'weightiest.place') }} as evidence_keys
    from weightiest
    inner join named on weightiest.rank_no = named.rank_no
    group by weightiest.list_id
),

keys as (
    select
        points.week_id, points.account_key, points.driver, points.service_dimension,
        'contact' as evidence_kind,
        voices.contact_id as evidence_key,
        row_number() over (
            partition by points.week_id, points.account_key, points.driver, points.service_dimension
            order by round(voices.perception_score, 9) nulls last, voices.contact_id
        ) as place
    from points
    inner join voices
        on
            points.week_id = voices.week_id
            and points.account_key = voices.account_key
            and points.service_dimension = voices.service_dimension
    where points.driver in ('perception', 'gap', 'trend')
    union all
    select
        points.week_id, points.account_key, points.driver, points.service_dimension,
        'contact' as evidence_kind,
        people.contact_id as evidence_key,
        row_number() over (
            partition by points.week_id, points.account_key, points.driver, points.service_dimension
            order by
                case when points.driver = 'single_voice' then round(people.perception_score, 9) else -round(people.expectation_score, 9) end
                asc nulls last,
                people.contact_id
        ) as place
    from points
    inner join people on points.week_id = people.week_id and points.account_key = people.account_key
    where points.driver in ('single_voice', 'expectation_inflation')
)

select
    points.week_id, points.account_key, points.driver, points.service_dimension,
    'promise' as evidence_kind,
    listed.evidence_keys
from points
inner join owing
    on
        points.week_id = owing.week_id
        and points.account_key = owing.account_key
        and points.service_dimension = owing.service_dimension
        and {{ promise_list('points.driver') }} = owing.list
inner join listed on owing.list_id = listed.list_id
union all
select
    week_id, account_key, driver, service_dimension, evidence_kind,
    {{ five_json_keys('evidence_key', 'place') }} as evidence_keys
from keys
where
    place <= 5
    and not (driver = 'single_voice' and place > 1)
group by week_id, account_key, driver, service_dimension, evidence_kind

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=[
        "{{ forget_stale_weeks() }}",
        "{{ forget('week_id <= ' ~ week_of(as_of()) ~ ' - ' ~ var('coverage_weeks')) }}"
    ]
) }}

{#- Who has been heard and who is silent, as known at the end of each of the newest weeks. -#}

with account_weeks as (
    select * from {{ ref('int_account_weeks') }}
    where {{ is_stale_week('week_id') }} and week_id > {{ week_of(as_of()) }} - {{ var('coverage_weeks') }}
),

contacts as (
    {{ contact_spans() }}
    where not is_deleted
),

voices as (
    select distinct week_id, account_id, voice_key, contact_id, is_listed
    from {{ ref('int_voices_weekly') }}
    where is_counted and perception_score is not null and {{ is_stale_week('week_id') }}
),

-- those on the client's list, and those who answered without being on it
people as (
    select
        account_weeks.week_id,
        account_weeks.account_id,
        account_weeks.last_day,
        contacts.contact_id as person,
        coalesce(contacts.relationship, 'none') as relationship,
        case when contacts.is_decision_maker then 'decision_maker' when not contacts.is_decision_maker then 'other' else 'unknown' end
            as role,
        1 as n_eligible,
        case when voices.voice_key is not null then 1 else 0 end as n_heard
    from account_weeks
    inner join contacts
        on
            account_weeks.account_id = contacts.account_id
            and {{ is_valid_contact('contacts', 'account_weeks') }}
    left join voices
        on
            account_weeks.week_id = voices.week_id
            and account_weeks.account_id = voices.account_id
            and contacts.contact_id = voices.contact_id
    union all
    select
        account_weeks.week_id,
        account_weeks.account_id,
        account_weeks.last_day,
        coalesce(voices.contact_id, '') as person,
        'none' as relationship,
        'unknown' as role,
        count(*) as n_eligible,
        count(*) as n_heard
    from account_weeks
    inner join voices on account_weeks.week_id = voices.week_id and account_weeks.account_id = voices.account_id
    where not voices.is_listed
    group by account_weeks.week_id, account_weeks.account_id, account_weeks.last_day, coalesce(voices.contact_id, '')
),

facts as (
    select account_id, coalesce(contact_id, '') as person, 'answer' as kind, submitted_day as day, known_from_week, known_to_week
    from {{ ref('int_survey_responses') }}
    union all
    select
        {{ identified_account('interactions') }} as account_id,
        coalesce({{ identified_contact('interactions') }}, '') as person,
        'meeting' as kind,
        {{ day_of('interactions.occurred_at') }} as day,
        {{ week_of(identified_from('interactions')) }} as known_from_week,
        coalesce({{ week_of(identified_to('interactions')) }}, {{ never() }}) as known_to_week
    from {{ ref('stg_interactions') }} as interactions
    {{ join_identities('interactions') }}
    where not interactions.is_deleted
),

-- each fact of a person is one of the client's too
touches as (
    select account_id, person, kind, known_from_week, known_to_week, max(day) as day
    from facts
    where known_from_week < known_to_week
    group by account_id, person, kind, known_from_week, known_to_week
    union all
    select account_id, '*' as person, kind, known_from_week, known_to_week, max(day) as day
    from facts
    where known_from_week < known_to_week
    group by account_id, kind, known_from_week, known_to_week
),

-- the newest day so far, from the week in which it became known; what was corrected since stands by itself
last_touches as (
    select
        account_id,
        person,
        kind,
        known_from_week as from_week,
        lead(known_from_week, 1, {{ never() }}) over (partition by account_id, person, kind order by known_from_week) as to_week,
        max(day) over (
            partition by account_id, person, kind order by known_from_week rows between unbounded preceding and current row
        ) as day
    from touches
    where known_to_week = {{ never() }}
    union all
    select account_id, person, kind, known_from_week as from_week, known_to_week as to_week, day
    from touches
    where known_to_week < {{ never() }}
),

subjects as (
    select week_id, account_id, person from people
    union all
    select week_id, account_id, '*' as person from account_weeks
),

known_days as (
    select
        subjects.week_id,
        subjects.account_id,
        subjects.person,
        max(case when last_touches.kind = 'answer' then last_touches.day end) as answered_day,
        max(case when last_touches.kind = 'meeting' then last_touches.day end) as met_day
    from subjects
    inner join last_touches
        on
            subjects.account_id = last_touches.account_id
            and subjects.person = last_touches.person
            and subjects.week_id >= last_touches.from_week
            and subjects.week_id < last_touches.to_week
    group by subjects.week_id, subjects.account_id, subjects.person
),

invitations as (
    select *
    from {{ ref('int_survey_invitations') }}
    where
        known_from_week < known_to_week
        and sent_day > ({{ first_stale_week() }} - {{ var('window_weeks') }}) * 7 + 3
),

-- the newest invitation of the window tells whether somebody is waited for or could not be reached
asked as (
    select
        people.week_id,
        people.account_id,
        people.person,
        invitations.sent_day,
        invitations.bounced_at,
        row_number() over (
            partition by people.week_id, people.account_id, people.person
            order by invitations.sent_at desc, invitations.source desc, invitations.invitation_id desc
        ) as place
    from people
    inner join invitations
        on
            people.account_id = invitations.account_id
            and people.person = invitations.contact_id
            and people.week_id >= invitations.known_from_week
            and people.week_id < invitations.known_to_week
            and people.last_day >= invitations.sent_day
            and people.last_day - 7 * {{ var('window_weeks') }} < invitations.sent_day
),

placed as (
    select
        people.*,
        known_days.answered_day,
        known_days.met_day,
        case
            when people.n_heard = 0 and known_days.answered_day > people.last_day - 7 * {{ var('window_weeks') }}
                then people.n_eligible
            else 0
        end as n_rated_only,
        case when asked.person is not null then 1 else 0 end as n_asked,
        case when asked.bounced_at is not null then 1 else 0 end as n_bounced,
        case
            when asked.bounced_at is null and asked.sent_day > coalesce(known_days.answered_day, -1000000) then 1
            else 0
        end as n_asked_unanswered
    from people
    left join known_days
        on
            people.week_id = known_days.week_id
            and people.account_id = known_days.account_id
            and people.person = known_days.person
    left join asked
        on
            people.week_id = asked.week_id
            and people.account_id = asked.account_id
            and people.person = asked.person
            and asked.place = 1
),

by_cut as (
    {% for cut in ['relationship', 'role', 'all'] %}
        select
            week_id,
            account_id,
            '{{ cut }}' as cut,
            {{ "'all'" if cut == 'all' else cut }} as cut_value,
            sum(n_eligible) as n_eligible,
            sum(n_heard) as n_heard,
            sum(n_rated_only) as n_rated_only,
            sum(n_asked) as n_asked,
            sum(n_asked_unanswered) as n_asked_unanswered,
            sum(n_bounced) as n_bounced,
            max(answered_day) as answered_day,
            max(met_day) as met_day
        from placed
        group by week_id, account_id{{ ', ' ~ cut if cut != 'all' }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

rows_wanted as (
    select week_id, account_id, cut, cut_value from by_cut
    where cut <> 'all'
    union all
    select week_id, account_id, 'all' as cut, 'all' as cut_value from account_weeks
),

together as (
    select
        account_weeks.account_id,
        rows_wanted.cut,
        rows_wanted.cut_value,
        account_weeks.week_id,
        account_weeks.week_start_on,
        account_weeks.is_provisional,
        account_weeks.last_day,
        coalesce(by_cut.n_eligible, 0) as n_eligible,
        coalesce(by_cut.n_heard, 0) as n_heard,
        coalesce(by_cut.n_rated_only, 0) as n_rated_only,
        coalesce(by_cut.n_asked, 0) as n_asked,
        coalesce(by_cut.n_asked_unanswered, 0) as n_asked_unanswered,
        coalesce(by_cut.n_bounced, 0) as n_bounced,
        -- of the whole client anybody counts, also who has left since or was never on its list
        case when rows_wanted.cut = 'all' then known_days.answered_day else by_cut.answered_day end as answered_day,
        case when rows_wanted.cut = 'all' then known_days.met_day else by_cut.met_day end as met_day
    from rows_wanted
    inner join account_weeks
        on rows_wanted.week_id = account_weeks.week_id and rows_wanted.account_id = account_weeks.account_id
    left join by_cut
        on
            rows_wanted.week_id = by_cut.week_id
            and rows_wanted.account_id = by_cut.account_id
            and rows_wanted.cut = by_cut.cut
            and rows_wanted.cut_value = by_cut.cut_value
    left join known_days
        on
            rows_wanted.week_id = known_days.week_id
            and rows_wanted.account_id = known_days.account_id
            and known_days.person = '*'
),

dated as (
    select
        *,
        case
            when answered_day is null then met_day
            when met_day is null or met_day < answered_day then answered_day
            else met_day
        end as touched_day
    from together
)

select
    account_id,
    cut,
    cut_value,
    week_id,
    week_start_on,
    is_provisional,
    cast(n_eligible as integer) as n_eligible,
    cast(n_heard as integer) as n_heard,
    cast(n_rated_only as integer) as n_rated_only,
    cast(n_eligible - n_heard - n_rated_only as integer) as n_silent,
    case when n_eligible > 0 then cast(n_heard as double) / n_eligible end as coverage_share,
    case when n_eligible = 0 then 'no_contacts' end as coverage_null_reason,
    cast(date '1970-01-01' + cast(answered_day as integer) as date) as last_answered_on,
    cast(last_day - answered_day as integer) as days_unanswered,
    case when answered_day is null then 'never_answered' end as answered_null_reason,
    cast(date '1970-01-01' + cast(met_day as integer) as date) as last_met_on,
    cast(last_day - touched_day as integer) as days_silent,
    coalesce(last_day - touched_day >= {{ var('silence_days') }}, true) as is_silent,
    case when touched_day is null then 'never_answered_or_met' end as silent_null_reason,
    cast(n_asked as integer) as n_asked,
    cast(n_asked_unanswered as integer) as n_asked_unanswered,
    cast(n_bounced as integer) as n_bounced
from dated

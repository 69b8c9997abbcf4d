{{ config(materialized='table') }}

{#- Whom to ask next and whom to leave in peace, at as_of. Over all surveys, counted on what was sent. -#}

with people as (
    select
        contacts.contact_id,
        contacts.account_id,
        contacts.relationship,
        coalesce(contacts.is_decision_maker, false) as is_decision_maker,
        {{ day_of('versions.known_from') }} as changed_day,
        accounts.tier,
        {{ day_of(as_of()) }} as today
    from {{ ref('dim_contacts') }} as contacts
    inner join {{ ref('dim_accounts') }} as accounts on contacts.account_id = accounts.account_id
    inner join {{ ref('int_contacts_versioned') }} as versions
        on contacts.contact_id = versions.contact_id and versions.is_newest
    where contacts.is_active and accounts.is_active
),

invitations as (
    select * from {{ ref('int_survey_invitations') }}
    where known_to_week = {{ never() }}
),

responses as (
    select * from {{ ref('int_survey_responses') }}
    where known_to_week = {{ never() }} and contact_id is not null
),

first_sent as (
    select source, survey_id, contact_id, min(sent_at) as sent_at
    from invitations
    group by source, survey_id, contact_id
),

-- who answered without having been invited was asked by somebody on that day
asks as (
    select
        account_id,
        contact_id,
        sent_day as asked_day,
        sent_at as asked_at,
        bounced_at
    from invitations
    union all
    select
        responses.account_id,
        responses.contact_id,
        responses.submitted_day as asked_day,
        responses.submitted_at as asked_at,
        cast(null as timestamp) as bounced_at
    from responses
    left join first_sent
        on
            responses.source = first_sent.source
            and responses.survey_id = first_sent.survey_id
            and responses.contact_id = first_sent.contact_id
            and responses.submitted_at >= first_sent.sent_at
    where first_sent.contact_id is null
),

contact_asks as (
    select
        contact_id,
        max(asked_day) as asked_day,
        max(bounced_at) as bounced_at,
        max(case when bounced_at is not null then asked_at end) as lost_at,
        max(case when bounced_at is null then asked_at end) as arrived_at
    from asks
    group by contact_id
),

contact_answers as (
    select contact_id, max(submitted_day) as answered_day
    from responses
    group by contact_id
),

-- the newest asks of a client's last days, oldest first: the days on which each makes room again
account_asks as (
    select
        account_id,
        asked_day,
        row_number() over (partition by account_id order by asked_day) as place
    from asks
    where asked_day > {{ day_of(as_of()) }} - {{ var('account_ask_days') }}
),

recent as (
    select account_id, count(*) as n_asks
    from account_asks
    group by account_id
),

account_limits as (
    select
        people.account_id,
        coalesce(max(recent.n_asks), 0) as n_asks,
        greatest(1, cast(floor({{ var('account_ask_share') }} * count(*)) as integer)) as n_allowed
    from people
    left join recent on people.account_id = recent.account_id
    group by people.account_id
),

expected as (
    select account_id, contact_id, service_dimension, max({{ day_of('submitted_at') }}) as expected_day
    from {{ ref('int_answers_scored') }}
    where
        is_newest
        and not is_anonymous
        and survey_kind = 'relationship'
        and measure = 'expectation'
        and contact_id is not null
        and score is not null
        and {{ day_of('submitted_at') }} >= {{ day_of(as_of()) }} - {{ var('expectation_validity_days') }}
    group by account_id, contact_id, service_dimension
),

perceived as (
    select account_id, contact_id, service_dimension, max(submitted_day) as perceived_day
    from {{ ref('int_ratings_paired') }}
    where
        is_newest
        and survey_kind = 'relationship'
        and contact_id is not null
        and perception_score is not null
        and submitted_day > {{ day_of(as_of()) }} - 7 * {{ var('window_weeks') }}
    group by account_id, contact_id, service_dimension
),

unknown as (
    select
        people.contact_id,
        string_agg(case when expected.expected_day is null then dimensions.service_dimension end, ', ' order by dimensions.sort_order)
            as ask_expectation_of,
        string_agg(case when perceived.perceived_day is null then dimensions.service_dimension end, ', ' order by dimensions.sort_order)
            as ask_perception_of,
        least(
            min(expected.expected_day) + {{ var('expectation_validity_days') }} + 1,
            min(perceived.perceived_day) + 7 * {{ var('window_weeks') }}
        ) as runs_out_day
    from people
    cross join {{ ref('dim_service_dimensions') }} as dimensions
    left join expected
        on
            people.account_id = expected.account_id
            and people.contact_id = expected.contact_id
            and dimensions.service_dimension = expected.service_dimension
    left join perceived
        on
            people.account_id = perceived.account_id
            and people.contact_id = perceived.contact_id
            and dimensions.service_dimension = perceived.service_dimension
    group by people.contact_id
),

silences as (
    select account_id, days_silent, is_silent
    from {{ ref('fct_survey_coverage') }}
    where is_provisional and cut = 'all'
),

judged as (
    select
        people.*,
        unknown.ask_expectation_of,
        unknown.ask_perception_of,
        unknown.runs_out_day,
        contact_asks.asked_day,
        contact_answers.answered_day,
        account_limits.n_asks,
        account_limits.n_allowed,
        silences.days_silent,
        coalesce(silences.is_silent, true) as is_account_silent,
        contact_asks.asked_day + {{ var('contact_ask_days') }} as free_day,
        -- a person entered anew since then may have another address
        coalesce(
            contact_asks.lost_at > coalesce(contact_asks.arrived_at, cast('1900-01-01' as timestamp))
            and {{ day_of('contact_asks.bounced_at') }} >= people.changed_day,
            false
        ) as is_address_bounced,
        unknown.ask_expectation_of is null and unknown.ask_perception_of is null as is_all_known
    from people
    inner join unknown on people.contact_id = unknown.contact_id
    inner join account_limits on people.account_id = account_limits.account_id
    left join contact_asks on people.contact_id = contact_asks.contact_id
    left join contact_answers on people.contact_id = contact_answers.contact_id
    left join silences on people.account_id = silences.account_id
),

-- size of contract never decides who comes first
ranked as (
    select
        *,
        not is_all_known and not is_address_bounced and coalesce(free_day <= today, true) as is_free,
        row_number() over (
            partition by
                account_id, not is_all_known and not is_address_bounced and coalesce(free_day <= today, true)
            order by
                case when relationship = 'key' then 0 else 1 end,
                case when is_decision_maker then 0 else 1 end,
                coalesce(answered_day, -1000000),
                contact_id
        ) as place
    from judged
),

decided as (
    select
        ranked.*,
        case
            when ranked.is_all_known then 'leave'
            when ranked.is_free and ranked.place <= ranked.n_allowed - ranked.n_asks then 'ask'
            else 'wait'
        end as action,
        case
            when ranked.is_all_known then 'all_known'
            when ranked.is_address_bounced then 'address_bounced'
            when not ranked.is_free then 'asked_lately'
            when ranked.place > ranked.n_allowed - ranked.n_asks then 'account_asked_enough'
            when ranked.is_account_silent then 'account_silent'
            when ranked.relationship = 'key' or ranked.is_decision_maker then 'key_person'
            when ranked.answered_day is null then 'never_heard'
            else 'not_known_now'
        end as reason,
        case
            when ranked.is_all_known then greatest(ranked.runs_out_day, ranked.free_day)
            when ranked.is_address_bounced then null
            when not ranked.is_free then ranked.free_day
            when ranked.place <= ranked.n_allowed - ranked.n_asks then ranked.today
            -- each ask makes room when it has passed, and so does the one that takes its room
            else
                coalesce(account_asks.asked_day + {{ var('account_ask_days') }}, ranked.today)
                + {{ var('account_ask_days') }} * cast(floor((ranked.place - 1) / cast(ranked.n_allowed as double)) as integer)
        end as not_before_day
    from ranked
    left join account_asks
        on
            ranked.account_id = account_asks.account_id
            and (ranked.place - 1) % ranked.n_allowed + 1 - ranked.n_allowed + ranked.n_asks = account_asks.place
)

select
    account_id,
    contact_id,
    tier,
    relationship,
    is_decision_maker,
    action,
    reason,
    cast(date '1970-01-01' + cast(not_before_day as integer) as date) as ask_not_before_on,
    cast(
        case
            when action = 'ask'
                then row_number() over (
                    partition by action
                    order by
                        case when is_account_silent then 0 else 1 end,
                        case when relationship = 'key' then 0 else 1 end,
                        case when is_decision_maker then 0 else 1 end,
                        coalesce(days_silent, 1000000) desc,
                        coalesce(answered_day, -1000000),
                        contact_id
                )
        end as integer
    ) as priority,
    ask_expectation_of,
    ask_perception_of,
    cast(date '1970-01-01' + cast(asked_day as integer) as date) as last_asked_on,
    cast(date '1970-01-01' + cast(answered_day as integer) as date) as last_answered_on,
    is_address_bounced,
    is_account_silent,
    cast(days_silent as integer) as account_days_silent,
    cast(n_asks as integer) as n_account_asks,
    cast(n_allowed as integer) as n_account_asks_allowed
from decided

{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_stale_weeks() }}") }}

{#-
    One row per account, service dimension, week and voice: the newest response of the window that
    has the value, for each of perception, gap and minimum. A contact who is no longer valid at the
    account at the week's end stays in as departed.
-#}

with ratings as (
    select
        *,
        -- one number for the order in which they were given: sorted once, not in every week
        row_number() over (order by submitted_at, response_id, response_key, service_dimension, known_from_week) as place
    from {{ ref('int_ratings_paired') }}
    where
        survey_kind = 'relationship'
        and submitted_day > ({{ first_stale_week() }} - {{ var('window_weeks') }}) * 7 + 3
        and known_to_week > {{ first_stale_week() }}
),

weeks as (
    select *
    from {{ ref('dim_weeks') }}
    where {{ is_stale_week('week_id') }}
),

in_window as (
    select
        ratings.*,
        weeks.week_id,
        weeks.last_day
    from ratings
    inner join weeks
        on
            weeks.week_id >= ratings.known_from_week
            and weeks.week_id < ratings.known_to_week
            and weeks.week_id >= (ratings.submitted_day - 4) // 7
            and weeks.week_id <= (ratings.submitted_day - 4) // 7 + {{ var('window_weeks') }}
    where
        ratings.submitted_day <= weeks.last_day
        and ratings.submitted_day > weeks.last_day - 7 * {{ var('window_weeks') }}
),

-- the newest response that has the value: of perception, gap and minimum
newest as (
    select
        week_id,
        max(last_day) as last_day,
        max(place) as place,
        max(case when paired_perception_score is not null then place end) as gap_place,
        max(case when minimum_score is not null then place end) as minimum_place
    from in_window
    group by week_id, account_key, voice_key, service_dimension
),

voices as (
    select
        newest.week_id,
        newest.last_day,
        heard.account_key,
        heard.account_id,
        heard.voice_key,
        heard.contact_id,
        heard.service_dimension,
        heard.submitted_day as last_answered_day,
        heard.perception_score,
        paired.paired_perception_score,
        paired.paired_expectation_score,
        bounded.bounded_perception_score,
        bounded.bounded_expectation_score,
        bounded.minimum_score,
        paired.is_same_response
    from newest
    inner join ratings as heard on newest.place = heard.place
    left join ratings as paired on newest.gap_place = paired.place
    left join ratings as bounded on newest.minimum_place = bounded.place
),

contacts as (
    {{ contact_spans() }}
)

select
    voices.week_id,
    voices.account_key,
    voices.account_id,
    voices.voice_key,
    voices.contact_id,
    voices.service_dimension,
    voices.last_answered_day,
    -- named in the client's list at the week's end, or counted beside it
    contacts.contact_id is not null as is_listed,
    contacts.contact_id is null
    or (
        not contacts.is_deleted
        and contacts.account_id = voices.account_id
        and contacts.valid_from_day <= voices.last_day
        and contacts.valid_to_day > voices.last_day
    ) as is_counted,
    coalesce(relationships.weight, 1.0) as weight,
    voices.perception_score,
    voices.paired_perception_score,
    voices.paired_expectation_score,
    voices.bounded_perception_score,
    voices.bounded_expectation_score,
    voices.minimum_score,
    voices.is_same_response
from voices
left join contacts
    on
        voices.contact_id = contacts.contact_id
        and voices.week_id >= contacts.known_from_week
        and voices.week_id < contacts.known_to_week
left join {{ ref('relationship_weights') }} as relationships
    on contacts.relationship = relationships.relationship

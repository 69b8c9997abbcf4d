{{ config(materialized='table') }}

with newest_week as (
    select max(week_id) as week_id from {{ ref('dim_weeks') }}
),

heard as (
    select distinct voices.account_id, voices.contact_id
    from {{ ref('int_voices_weekly') }} as voices
    inner join newest_week on voices.week_id = newest_week.week_id
    where voices.is_counted and voices.perception_score is not null
),

answered as (
    select account_id, contact_id, max(cast(submitted_at as date)) as last_answered_on
    from {{ ref('int_ratings_paired') }}
    where is_newest and contact_id is not null
    group by account_id, contact_id
)

select
    contacts.account_id,
    contacts.contact_id,
    contacts.job_title,
    contacts.department,
    contacts.relationship,
    contacts.is_decision_maker,
    answered.last_answered_on,
    heard.contact_id is not null as is_heard
from {{ ref('dim_contacts') }} as contacts
left join answered on contacts.account_id = answered.account_id and contacts.contact_id = answered.contact_id
left join heard on contacts.account_id = heard.account_id and contacts.contact_id = heard.contact_id
where contacts.is_active

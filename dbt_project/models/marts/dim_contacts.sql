{{ config(materialized='table') }}

with contacts as (
    select * from {{ ref('int_contacts_versioned') }}
    where is_newest
)

select
    contact_id,
    account_id,
    job_title,
    department,
    relationship,
    is_decision_maker,
    valid_from,
    valid_to,
    not is_deleted
    and coalesce({{ day_of_date('valid_from') }} <= {{ day_of(as_of()) }}, true)
    and coalesce({{ day_of_date('valid_to') }} > {{ day_of(as_of()) }}, true) as is_active
from contacts

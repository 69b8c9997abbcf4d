{{ config(materialized='table') }}

with versions as (
    {{ versions_of('contacts', ['contact_id']) }}
)

select
    -- keys
    _source,
    contact_id,
    account_id,
    -- attributes
    display_name,
    email,
    job_title,
    department,
    relationship,
    is_decision_maker,
    -- days
    valid_from,
    valid_to,

    -- versions
    version_is_deleted as is_deleted,
    is_hindsight,
    known_from,
    known_to,
    is_newest
from versions

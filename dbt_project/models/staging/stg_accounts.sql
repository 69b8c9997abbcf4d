{{ config(materialized='table') }}

with versions as (
    {{ versions_of('accounts', ['account_id']) }}
)

select
    -- keys
    _source,
    account_id,
    parent_account_id,
    -- attributes
    account_name,
    tier,
    industry,
    region,
    annual_value,
    currency,
    churn_reason,
    -- managers
    account_manager,
    solution_manager,
    delivery_manager,
    channel_manager,
    -- days
    contract_started_on,
    contract_ends_on,
    notice_given_on,
    churned_on,

    -- versions
    version_is_deleted as is_deleted,
    is_hindsight,
    known_from,
    known_to,
    is_newest
from versions

{{ config(materialized='table') }}

with accounts as (
    select * from {{ ref('int_accounts_versioned') }}
),

first_known as (
    select account_id, min(known_from) as first_known_at
    from accounts
    group by account_id
)

select
    accounts.account_id,
    accounts.account_name,
    accounts.parent_account_id,
    accounts.tier,
    accounts.industry,
    accounts.region,
    accounts.annual_value,
    accounts.currency,
    accounts.contract_started_on,
    accounts.contract_ends_on,
    accounts.notice_given_on,
    accounts.churned_on,
    accounts.churn_reason,
    accounts.account_manager,
    accounts.solution_manager,
    accounts.delivery_manager,
    accounts.channel_manager,
    not accounts.is_deleted
    and (accounts.contract_started_on is null or cast(accounts.contract_started_on as timestamp) < {{ as_of() }})
    and (accounts.churned_on is null or cast(accounts.churned_on as timestamp) >= {{ as_of() }}) as is_active,
    first_known.first_known_at
from accounts
inner join first_known on accounts.account_id = first_known.account_id
where accounts.is_newest

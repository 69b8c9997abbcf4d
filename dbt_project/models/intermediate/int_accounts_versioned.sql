{{ config(materialized='table') }}

with accounts as (
    select * from {{ ref('stg_accounts') }}
),

first_facts as (
    select id as account_id, first_known_at
    from {{ ref('int_facts_first_known') }}
    where kind = 'account'
),

identified as (
    select
        accounts.*,
        coalesce(account_identity.internal_id, accounts.account_id) as identified_id,
        coalesce(parent_identity.internal_id, accounts.parent_account_id) as identified_parent_id
    from accounts
    left join {{ ref('int_identities_versioned') }} as account_identity
        on
            account_identity.kind = 'account' and account_identity.known_to is null
            and accounts._source = account_identity.identity_source and accounts.account_id = account_identity.external_id
    left join {{ ref('int_identities_versioned') }} as parent_identity
        on
            parent_identity.kind = 'account' and parent_identity.known_to is null
            and accounts._source = parent_identity.identity_source and accounts.parent_account_id = parent_identity.external_id
),

ordered as (
    select
        *,
        row_number() over (partition by identified_id order by known_from, _source) as version_seq
    from identified
),

-- back to the start of the contract or, without one, to the oldest fact; what ends a contract is
-- not known before its own version
stood_before as (
    select
        ordered.*,
        least(
            ordered.known_from,
            coalesce(cast(ordered.contract_started_on as timestamp), first_facts.first_known_at, ordered.known_from)
        ) as stands_from
    from ordered
    left join first_facts on ordered.identified_id = first_facts.account_id
    where ordered.version_seq = 1 and not ordered.is_deleted
),

all_versions as (
    select
        identified_id as account_id, identified_parent_id as parent_account_id, account_name, tier, industry, region,
        annual_value, currency, account_manager, solution_manager, delivery_manager, channel_manager,
        contract_started_on, contract_ends_on, notice_given_on, churned_on, churn_reason,
        is_deleted, known_from, version_seq
    from ordered
    union all
    select
        identified_id as account_id, identified_parent_id as parent_account_id, account_name, tier, industry, region,
        annual_value, currency, account_manager, solution_manager, delivery_manager, channel_manager,
        contract_started_on, null as contract_ends_on, null as notice_given_on, null as churned_on, null as churn_reason,
        is_deleted, stands_from as known_from, 0 as version_seq
    from stood_before
    where stands_from < known_from
)

select
    account_id, parent_account_id, account_name, tier, industry, region,
    annual_value, currency, account_manager, solution_manager, delivery_manager, channel_manager,
    contract_started_on, contract_ends_on, notice_given_on, churned_on, churn_reason,
    is_deleted,
    known_from,
    lead(known_from) over (partition by account_id order by version_seq) as known_to,
    lead(known_from) over (partition by account_id order by version_seq) is null as is_newest
from all_versions

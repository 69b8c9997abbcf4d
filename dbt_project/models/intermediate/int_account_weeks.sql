{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_stale_weeks() }}") }}

-- depends_on: {{ ref('int_closed_weeks_kept') }}
-- The weekly marts come after this model, and what they said until now is kept before them.

with accounts as (
    select
        *,
        coalesce(contract_started_on, cast(min(known_from) over (partition by account_id) as date)) as client_since_on,
        {{ week_of('known_from') }} as known_from_week,
        coalesce({{ week_of('known_to') }}, {{ never() }}) as known_to_week
    from {{ ref('int_accounts_versioned') }}
),

weeks as (
    select *
    from {{ ref('dim_weeks') }}
    where {{ is_stale_week('week_id') }}
)

select
    weeks.week_id,
    weeks.week_start_on,
    weeks.as_known_at,
    weeks.last_day,
    weeks.is_provisional,
    {{ integer_key(['accounts.account_id']) }} as account_key,
    accounts.account_id,
    accounts.parent_account_id,
    accounts.tier,
    accounts.industry,
    accounts.region,
    accounts.account_manager,
    accounts.solution_manager,
    accounts.delivery_manager,
    accounts.channel_manager,
    accounts.annual_value,
    accounts.currency,
    accounts.client_since_on,
    accounts.contract_ends_on,
    accounts.notice_given_on
from accounts
inner join weeks
    on weeks.week_id >= accounts.known_from_week and weeks.week_id < accounts.known_to_week
where
    not accounts.is_deleted
    and (accounts.contract_started_on is null or cast(accounts.contract_started_on as timestamp) < weeks.as_known_at)
    and (accounts.churned_on is null or cast(accounts.churned_on as timestamp) >= weeks.as_known_at)

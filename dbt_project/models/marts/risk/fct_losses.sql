{{ config(materialized='table') }}

with lost as (
    select
        account_id,
        {{ integer_key(['account_id']) }} as account_key,
        coalesce(notice_given_on, churned_on) as lost_on,
        notice_given_on,
        churned_on,
        churn_reason,
        -- the last week that had ended when it was lost
        {{ week_of('cast(coalesce(notice_given_on, churned_on) as timestamp)') }} - 1 as last_week
    from {{ ref('dim_accounts') }}
    where cast(coalesce(notice_given_on, churned_on) as timestamp) <= {{ as_of() }}
),

flagged as (
    select
        lost.account_id,
        risk.week_id,
        risk.risk_score,
        risk.risk_band = 'high' or risk.is_in_top_decile as is_flagged,
        risk.week_id = lost.last_week as is_last
    from lost
    inner join {{ ref('fct_churn_risk_weekly') }} as risk
        on lost.account_id = risk.account_id and risk.week_id <= lost.last_week
),

-- weeks in a row have the same difference of week and place; it grows from run to run
runs as (
    select
        *,
        week_id - row_number() over (partition by account_id, is_flagged order by week_id) as run
    from flagged
),

last_runs as (
    select account_id, max(run) as run
    from runs
    where is_flagged
    group by account_id
),

seen as (
    select
        runs.account_id,
        min(case when runs.is_flagged and runs.run = last_runs.run then runs.week_id end) as first_high_week,
        max(case when runs.is_last then runs.risk_score end) as risk_score_at_loss
    from runs
    left join last_runs on runs.account_id = last_runs.account_id
    group by runs.account_id
),

heard as (
    select known_values.account_key, known_values.week_id, weeks.last_day - known_values.value as day
    from {{ ref('int_risk_values_weekly') }} as known_values
    inner join {{ ref('dim_weeks') }} as weeks on known_values.week_id = weeks.week_id
    -- of whom none was ever heard there is no last time
    where known_values.driver = 'silence' and known_values.n > 0
),

broken as (
    select account_id, week_id, sum(n_broken) as n_broken
    from {{ ref('fct_promise_gap_weekly') }}
    group by account_id, week_id
),

alerts as (
    select
        lost.account_id,
        min(raised.raised_at) as first_alert_at,
        min(case when raised.acknowledged_at < cast(lost.lost_on as timestamp) then raised.acknowledged_at end) as first_acknowledged_at,
        min(case when raised.resolved_at < cast(lost.lost_on as timestamp) then raised.resolved_at end) as first_resolved_at
    from lost
    inner join {{ source('raw', '_alerts') }} as raised
        on
            lost.account_id = raised.account_id
            and raised.raised_at < cast(lost.lost_on as timestamp)
            and raised.state <> 'suppressed'
    group by lost.account_id
),

placed as (
    select
        lost.*,
        account_weeks.week_id is not null as is_known,
        account_weeks.tier,
        account_weeks.region,
        account_weeks.annual_value,
        account_weeks.currency,
        account_weeks.account_manager,
        account_weeks.solution_manager,
        account_weeks.delivery_manager,
        account_weeks.channel_manager,
        culprits.service_dimension as culprit_dimension,
        culprits.driver as culprit_driver,
        culprits.since_week,
        coalesce(dimensions.owner_role, drivers.owner_role) as owner_role
    from lost
    left join {{ ref('int_account_weeks') }} as account_weeks
        on lost.account_key = account_weeks.account_key and lost.last_week = account_weeks.week_id
    left join {{ ref('int_risk_culprits_weekly') }} as culprits
        on lost.account_key = culprits.account_key and lost.last_week = culprits.week_id
    left join {{ ref('risk_drivers') }} as drivers on culprits.driver = drivers.driver
    left join {{ ref('dim_service_dimensions') }} as dimensions on culprits.service_dimension = dimensions.service_dimension
)

select
    placed.account_id,
    placed.lost_on,
    placed.notice_given_on,
    placed.churned_on,
    placed.churn_reason,
    placed.tier,
    placed.region,
    placed.annual_value,
    placed.currency,
    case
        when not placed.is_known then 'unknown'
        when placed.culprit_driver is null then 'outside'
        when placed.culprit_dimension = 'relationship' then 'relationship'
        else 'service'
    end as cause_kind,
    placed.culprit_dimension,
    placed.culprit_driver,
    {{ monday_of('placed.since_week') }} as culprit_since_on,
    cast(floor((placed.lost_on - {{ monday_of('placed.since_week') }}) / 7.0) as integer) as weeks_before_notice,
    placed.owner_role,
    {{ person_in_role('placed.owner_role', 'placed') }} as owner,
    {{ monday_of('seen.first_high_week') }} as first_high_on,
    cast(placed.lost_on - {{ monday_of('seen.first_high_week + 1') }} as integer) as days_flagged_before,
    seen.risk_score_at_loss,
    cast(broken.n_broken as integer) as promises_broken,
    cast(date '1970-01-01' + cast(heard.day as integer) as date) as last_heard_on,
    alerts.first_alert_at,
    alerts.first_acknowledged_at,
    case
        when alerts.first_resolved_at is not null then 'resolved'
        when alerts.first_acknowledged_at is not null then 'acknowledged'
        when alerts.first_alert_at is not null then 'alerted'
    end as what_was_done
from placed
left join seen on placed.account_id = seen.account_id
left join broken on placed.account_id = broken.account_id and placed.last_week = broken.week_id
left join heard on placed.account_key = heard.account_key and placed.last_week = heard.week_id
left join alerts on placed.account_id = alerts.account_id

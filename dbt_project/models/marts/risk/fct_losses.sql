{{ config(materialized='table') }}

select
    cast(null as varchar) as account_id,
    cast(null as date) as lost_on,
    cast(null as date) as notice_given_on,
    cast(null as date) as churned_on,
    cast(null as varchar) as churn_reason,
    cast(null as varchar) as tier,
    cast(null as varchar) as region,
    cast(null as double) as annual_value,
    cast(null as varchar) as currency,
    cast(null as varchar) as cause_kind,
    cast(null as varchar) as culprit_dimension,
    cast(null as varchar) as culprit_driver,
    cast(null as date) as culprit_since_on,
    cast(null as integer) as weeks_before_notice,
    cast(null as varchar) as owner_role,
    cast(null as varchar) as owner,
    cast(null as date) as first_high_on,
    cast(null as integer) as days_flagged_before,
    cast(null as double) as risk_score_at_loss,
    cast(null as integer) as promises_broken,
    cast(null as date) as last_heard_on,
    cast(null as timestamp) as first_alert_at,
    cast(null as timestamp) as first_acknowledged_at,
    cast(null as varchar) as what_was_done
where false

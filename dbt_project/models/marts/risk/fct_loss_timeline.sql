{{ config(materialized='table') }}

with losses as (
    select
        *,
        {{ integer_key(['account_id']) }} as account_key,
        {{ week_of('cast(lost_on as timestamp)') }} - 1 as last_week
    from {{ ref('fct_losses') }}
),

-- what was beyond its line in the year before, since whenever, and whether it stayed
turned as (
    select
        losses.account_id, losses.last_week, points.driver, points.service_dimension, points.since_week,
        max(points.week_id) as until_week
    from losses
    inner join {{ ref('int_risk_points_weekly') }} as points
        on
            losses.account_key = points.account_key
            and points.week_id <= losses.last_week
            and points.week_id > losses.last_week - {{ var('year_weeks') }}
            and points.since_week is not null
    inner join {{ ref('risk_drivers') }} as drivers on points.driver = drivers.driver
    where drivers.is_culprit
    group by losses.account_id, losses.last_week, points.driver, points.service_dimension, points.since_week
),

alerted as (
    select raised.*, losses.lost_on
    from {{ source('raw', '_alerts') }} as raised
    inner join losses on raised.account_id = losses.account_id
    where raised.state <> 'suppressed'
),

events as (
    select
        account_id,
        {{ monday_of('since_week') }} as occurred_on,
        'driver_turned' as event,
        service_dimension,
        driver,
        case when until_week < last_week then {{ monday_of('until_week + 1') }} end as ended_on,
        cast(null as varchar) as detail
    from turned
    {% for event, instant, detail in [
        ('alert_raised', 'raised_at', 'alert_id'),
        ('alert_sent', 'first_sent_at', 'alert_id'),
        ('alert_acknowledged', 'acknowledged_at', 'alert_id'),
        ('alert_resolved', 'resolved_at', "coalesce(outcome, '') || ' ' || coalesce(cause, '')"),
    ] %}
        union all
        select
            account_id,
            cast({{ instant }} as date) as occurred_on,
            '{{ event }}' as event,
            nullif(service_dimension, '') as service_dimension,
            driver,
            cast(null as date) as ended_on,
            trim(kind || ' ' || {{ detail }}) as detail
        from alerted
        where {{ instant }} is not null
    {% endfor %}
    {% for event, day, detail in [
        ('last_heard', 'last_heard_on', 'cast(null as varchar)'),
        ('notice', 'notice_given_on', 'churn_reason'),
        ('churned', 'churned_on', 'churn_reason'),
    ] %}
        union all
        select
            account_id,
            {{ day }} as occurred_on,
            '{{ event }}' as event,
            cast(null as varchar) as service_dimension,
            cast(null as varchar) as driver,
            cast(null as date) as ended_on,
            {{ detail }} as detail
        from losses
        where {{ day }} is not null
    {% endfor %}
)

select
    events.account_id,
    events.occurred_on,
    events.event,
    events.service_dimension,
    events.driver,
    {{ week_of('cast(events.occurred_on as timestamp)') }} as week_id,
    events.ended_on,
    cast(floor((losses.lost_on - events.occurred_on) / 7.0) as integer) as weeks_before_loss,
    events.detail
from events
inner join losses on events.account_id = losses.account_id

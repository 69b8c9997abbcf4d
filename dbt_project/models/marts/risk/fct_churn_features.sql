{{ config(materialized='view') }}

with features as (
    select
        drivers.driver,
        coalesce(dimensions.service_dimension, 'relationship') as service_dimension,
        drivers.driver || coalesce(':' || dimensions.service_dimension, '') as feature
    from {{ ref('risk_drivers') }} as drivers
    left join {{ ref('dim_service_dimensions') }} as dimensions on drivers.is_by_dimension
)

select
    account_weeks.account_id,
    account_weeks.week_id,
    features.feature,
    standing.value,
    standing.share,
    standing.share is not null as is_known
from {{ ref('int_account_weeks') }} as account_weeks
cross join features
left join {{ ref('int_risk_points_weekly') }} as standing
    on
        account_weeks.week_id = standing.week_id
        and account_weeks.account_key = standing.account_key
        and features.driver = standing.driver
        and features.service_dimension = standing.service_dimension
where account_weeks.notice_given_on is null or {{ day_of_date('account_weeks.notice_given_on') }} > account_weeks.last_day

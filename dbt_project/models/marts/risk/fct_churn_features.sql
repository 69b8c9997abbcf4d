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
    known_values.value,
    known_values.value is not null as is_known
from {{ ref('int_account_weeks') }} as account_weeks
cross join features
left join {{ ref('int_risk_values_weekly') }} as known_values
    on
        account_weeks.week_id = known_values.week_id
        and account_weeks.account_key = known_values.account_key
        and features.driver = known_values.driver
        and features.service_dimension = known_values.service_dimension
where account_weeks.notice_given_on is null or {{ day_of_date('account_weeks.notice_given_on') }} > account_weeks.last_day

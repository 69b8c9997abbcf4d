{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_stale_weeks() }}") }}

{#- One row per account and week with contacts valid there at the week's end. -#}

with contacts as (
    select
        *,
        {{ week_of('known_from') }} as known_from_week,
        coalesce({{ week_of('known_to') }}, {{ never() }}) as known_to_week,
        coalesce({{ day_of_date('valid_from') }}, -1000000) as valid_from_day,
        coalesce({{ day_of_date('valid_to') }}, 1000000) as valid_to_day
    from {{ ref('int_contacts_versioned') }}
    where not is_deleted
),

weeks as (
    select *
    from {{ ref('dim_weeks') }}
    where {{ is_stale_week('week_id') }}
)

select
    weeks.week_id,
    {{ integer_key(['contacts.account_id']) }} as account_key,
    contacts.account_id,
    cast(count(*) as integer) as n_contacts
from contacts
inner join weeks
    on
        weeks.week_id >= contacts.known_from_week
        and weeks.week_id < contacts.known_to_week
        and weeks.last_day >= contacts.valid_from_day
        and weeks.last_day < contacts.valid_to_day
group by weeks.week_id, contacts.account_id

{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_stale_weeks() }}") }}

{#- One row per account and week with contacts valid there at the week's end. -#}

with contacts as (
    {{ contact_spans() }}
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
        {{ is_valid_contact('contacts', 'weeks') }}
group by weeks.week_id, contacts.account_id

{{ config(materialized='table') }}
{#- an instant and no relation to join: what ended before it is not even read -#}
{%- set opened_at = add_minutes(as_of(), '-10080.0 * ' ~ var('window_weeks')) %}

-- which source brought which survey: answers know their batch, batches their source
with brought as (
    select distinct
        answers._source as system,
        answers.survey_id,
        batches.source
    from {{ source('raw', 'survey_answers') }} as answers
    inner join {{ source('raw', '_batches') }} as batches on answers._batch_id = batches.batch_id
),

active as (
    select account_id from {{ ref('dim_accounts') }}
    where is_active
),

felt as (
    select distinct brought.source, ratings.account_id, ratings.service_dimension
    from {{ ref('fct_ratings') }} as ratings
    inner join brought on ratings.source = brought.system and ratings.survey_id = brought.survey_id
    where ratings.survey_kind = 'relationship' and ratings.submitted_at > {{ opened_at }}
),

-- a ticket system is as old as its oldest file: events tell of tickets, promises of deliveries
kinds as (
    select 'tickets' as contract, 'ticket' as subject_kind
    union all
    select 'ticket_events' as contract, 'ticket' as subject_kind
    union all
    select 'ticket_slas' as contract, 'ticket' as subject_kind
    union all
    select 'deliveries' as contract, 'delivery' as subject_kind
    union all
    select 'delivery_promises' as contract, 'delivery' as subject_kind
),

delivering as (
    select distinct batches.source, batches.system, kinds.subject_kind
    from {{ source('raw', '_batches') }} as batches
    inner join kinds on batches.contract = kinds.contract
),

owed as (
    select distinct source as system, subject_kind, account_id, service_dimension
    from {{ ref('fct_promises') }}
    where is_newest and is_scored and (ended_at is null or ended_at > {{ opened_at }})
),

factual as (
    select delivering.source, owed.account_id, owed.service_dimension
    from owed
    inner join delivering on owed.system = delivering.system and owed.subject_kind = delivering.subject_kind
),

resting as (
    select source, 'felt' as side, service_dimension, account_id from felt
    union all
    select source, 'factual' as side, service_dimension, account_id from factual
),

counted as (
    select resting.source, resting.side, resting.service_dimension, resting.account_id
    from resting
    inner join active on resting.account_id = active.account_id
)

select source, side, service_dimension, cast(count(*) as integer) as n_accounts
from counted
group by source, side, service_dimension
union all
select source, side, 'overall' as service_dimension, cast(count(distinct account_id) as integer) as n_accounts
from counted
group by source, side

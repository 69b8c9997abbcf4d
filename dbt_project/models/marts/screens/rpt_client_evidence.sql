{{ config(materialized='view') }}

with running as (
    select cast(max(week_start_on) - {{ var('evidence_weeks') }} * 7 as date) as since_on
    from {{ ref('dim_weeks') }}
),

-- an answer stands once, by the lowest of its perceptions
answers as (
    select
        account_id,
        response_id,
        source,
        service_dimension,
        cast(submitted_at as date) as occurred_on,
        perception_score as score,
        round(perception_score, 9) < round(coalesce(minimum_score, {{ var('breach_line_score') }}), 9) as is_adverse,
        row_number() over (
            partition by response_id, source, survey_id order by round(perception_score, 9) asc, service_dimension asc
        ) as place
    from {{ ref('fct_ratings') }}
    where perception_score is not null
),

meetings as (
    select
        {{ identified_account('interactions') }} as account_id,
        interactions._source as source,
        interactions.interaction_id,
        interactions.kind,
        cast(interactions.occurred_at as date) as occurred_on
    from {{ ref('stg_interactions') }} as interactions
    left join {{ ref('int_identities_versioned') }} as account_identity
        on
            account_identity.kind = 'account'
            and interactions._source = account_identity.identity_source
            and interactions.account_id = account_identity.external_id
            and account_identity.known_to is null
    where interactions.is_newest and not interactions.is_deleted
),

evidence as (
    select
        account_id,
        'alert' as lane,
        alert_id as evidence_id,
        cast(raised_at as date) as occurred_on,
        kind as state,
        coalesce(outcome, 'open') not in ('not_confirmed', 'duplicate') as is_adverse,
        nullif(service_dimension, '') as service_dimension,
        cast(null as double) as score,
        cast(null as integer) as days_late
    from {{ source('raw', '_alerts') }}
    where account_id is not null and state <> 'suppressed'
    union all
    select
        account_id,
        'answer' as lane,
        response_id as evidence_id,
        occurred_on,
        case when is_adverse then 'low' else 'fair' end as state,
        is_adverse,
        service_dimension,
        score,
        cast(null as integer) as days_late
    from answers
    where place = 1
    union all
    select
        account_id,
        subject_kind as lane,
        subject_id as evidence_id,
        occurred_on,
        case severity when 3 then 'overdue' when 2 then 'broken' when 1 then 'open' else 'kept' end as state,
        severity >= 2 as is_adverse,
        service_dimension,
        cast(null as double) as score,
        cast(case when severity >= 2 then days_late end as integer) as days_late
    from {{ ref('int_subjects_judged') }}
    union all
    select
        account_id,
        'meeting' as lane,
        interaction_id as evidence_id,
        occurred_on,
        kind as state,
        false as is_adverse,
        cast(null as varchar) as service_dimension,
        cast(null as double) as score,
        cast(null as integer) as days_late
    from meetings
)

select
    evidence.account_id,
    evidence.lane,
    evidence.evidence_id,
    evidence.occurred_on,
    evidence.state,
    evidence.is_adverse,
    evidence.service_dimension,
    evidence.score,
    evidence.days_late
from evidence
cross join running
where evidence.occurred_on >= running.since_on and evidence.account_id is not null

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_stale_weeks() }}"
) }}

with weeks as (
    select * from {{ ref('dim_weeks') }}
    where {{ is_stale_week('week_id') }}
),

-- the points valid on the week's Sunday
valid as (
    select
        weeks.week_id,
        seed.service_dimension,
        seed.points,
        row_number() over (
            partition by weeks.week_id, seed.service_dimension order by seed.valid_from_on desc
        ) as version_rank
    from weeks
    inner join {{ ref('service_dimensions') }} as seed on {{ day_of_date('seed.valid_from_on') }} <= weeks.week_id * 7 + 10
),

default_weights as (
    select
        week_id,
        service_dimension,
        cast(points as double) / sum(points) over (partition by week_id) as weight,
        cast(count(*) over (partition by week_id) as integer) as n_dimensions
    from valid
    where version_rank = 1
),

-- a split of 100 points: the newest one of each contact in the last four windows, if it names every dimension
shares as (
    select
        voice_key,
        response_key,
        service_dimension,
        submitted_at,
        {{ day_of('submitted_at') }} as submitted_day,
        answer_value,
        {{ week_of('known_from') }} as known_from_week,
        coalesce({{ week_of('known_to') }}, {{ never() }}) as known_to_week
    from {{ ref('int_answers_scored') }}
    where
        measure = 'importance'
        and survey_kind = 'relationship'
        and service_dimension is not null
        and answer_value >= 0
        and not is_anonymous
),

splits as (
    select
        weeks.week_id,
        shares.voice_key,
        shares.response_key,
        shares.submitted_at,
        sum(shares.answer_value) as points,
        count(distinct shares.service_dimension) as n_dimensions
    from shares
    inner join weeks
        on
            weeks.week_id >= shares.known_from_week
            and weeks.week_id < shares.known_to_week
            and shares.submitted_day <= weeks.last_day
            and shares.submitted_day > weeks.last_day - 4 * 7 * {{ var('window_weeks') }}
    inner join default_weights
        on weeks.week_id = default_weights.week_id and shares.service_dimension = default_weights.service_dimension
    group by weeks.week_id, shares.voice_key, shares.response_key, shares.submitted_at
),

needed as (
    select distinct week_id, n_dimensions from default_weights
),

complete_splits as (
    select
        splits.*,
        row_number() over (
            partition by splits.week_id, splits.voice_key order by splits.submitted_at desc, splits.response_key desc
        ) as newest_rank
    from splits
    inner join needed
        on splits.week_id = needed.week_id and splits.n_dimensions = needed.n_dimensions
    where splits.points > 0
),

stated as (
    select
        complete_splits.week_id,
        shares.service_dimension,
        sum(shares.answer_value / complete_splits.points) / count(distinct shares.voice_key) as weight,
        cast(count(distinct shares.voice_key) as integer) as n_responses
    from complete_splits
    inner join shares
        on
            complete_splits.response_key = shares.response_key
            and complete_splits.voice_key = shares.voice_key
            and complete_splits.week_id >= shares.known_from_week
            and complete_splits.week_id < shares.known_to_week
    where complete_splits.newest_rank = 1
    group by complete_splits.week_id, shares.service_dimension
),

together as (
    select
        week_id,
        'default' as basis,
        service_dimension,
        weight,
        cast(null as integer) as n_responses,
        cast(null as varchar) as null_reason
    from default_weights
    union all
    select
        default_weights.week_id,
        'stated' as basis,
        default_weights.service_dimension,
        case when stated.n_responses >= {{ var('min_respondents') }} then stated.weight end as weight,
        coalesce(stated.n_responses, 0) as n_responses,
        case when coalesce(stated.n_responses, 0) < {{ var('min_respondents') }} then 'too_few_responses' end as null_reason
    from default_weights
    left join stated
        on default_weights.week_id = stated.week_id and default_weights.service_dimension = stated.service_dimension
    union all
    select
        week_id,
        'derived' as basis,
        service_dimension,
        derived_weight as weight,
        n_responses,
        null_reason
    from {{ ref('int_weights_derived') }}
    where {{ is_stale_week('week_id') }}
)

select
    together.week_id,
    weeks.week_start_on,
    weeks.is_provisional,
    together.basis,
    together.service_dimension,
    together.weight,
    together.n_responses,
    together.null_reason
from together
inner join weeks on together.week_id = weeks.week_id

{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_stale_weeks() }}") }}

{#-
    One row per active account, stored week, driver and service dimension with a value that stands: the
    newest one, for at most so many weeks as its driver allows. How far it is from the driver's line
    (share 0) to its full value (1), its points, and since when it has been beyond the share of its cap
    that counts as turned.
-#}

with drivers as (
    select * from {{ ref('risk_drivers') }}
),

account_weeks as (
    select week_id, account_key from {{ ref('int_account_weeks') }}
    where {{ is_stale_week('week_id') }}
),

measured as (
    select
        known_values.*,
        drivers.line,
        drivers.full_value,
        drivers.cap,
        drivers.stands_weeks
    from {{ ref('int_risk_values_weekly') }} as known_values
    inner join drivers on known_values.driver = drivers.driver
    where known_values.week_id >= {{ first_stale_week() }} - (select max(longest.stands_weeks) from drivers as longest)
),

-- what was last said stands until somebody says otherwise
known as (
    select
        *,
        lead(week_id, 1, {{ never() }}) over (
            partition by account_key, driver, service_dimension
            order by week_id
        ) as next_week
    from measured
    where stands_weeks > 0
),

standing as (
    select week_id, account_key, account_id, driver, service_dimension, value, n, line, full_value, cap, 0 as age_weeks
    from measured
    where {{ is_stale_week('week_id') }}
    union all
    select
        account_weeks.week_id, known.account_key, known.account_id, known.driver, known.service_dimension,
        known.value, known.n, known.line, known.full_value, known.cap,
        account_weeks.week_id - known.week_id as age_weeks
    from known
    inner join account_weeks
        on
            known.account_key = account_weeks.account_key
            and account_weeks.week_id > known.week_id
            and account_weeks.week_id < known.next_week
            and account_weeks.week_id <= known.week_id + known.stands_weeks
    where known.next_week > known.week_id + 1
),

-- at the line but for the rounding of its value: no points
shared as (
    select
        week_id, account_key, account_id, driver, service_dimension, value, n, cap, age_weeks,
        case
            when round((value - line) / (full_value - line), 9) > 0
                then least(1.0, (value - line) / (full_value - line))
            else 0.0
        end as share
    from standing
),

-- a driver of several service dimensions shares its cap among them; most have no points to share
capped as (
    select
        *,
        cap * share as full_points,
        cap * share
        * least(1.0, cap / nullif(sum(cap * share) over (partition by week_id, account_key, driver), 0.0)) as points,
        round(cap * share, 9) > 0 and round(cap * share, 9) >= {{ var('turned_share') }} * cap as is_turned
    from shared
    where share > 0
),

-- weeks in a row beyond the share have the same difference of week and place
numbered as (
    select
        *,
        week_id - row_number() over (
            partition by account_key, driver, service_dimension, is_turned order by week_id
        ) as run
    from capped
),

started as (
    select
        week_id, account_key, account_id, driver, service_dimension, value, n, age_weeks, points, full_points, share,
        case when is_turned then min(week_id) over (partition by account_key, driver, service_dimension, run, is_turned) end
            as started_week
    from numbered
    union all
    select
        week_id, account_key, account_id, driver, service_dimension, value, n, age_weeks,
        0.0 as points,
        0.0 as full_points,
        share,
        cast(null as integer) as started_week
    from shared
    where share = 0
)

select
    started.week_id,
    started.account_key,
    started.account_id,
    started.driver,
    started.service_dimension,
    started.value,
    started.n,
    cast(started.age_weeks as integer) as age_weeks,
    started.points,
    started.full_points,
    started.share,
    {% if is_incremental() %}
        -- a run that was there before goes on
        case
            when started.started_week = {{ stale_from_week() }} then coalesce(kept.since_week, started.started_week)
            else started.started_week
        end as since_week
    {% else %}
        started.started_week as since_week
    {% endif %}
from started
{% if is_incremental() %}
    left join {{ this }} as kept
        on
            started.account_key = kept.account_key
            and started.driver = kept.driver
            and started.service_dimension = kept.service_dimension
            and kept.week_id = {{ stale_from_week() }} - 1
{% endif %}

{{ config(materialized='view') }}

{#-
    One row per active account, service dimension and stale week with voices in its window and in the
    window before: what a test of the change needs, for perception and for the gap, unweighted over contacts.
-#}

with voices as (
    select *, paired_perception_score - paired_expectation_score as satisfaction_gap
    from {{ ref('int_voices_weekly') }}
    where is_counted and week_id >= {{ stale_from_week() }} - {{ var('window_weeks') }}
),

-- the same contacts in both windows, the earlier one as known at its own end
stayers as (
    select
        voices.week_id,
        voices.account_key,
        voices.service_dimension,
        count(voices.perception_score - earlier.perception_score) as n_perception_stayers,
        avg(voices.perception_score - earlier.perception_score) as perception_stayer_change,
        var_samp(voices.perception_score - earlier.perception_score) as perception_stayer_variance,
        count(voices.satisfaction_gap - earlier.satisfaction_gap) as n_gap_stayers,
        avg(voices.satisfaction_gap - earlier.satisfaction_gap) as gap_stayer_change,
        var_samp(voices.satisfaction_gap - earlier.satisfaction_gap) as gap_stayer_variance
    from voices
    inner join voices as earlier
        on
            voices.week_id = earlier.week_id + {{ var('window_weeks') }}
            and voices.account_key = earlier.account_key
            and voices.voice_key = earlier.voice_key
            and voices.service_dimension = earlier.service_dimension
    where voices.week_id >= {{ stale_from_week() }}
    group by voices.week_id, voices.account_key, voices.service_dimension
),

averaged as (
    select * from {{ ref('int_voices_averaged') }}
    where week_id >= {{ stale_from_week() }} - {{ var('window_weeks') }}
)

select
    averaged.week_id,
    averaged.account_key,
    averaged.service_dimension,
    averaged.n_contacts as n_perception,
    averaged.perception_plain_mean,
    averaged.perception_squares,
    earlier.n_contacts as n_perception_before,
    earlier.perception_plain_mean as perception_plain_mean_before,
    earlier.perception_squares as perception_squares_before,
    coalesce(stayers.n_perception_stayers, 0) as n_perception_stayers,
    stayers.perception_stayer_change,
    stayers.perception_stayer_variance,
    averaged.n_paired as n_gap,
    averaged.gap_plain_mean,
    averaged.gap_squares,
    earlier.n_paired as n_gap_before,
    earlier.gap_plain_mean as gap_plain_mean_before,
    earlier.gap_squares as gap_squares_before,
    coalesce(stayers.n_gap_stayers, 0) as n_gap_stayers,
    stayers.gap_stayer_change,
    stayers.gap_stayer_variance
from averaged
inner join averaged as earlier
    on
        averaged.week_id = earlier.week_id + {{ var('window_weeks') }}
        and averaged.account_key = earlier.account_key
        and averaged.service_dimension = earlier.service_dimension
left join stayers
    on
        averaged.week_id = stayers.week_id
        and averaged.account_key = stayers.account_key
        and averaged.service_dimension = stayers.service_dimension
where
    averaged.week_id >= {{ stale_from_week() }}
    and averaged.n_contacts > 1
    and earlier.n_contacts > 1

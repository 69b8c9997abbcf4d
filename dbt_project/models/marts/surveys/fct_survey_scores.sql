{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_stale_weeks() }}"
) }}

{#- NPS, CSAT and CES of the window, as known at each week's end; a row only where somebody answered. -#}

with account_weeks as (
    select * from {{ ref('int_account_weeks') }}
    where {{ is_stale_week('week_id') }}
),

votes as (
    select
        votes.*,
        account_weeks.week_id,
        account_weeks.last_day
    from {{ ref('int_survey_votes') }} as votes
    inner join account_weeks
        on
            votes.account_id = account_weeks.account_id
            and account_weeks.week_id >= votes.known_from_week
            and account_weeks.week_id < votes.known_to_week
            and votes.submitted_day <= account_weeks.last_day
            and votes.submitted_day > account_weeks.last_day - 7 * {{ var('window_weeks') }}
    where votes.submitted_day > ({{ first_stale_week() }} - {{ var('window_weeks') }}) * 7 + 3
),

-- a response with several questions of a measure has one voice
responses as (
    select
        week_id,
        last_day,
        account_id,
        contact_id,
        survey_kind,
        measure,
        voice_key,
        response_key,
        response_id,
        max(submitted_at) as submitted_at,
        avg(score) as score,
        min(case when is_top_box then 1 else 0 end) as is_top_box
    from votes
    where measure <> 'nps' or is_nps_scale
    group by
        week_id, last_day, account_id, contact_id, survey_kind, measure, voice_key, response_key, response_id
),

newest as (
    select
        *,
        row_number() over (
            partition by week_id, account_id, survey_kind, measure, voice_key order by submitted_at desc, response_id desc, response_key desc
        ) as place
    from responses
),

contacts as (
    select
        *,
        {{ week_of('known_from') }} as known_from_week,
        coalesce({{ week_of('known_to') }}, {{ never() }}) as known_to_week
    from {{ ref('int_contacts_versioned') }}
),

-- a transaction was rated once and for all; a relationship is rated by those who are still there
counted as (
    select
        newest.*,
        round(newest.score, 9) >= 90 as is_promoter,
        round(newest.score, 9) <= 60 as is_detractor,
        contacts.contact_id is null as is_unlisted
    from newest
    left join contacts
        on
            newest.contact_id = contacts.contact_id
            and newest.week_id >= contacts.known_from_week
            and newest.week_id < contacts.known_to_week
    where
        newest.survey_kind = 'transactional'
        or (
            newest.place = 1
            and (
                contacts.contact_id is null
                or (
                    not contacts.is_deleted
                    and contacts.account_id = newest.account_id
                    and coalesce({{ day_of_date('contacts.valid_from') }}, -1000000) <= newest.last_day
                    and coalesce({{ day_of_date('contacts.valid_to') }}, 1000000) > newest.last_day
                )
            )
        )
),

by_account as (
    select
        week_id,
        account_id,
        survey_kind,
        measure,
        count(*) as n_answers,
        sum(score) as sum_of_scores,
        sum(score - 50.0) as sum_of_deviations,
        sum((score - 50.0) * (score - 50.0)) as sum_of_squares,
        sum(case when is_promoter then 1 else 0 end) as n_promoters,
        sum(case when is_detractor then 1 else 0 end) as n_detractors,
        sum(is_top_box) as n_satisfied,
        sum(case when is_unlisted then 1 else 0 end) as n_unlisted
    from counted
    group by week_id, account_id, survey_kind, measure
),

-- asked on another scale than 0 to 10, a question is no nps whatever it is called
declared as (
    select
        week_id,
        account_id,
        survey_kind,
        measure,
        max(case when measure <> 'nps' or is_nps_scale then 1 else 0 end) as is_asked_so
    from votes
    group by week_id, account_id, survey_kind, measure
),

placed as (
    {{ placed_in_cuts('week_id >= ' ~ first_stale_week()) }}
),

cuts as (
    select week_id, account_id, 'account' as cut, account_id as cut_value from placed
    {% for cut in portfolio_cuts() %}
        union all
        select week_id, account_id, '{{ cut }}' as cut, in_{{ cut }} as cut_value
        from placed
        where in_{{ cut }} is not null
    {% endfor %}
),

eligible as (
    select
        cuts.cut,
        cuts.cut_value,
        cuts.week_id,
        sum(coalesce(contacts.n_contacts, 0)) as n_contacts
    from cuts
    left join {{ ref('int_eligible_contacts_weekly') }} as contacts
        on cuts.week_id = contacts.week_id and cuts.account_id = contacts.account_id
    group by cuts.cut, cuts.cut_value, cuts.week_id
),

summed as (
    select
        cuts.cut,
        cuts.cut_value,
        declared.survey_kind,
        declared.measure,
        cuts.week_id,
        max(declared.is_asked_so) as is_asked_so,
        count(by_account.n_answers) as n_accounts,
        coalesce(sum(by_account.n_answers), 0) as n_answers,
        sum(by_account.sum_of_scores) as sum_of_scores,
        sum(by_account.sum_of_deviations) as sum_of_deviations,
        sum(by_account.sum_of_squares) as sum_of_squares,
        coalesce(sum(by_account.n_promoters), 0) as n_promoters,
        coalesce(sum(by_account.n_detractors), 0) as n_detractors,
        coalesce(sum(by_account.n_satisfied), 0) as n_satisfied,
        coalesce(sum(by_account.n_unlisted), 0) as n_unlisted,
        avg(
            case declared.measure
                when 'nps' then cast(by_account.n_promoters - by_account.n_detractors as double) / by_account.n_answers
                when 'csat' then cast(by_account.n_satisfied as double) / by_account.n_answers
                else by_account.sum_of_scores / by_account.n_answers
            end
        ) as account_mean_value
    from cuts
    inner join declared on cuts.week_id = declared.week_id and cuts.account_id = declared.account_id
    left join by_account
        on
            declared.week_id = by_account.week_id
            and declared.account_id = by_account.account_id
            and declared.survey_kind = by_account.survey_kind
            and declared.measure = by_account.measure
    group by cuts.cut, cuts.cut_value, declared.survey_kind, declared.measure, cuts.week_id
),

sized as (
    select
        summed.*,
        cast(summed.n_answers as double) as n,
        cast(nullif(summed.n_answers, 0) as double) as n_if_any,
        summed.sum_of_scores / nullif(summed.n_answers, 0) as mean_score,
        case when summed.survey_kind = 'relationship' then eligible.n_contacts + summed.n_unlisted end as n_eligible
    from summed
    inner join eligible
        on summed.cut = eligible.cut and summed.cut_value = eligible.cut_value and summed.week_id = eligible.week_id
),

valued as (
    select
        *,
        case measure
            when 'nps' then (n_promoters - n_detractors) / n_if_any
            when 'csat' then n_satisfied / n_if_any
            else mean_score
        end as value,
        case measure
            when 'nps' then (n_promoters + n_detractors) / n_if_any - (n_promoters - n_detractors) * (n_promoters - n_detractors) / (n_if_any * n_if_any)
            when 'csat' then n_satisfied / n_if_any * (1 - n_satisfied / n_if_any)
            else {{ covariance_of('n', 'sum_of_deviations', 'sum_of_deviations', 'sum_of_squares') }}
        end as variance,
        case
            when n_eligible > 1 and n >= n_eligible then 0.0
            when n_eligible > 1 then sqrt((n_eligible - n) / (n_eligible - 1.0))
            else 1.0
        end as finite_population_factor
    from sized
),

erring as (
    select
        *,
        -- equal answers of a part of the people say nothing about the spread of all
        case
            when value is null then null
            when finite_population_factor = 0 then 0.0
            when n >= 2 and variance > 1e-9 then sqrt(variance / n) * finite_population_factor
        end as standard_error,
        1.959963984540054 * 1.959963984540054 / n_if_any as z_squared_share
    from valued
),

bounded as (
    select
        *,
        (value + z_squared_share / 2) / (1 + z_squared_share) as wilson_middle,
        sqrt(z_squared_share * (greatest(0.0, value * (1 - value)) + z_squared_share / 4)) / (1 + z_squared_share) as wilson_reach,
        -- the ends of the range, unknown with the error
        case when standard_error is not null then case measure when 'nps' then -1.0 else 0.0 end end as worst_value,
        case when standard_error is not null then case measure when 'nps' then 1.0 else 100.0 end end as best_value
    from erring
)

select
    bounded.cut,
    bounded.cut_value,
    bounded.survey_kind,
    bounded.measure,
    bounded.week_id,
    weeks.week_start_on,
    weeks.is_provisional,
    bounded.value,
    bounded.account_mean_value,
    bounded.standard_error,
    case
        when bounded.measure = 'csat' then bounded.wilson_middle - bounded.wilson_reach
        else greatest(bounded.worst_value, bounded.value - 1.959963984540054 * bounded.standard_error)
    end as low_value,
    case
        when bounded.measure = 'csat' then bounded.wilson_middle + bounded.wilson_reach
        else least(bounded.best_value, bounded.value + 1.959963984540054 * bounded.standard_error)
    end as high_value,
    bounded.mean_score,
    cast(bounded.n_answers as integer) as n_answers,
    cast(bounded.n_accounts as integer) as n_accounts,
    cast(bounded.n_eligible as integer) as n_eligible,
    cast(case when bounded.measure = 'nps' then bounded.n_promoters end as integer) as n_promoters,
    cast(case when bounded.measure = 'nps' then bounded.n_answers - bounded.n_promoters - bounded.n_detractors end as integer) as n_passives,
    cast(case when bounded.measure = 'nps' then bounded.n_detractors end as integer) as n_detractors,
    cast(case when bounded.measure = 'csat' then bounded.n_satisfied end as integer) as n_satisfied,
    case
        when bounded.value is not null then null
        when bounded.is_asked_so = 0 then 'not_zero_to_ten'
        else 'all_departed'
    end as null_reason,
    case
        when bounded.standard_error is not null then null
        when bounded.n_answers = 0 then 'no_answers'
        when bounded.n_answers = 1 then 'one_answer'
        else 'no_variance'
    end as standard_error_null_reason
from bounded
inner join {{ ref('dim_weeks') }} as weeks on bounded.week_id = weeks.week_id

-- Planted losses beside what the risk marts say, of a snapshot attached as `measured`.

create or replace temp table lost as
select
    account_id,
    cause,
    cast(notice_given_on as date) as notice_on
from episodes
where outcome = 'lost';

create or replace temp table told as
select
    lost.account_id,
    lost.cause,
    losses.culprit_driver,
    losses.culprit_dimension,
    coalesce(losses.cause_kind, 'unknown') as cause_kind
from lost
left join measured.marts.fct_losses as losses on lost.account_id = losses.account_id;

-- Two baselines over the same accounts and weeks, each as known at the week's end.
create or replace temp table weeks as
select risk.account_id, risk.week_id, risk.risk_rank, weeks.last_day, weeks.as_known_at
from measured.marts.fct_churn_risk_weekly as risk
inner join measured.marts.dim_weeks as weeks on risk.week_id = weeks.week_id
where not risk.has_given_notice and not risk.is_provisional;

create or replace temp table nps as
select weeks.account_id, weeks.week_id, avg(answers.answer_value) as value
from weeks
inner join measured.marts.fct_answers as answers
    on
        weeks.account_id = answers.account_id
        and answers.measure = 'nps'
        and answers.submitted_at < weeks.as_known_at
        and answers.submitted_at >= weeks.as_known_at - interval 91 days
group by weeks.account_id, weeks.week_id;

create or replace temp table tickets as
select weeks.account_id, weeks.week_id, count(distinct promises.subject_id) as value
from weeks
inner join (
    select account_id, subject_id, min(made_at) as made_at
    from measured.marts.fct_promises
    where subject_kind = 'ticket'
    group by account_id, subject_id
) as promises
    on
        weeks.account_id = promises.account_id
        and promises.made_at < weeks.as_known_at
        and promises.made_at >= weeks.as_known_at - interval 91 days
group by weeks.account_id, weeks.week_id;

create or replace temp table ranked as
with places as (
    select account_id, week_id, last_day, 'scorecard' as ranking, risk_rank as place
    from weeks
    union all
    select
        weeks.account_id, weeks.week_id, weeks.last_day, 'nps' as ranking,
        row_number() over (partition by weeks.week_id order by nps.value asc nulls last, weeks.account_id asc) as place
    from weeks
    left join nps on weeks.account_id = nps.account_id and weeks.week_id = nps.week_id
    union all
    select
        weeks.account_id, weeks.week_id, weeks.last_day, 'tickets' as ranking,
        row_number() over (partition by weeks.week_id order by tickets.value desc nulls last, weeks.account_id asc) as place
    from weeks
    left join tickets on weeks.account_id = tickets.account_id and weeks.week_id = tickets.week_id
)

select
    *,
    place <= greatest(1, round(0.1 * count(*) over (partition by week_id, ranking))) as is_in_top_decile
from places;

create or replace temp table seen as
select
    lost.account_id,
    ranked.ranking,
    coalesce(arg_max(ranked.is_in_top_decile, ranked.week_id), false) as in_last_week,
    coalesce(max(ranked.is_in_top_decile), false) as in_any_week
from lost
inner join ranked
    on
        lost.account_id = ranked.account_id
        and date '1970-01-01' + ranked.last_day < lost.notice_on - $days_before
        and date '1970-01-01' + ranked.last_day >= lost.notice_on - $days_before - 91
group by lost.account_id, ranked.ranking;

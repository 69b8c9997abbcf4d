-- Known: the simulated minds. Measured: the tables `weekly`, `weeks`, `answers` and `dimensions` of a snapshot.

-- Once per wave: the last closed week in which all of its answers are in the window, and no other's.
create or replace temp table judged_weeks as
with waves as (
    select survey_id, min(sent_at)::date as sent_on from known_invitations group by survey_id
)

select
    waves.survey_id,
    max(weeks.week_id) as week_id,
    arg_max(weeks.week_start_on, weeks.week_id) as week_start_on,
    arg_max(weeks.week_start_on, weeks.week_id) + 7 as ends_on
from waves
inner join weeks
    on weeks.week_start_on + 7 > waves.sent_on + 14 and weeks.week_start_on + 7 <= waves.sent_on + 48
where not weeks.is_provisional
group by waves.survey_id;

-- Who could speak for an account in the week, and who did, when.
create or replace temp table eligible as
select distinct judged_weeks.week_id, known.account_id, known.contact_id
from known_minds as known
inner join judged_weeks on known.week_start_on = judged_weeks.week_start_on
where known.is_eligible;

create or replace temp table heard as
select
    eligible.week_id,
    eligible.account_id,
    eligible.contact_id,
    cast(date_trunc('week', max(answers.submitted_at)) as date) as answered_week_on
from answers
inner join judged_weeks
    on answers.submitted_at < judged_weeks.ends_on and answers.submitted_at >= judged_weeks.ends_on - 91
inner join eligible
    on
        answers.account_id = eligible.account_id
        and answers.contact_id = eligible.contact_id
        and judged_weeks.week_id = eligible.week_id
where answers.survey_kind = 'relationship' and answers.measure = 'perception'
group by eligible.week_id, eligible.account_id, eligible.contact_id;

-- What was true: the mean over all eligible contacts of what they had in mind when answers came.
create or replace temp table truth as
with moments as (
    select week_id, account_id, answered_week_on, count(*) as n_answers
    from heard
    group by week_id, account_id, answered_week_on
),

minds as (
    select
        moments.week_id,
        moments.account_id,
        moments.n_answers,
        known.service_dimension,
        avg(known.perception) as perception,
        avg(known.perception - known.expectation) as gap
    from moments
    inner join eligible on moments.week_id = eligible.week_id and moments.account_id = eligible.account_id
    inner join known_minds as known
        on eligible.contact_id = known.contact_id and moments.answered_week_on = known.week_start_on
    group by all
)

select
    week_id,
    account_id,
    service_dimension,
    sum(n_answers * perception) / sum(n_answers) as perception,
    sum(n_answers * gap) / sum(n_answers) as gap
from minds
group by week_id, account_id, service_dimension;

-- Side by side, one row per account, wave, service dimension and measure.
create or replace temp table compared as
select
    weekly.account_id,
    weekly.week_id,
    weekly.service_dimension,
    'perception' as measure,
    weekly.n_contacts as n,
    weekly.perception_score as raw,
    weekly.perception_shrunk_score as shrunk,
    weekly.perception_low_score as low,
    weekly.perception_high_score as high,
    truth.perception as known
from weekly
inner join truth using (week_id, account_id, service_dimension)
where weekly.perception_score is not null
union all
select
    weekly.account_id,
    weekly.week_id,
    weekly.service_dimension,
    'gap' as measure,
    weekly.n_paired as n,
    weekly.satisfaction_gap as raw,
    weekly.gap_shrunk as shrunk,
    weekly.gap_low as low,
    weekly.gap_high as high,
    truth.gap as known
from weekly
inner join truth using (week_id, account_id, service_dimension)
where weekly.satisfaction_gap is not null;

-- Planted: who was promised too much expects more, whom we served badly perceives less of that dimension.
create or replace temp table planted as
select account_id, cast(turned_on as date) as turned_on, 'expectation' as side, 'overall' as service_dimension, outcome
from known_episodes
where cause = 'over_promising'
union all
select account_id, cast(turned_on as date), 'perception', cause, outcome
from known_episodes
where cause in (select service_dimension from dimensions)
union all
select account_id, cast(turned_on as date), 'expectation', 'overall', 'lasting'
from known_stories
where story = 'promised_too_much';

-- The split of one quarter, of two in a row (parts add up over time), and of a year.
create or replace temp table moves as
with known as (
    select * from changes where satisfaction_gap_change is not null and not is_provisional
)

select account_id, service_dimension, week_id, weeks_before, n_stayers, perception_part, expectation_part
from known
union all
select
    later.account_id,
    later.service_dimension,
    later.week_id,
    26 as weeks_before,
    later.n_stayers + earlier.n_stayers as n_stayers,
    later.perception_part + earlier.perception_part as perception_part,
    later.expectation_part + earlier.expectation_part as expectation_part
from known as later
inner join known as earlier using (account_id, service_dimension, weeks_before)
where later.week_id = earlier.week_id + 13 and weeks_before = 13;

-- For each planted turn the split with most people in both windows, of those that begin before the turn and
-- end with a wave sent six weeks after it or later, when most of it is there. What was healed is gone again.
create or replace temp table told as
select
    planted.*,
    moves.week_id,
    moves.weeks_before,
    moves.n_stayers,
    moves.perception_part,
    moves.expectation_part
from planted
left join (
    select
        moves.*,
        judged_weeks.ends_on,
        (select min(sent_at)::date from known_invitations as sent where sent.survey_id = judged_weeks.survey_id) as sent_on,
        judged_weeks.survey_id in (select survey_id from answers where measure = 'expectation') as asks_expectation
    from moves
    inner join judged_weeks on moves.week_id = judged_weeks.week_id
) as moves
    on
        planted.account_id = moves.account_id
        and planted.service_dimension = moves.service_dimension
        and moves.sent_on >= planted.turned_on + 42
        and (planted.outcome <> 'saved' or moves.sent_on <= planted.turned_on + 98)
        and moves.ends_on - 7 * moves.weeks_before <= planted.turned_on + 7
        and (planted.side = 'perception' or moves.asks_expectation)
qualify
    row_number() over (
        partition by planted.account_id, planted.service_dimension, planted.turned_on
        order by moves.n_stayers desc nulls last, moves.weeks_before, moves.week_id
    ) = 1;

-- Fourth part of the script by hand: what the surveys themselves are worth, and whom to ask next.

create temp table surveyed_so as
select
    case when (
        select count(*) from questions where measure in ('nps', 'ces') or measure = 'csat' and (survey_kind <> 'transactional' or is_anonymous)
    ) > 0 then error('only csat of transactional surveys is covered') end as measures,
    case when (
        select max(n) from (
            select count(distinct question_key) as n from questions where measure in ('csat', 'overall', 'disconfirmation') group by survey_key, measure
        )
    ) > 1 then error('more than one question of a measure is not covered') end as questions,
    case when (select count(csat_score) from warehouse.raw.tickets) > 0 then error('ratings of single tickets are not covered') end as tickets;

set variable coverage_from = (select getvariable('running') - cast(value as integer) + 1 from settings where name = 'coverage_weeks');
set variable silence_days = (select cast(value as integer) from settings where name = 'silence_days');
set variable contact_ask_days = (select cast(value as integer) from settings where name = 'contact_ask_days');
set variable account_ask_days = (select cast(value as integer) from settings where name = 'account_ask_days');
set variable account_ask_share = (select cast(value as decimal(9, 6)) from settings where name = 'account_ask_share');

-- ------------------------------------------------------------------------------------------------------------- csat

create table marts.fct_survey_scores as
with votes as (
    select
        response_key, hash(account_id) as account_key, score,
        -- The two best boxes of five or more, of fewer the best one.
        score / 100.0 * scale_range >= scale_range - case when scale_range >= 4 then 1 else 0 end - 1e-9 as is_satisfied,
        greatest(week_of(known_at), week_with(day_of(submitted_at))) as from_week,
        least(coalesce(week_of(known_to), 1000000), week_with(day_of(submitted_at) + getvariable('window_days')), getvariable('running') + 1) as to_week
    from answers_known
    where measure = 'csat' and score is not null
),

weekly as (
    select account_key, week_id, count(*) as n, sum(score) as total, count(case when is_satisfied then 1 end) as n_satisfied
    from (select *, cast(unnest(range(from_week, to_week)) as integer) as week_id from votes where from_week < to_week)
    group by account_key, week_id
),

summed as (
    select
        case
            when grouping(a.account_id) = 0 then 'account' when grouping(tier) = 0 then 'tier' when grouping(region) = 0 then 'region'
            when grouping(industry) = 0 then 'industry' when grouping(account_manager) = 0 then 'account_manager' else 'all'
        end as cut,
        case
            when grouping(a.account_id) = 0 then a.account_id when grouping(tier) = 0 then tier when grouping(region) = 0 then region
            when grouping(industry) = 0 then industry when grouping(account_manager) = 0 then account_manager else 'all'
        end as cut_value,
        a.week_id, cast(sum(n) as double) as n, sum(total) as total, sum(n_satisfied) as n_satisfied, count(*) as n_accounts,
        avg(n_satisfied / cast(n as double)) as account_mean_value
    from account_weeks as a
    inner join weekly as w using (account_key, week_id)
    group by grouping sets (
        (a.week_id), (a.week_id, a.account_id), (a.week_id, tier), (a.week_id, region), (a.week_id, industry), (a.week_id, account_manager)
    )
),

valued as (
    select *, n_satisfied / n as p, 1.959963984540054 * 1.959963984540054 / n as zz from summed where cut_value is not null
)

select
    cut, cut_value, 'transactional' as survey_kind, 'csat' as measure, week_id, day_date(week_id * 7 + 4) as week_start_on,
    week_id = getvariable('running') as is_provisional, p as value, account_mean_value,
    case when n >= 2 and p * (1 - p) > 1e-9 then sqrt(p * (1 - p) / n) end as standard_error,
    (p + zz / 2) / (1 + zz) - sqrt(zz * (p * (1 - p) + zz / 4)) / (1 + zz) as low_value,
    (p + zz / 2) / (1 + zz) + sqrt(zz * (p * (1 - p) + zz / 4)) / (1 + zz) as high_value,
    total / n as mean_score, cast(n as integer) as n_answers, cast(n_accounts as integer) as n_accounts, cast(null as integer) as n_eligible,
    cast(null as integer) as n_promoters, cast(null as integer) as n_passives, cast(null as integer) as n_detractors,
    cast(n_satisfied as integer) as n_satisfied, cast(null as varchar) as null_reason,
    case when n < 2 then 'one_answer' when not p * (1 - p) > 1e-9 then 'no_variance' end as standard_error_null_reason
from valued;

-- ------------------------------------------------------------------------------------------------ heard, silent, asked

-- Who answered and when, whatever was asked, as long as it is known so.
create temp table responses as
select
    response_key, any_value(source) as source, any_value(survey_id) as survey_id, hash(account_id) as account_key, any_value(account_id) as account_id,
    hash(contact_id) as contact_key, contact_id, submitted_at, day_of(submitted_at) as day, week_of(min(known_at)) as from_week,
    case when count(*) = count(known_to) then week_of(max(known_to)) else 1000000 end as to_week
from answers_known
where not is_anonymous
group by response_key, account_id, contact_id, submitted_at
having from_week < to_week;

create temp table invitations as
with versions as (
    select *, lead(known_at) over in_order as next_known_at
    from warehouse.raw.survey_invitations
    where known_at <= getvariable('as_of')
    window in_order as (partition by _source, invitation_id order by known_at, try_cast(_tie_break as double) nulls first, _tie_break nulls first, _row_hash)
)

select
    _source as source, survey_id, invitation_id, hash(account_id) as account_key, hash(contact_id) as contact_key, account_id, contact_id, sent_at,
    day_of(sent_at) as day, bounced_at, week_of(known_at) as from_week, coalesce(week_of(next_known_at), 1000000) as to_week
from versions
where not is_overtaken_at_once(known_at, next_known_at) and not is_deleted;

create temp table people as
with listed as (
    select
        account_key, contact_key, coalesce(relationship, 'none') as relationship,
        case when is_decision_maker then 'decision_maker' when not is_decision_maker then 'other' else 'unknown' end as role,
        cast(unnest(range(
            greatest(from_week, valid_from_week, getvariable('coverage_from'), getvariable('first_week')),
            least(to_week, valid_to_week, getvariable('running') + 1)
        )) as integer) as week_id
    from contacts_known
    where least(to_week, valid_to_week) > getvariable('coverage_from')
),

heard as (
    select distinct
        account_key, contact_key, voice_key, is_listed,
        cast(unnest(range(greatest(from_week, getvariable('coverage_from')), least(to_week, getvariable('running') + 1))) as integer) as week_id
    from segments
    where measure = 1 and to_week > getvariable('coverage_from')
)

select account_key, contact_key, week_id, relationship, role, 1 as n_eligible, case when h.voice_key is null then 0 else 1 end as n_heard
from listed
semi join account_weeks using (account_key, week_id)
left join (from heard where is_listed) as h using (account_key, contact_key, week_id)
union all
select account_key, contact_key, week_id, 'none', 'unknown', count(*), count(*)
from heard
semi join account_weeks using (account_key, week_id)
where not is_listed
group by account_key, contact_key, week_id;

-- The newest day anyone answered or met us, week by week; contact 0 is the whole client.
create temp table touched as
with met as (
    select *, lead(known_at) over in_order as next_known_at
    from warehouse.raw.interactions
    where known_at <= getvariable('as_of')
    window in_order as (partition by _source, interaction_id order by known_at, try_cast(_tie_break as double) nulls first, _tie_break nulls first, _row_hash)
),

facts as (
    select account_key, contact_key, false as is_meeting, day, from_week, to_week from responses
    union all
    select
        hash(account_id), hash(contact_id), true, day_of(occurred_at), week_of(known_at), coalesce(week_of(next_known_at), 1000000)
    from met
    where not is_overtaken_at_once(known_at, next_known_at) and not is_deleted
),

touches as (
    select account_key, contact_key, is_meeting, from_week, to_week, max(day) as day from facts where from_week < to_week group by all
    union all
    select account_key, cast(0 as ubigint), is_meeting, from_week, to_week, max(day) from facts where from_week < to_week
    group by account_key, is_meeting, from_week, to_week
),

spans as (
    select
        account_key, contact_key, is_meeting, from_week, lead(from_week, 1, 1000000) over in_order as to_week, max(day) over in_order as day
    from touches
    where to_week = 1000000
    window in_order as (partition by account_key, contact_key, is_meeting order by from_week)
    union all
    select account_key, contact_key, is_meeting, from_week, to_week, day from touches where to_week < 1000000
)

select
    account_key, contact_key, week_id, max(case when not is_meeting then day end) as answered_day, max(case when is_meeting then day end) as met_day
from (
    select
        *, cast(unnest(range(greatest(from_week, getvariable('coverage_from')), least(to_week, getvariable('running') + 1))) as integer) as week_id
    from spans
    where to_week > getvariable('coverage_from')
)
group by account_key, contact_key, week_id;

create table marts.fct_survey_coverage as
with asked as (
    select
        account_key, contact_key, week_id,
        arg_max({'day': day, 'bounced': bounced_at is not null}, {'a': sent_at, 'b': source, 'c': invitation_id}) as newest
    from (
        select
            *, cast(unnest(range(
                greatest(from_week, week_with(day), getvariable('coverage_from')),
                least(to_week, week_with(day + getvariable('window_days')), getvariable('running') + 1)
            )) as integer) as week_id
        from invitations
        where contact_id is not null and least(to_week, week_with(day + getvariable('window_days'))) > getvariable('coverage_from')
    )
    group by account_key, contact_key, week_id
),

placed as (
    select
        p.*, t.answered_day, t.met_day, w.last_day,
        case when n_heard = 0 and t.answered_day > w.last_day - getvariable('window_days') then n_eligible else 0 end as n_rated_only,
        case when newest is not null then 1 else 0 end as n_asked,
        case when newest.bounced then 1 else 0 end as n_bounced,
        case when not newest.bounced and newest.day > coalesce(t.answered_day, -1000000) then 1 else 0 end as n_asked_unanswered
    from people as p
    inner join marts.dim_weeks as w using (week_id)
    left join touched as t using (account_key, contact_key, week_id)
    left join asked as a using (account_key, contact_key, week_id)
),

summed as (
    select
        account_key, week_id, case when grouping(relationship) = 0 then 'relationship' when grouping(role) = 0 then 'role' else 'all' end as cut,
        coalesce(relationship, role, 'all') as cut_value,
        sum(n_eligible) as n_eligible, sum(n_heard) as n_heard, sum(n_rated_only) as n_rated_only, sum(n_asked) as n_asked,
        sum(n_asked_unanswered) as n_asked_unanswered, sum(n_bounced) as n_bounced,
        max(answered_day) as answered_day, max(met_day) as met_day
    from placed
    group by grouping sets ((account_key, week_id), (account_key, week_id, relationship), (account_key, week_id, role))
),

-- Of the whole client anybody counts, also who left since.
together as (
    select * from summed where cut <> 'all'
    union all by name
    select
        a.account_key, a.week_id, 'all' as cut, 'all' as cut_value, n_eligible, n_heard, n_rated_only, n_asked, n_asked_unanswered, n_bounced,
        t.answered_day, t.met_day
    from account_weeks as a
    left join (from summed where cut = 'all') as s using (account_key, week_id)
    left join (from touched where contact_key = 0) as t using (account_key, week_id)
    where a.week_id >= getvariable('coverage_from')
),

dated as (
    select *, greatest(answered_day, met_day) as touched_day, w.last_day
    from together
    inner join (select week_id, last_day from marts.dim_weeks) as w using (week_id)
)

select
    a.account_id, cut, cut_value, week_id, day_date(week_id * 7 + 4) as week_start_on, week_id = getvariable('running') as is_provisional,
    cast(coalesce(n_eligible, 0) as integer) as n_eligible, cast(coalesce(n_heard, 0) as integer) as n_heard,
    cast(coalesce(n_rated_only, 0) as integer) as n_rated_only,
    cast(coalesce(n_eligible - n_heard - n_rated_only, 0) as integer) as n_silent,
    case when n_eligible > 0 then n_heard / cast(n_eligible as double) end as coverage_share,
    case when coalesce(n_eligible, 0) = 0 then 'no_contacts' end as coverage_null_reason,
    day_date(answered_day) as last_answered_on, last_day - answered_day as days_unanswered,
    case when answered_day is null then 'never_answered' end as answered_null_reason,
    day_date(met_day) as last_met_on, last_day - touched_day as days_silent,
    coalesce(last_day - touched_day >= getvariable('silence_days'), true) as is_silent,
    case when touched_day is null then 'never_answered_or_met' end as silent_null_reason,
    cast(coalesce(n_asked, 0) as integer) as n_asked, cast(coalesce(n_asked_unanswered, 0) as integer) as n_asked_unanswered,
    cast(coalesce(n_bounced, 0) as integer) as n_bounced
from dated
inner join (select distinct account_key, account_id from account_weeks) as a using (account_key);

-- --------------------------------------------------------------------------------------------------- whom to ask next

create table marts.rpt_survey_plan as
with contacts as (
    select
        c.contact_id, c.account_id, c.relationship, coalesce(c.is_decision_maker, false) as is_decision_maker, a.tier,
        k.changed_day
    from marts.dim_contacts as c
    inner join marts.dim_accounts as a using (account_id)
    inner join (select contact_id, changed_day from contacts_known where known_to is null) as k using (contact_id)
    where c.is_active and a.is_active
),

sent as (
    select * from invitations where to_week = 1000000
),

given as (
    select * from responses where to_week = 1000000 and contact_id is not null
),

-- Who answered without an invitation was asked on that day.
asks as (
    select account_id, contact_id, day, sent_at as asked_at, bounced_at from sent
    union all
    select g.account_id, g.contact_id, g.day, g.submitted_at, null
    from given as g
    left join (select source, survey_id, contact_id, min(sent_at) as first_sent_at from sent group by all) as f using (source, survey_id, contact_id)
    where coalesce(g.submitted_at < first_sent_at, true)
),

asked as (
    select
        contact_id, max(day) as asked_day, max(bounced_at) as bounced_at, max(asked_at) filter (bounced_at is not null) as lost_at,
        max(asked_at) filter (bounced_at is null) as arrived_at
    from asks
    group by contact_id
),

answered as (
    select contact_id, max(day) as answered_day from given group by contact_id
),

lately as (
    select account_id, list(day order by day) as days from asks where day > getvariable('today') - getvariable('account_ask_days') group by account_id
),

limits as (
    select account_id, greatest(1, cast(floor(getvariable('account_ask_share') * count(*)) as integer)) as n_allowed from contacts group by account_id
),

expected as (
    select account_id, contact_id, dimension_id, max(day_of(submitted_at)) as day
    from answers_known
    where
        known_to is null and not is_anonymous and survey_kind = 'relationship' and measure = 'expectation' and contact_id is not null and score is not null
        and day_of(submitted_at) >= getvariable('today') - getvariable('validity_days')
    group by all
),

perceived as (
    select account_id, contact_id, dimension_id, max(submitted_day) as day
    from ratings
    where
        to_week = 1000000 and survey_kind = 'relationship' and contact_id is not null and perception_score is not null
        and submitted_day > getvariable('today') - getvariable('window_days')
    group by all
),

wanted as (
    select
        c.contact_id,
        string_agg(d.service_dimension, ', ' order by sort_order) filter (e.day is null) as ask_expectation_of,
        string_agg(d.service_dimension, ', ' order by sort_order) filter (p.day is null) as ask_perception_of,
        least(min(e.day) + getvariable('validity_days') + 1, min(p.day) + getvariable('window_days')) as runs_out_day
    from contacts as c
    cross join dimensions as d
    left join expected as e using (account_id, contact_id, dimension_id)
    left join perceived as p using (account_id, contact_id, dimension_id)
    group by c.contact_id
),

judged as (
    select
        c.*, w.* exclude (contact_id), a.asked_day, r.answered_day, l.n_allowed, coalesce(len(y.days), 0) as n_asks, y.days,
        s.days_silent, coalesce(s.is_silent, true) as is_account_silent, a.asked_day + getvariable('contact_ask_days') as free_day,
        coalesce(a.lost_at > coalesce(a.arrived_at, timestamp '1900-01-01') and day_of(a.bounced_at) >= c.changed_day, false) as is_address_bounced,
        ask_expectation_of is null and ask_perception_of is null as is_all_known,
        not is_all_known and not is_address_bounced and coalesce(free_day <= getvariable('today'), true) as is_free
    from contacts as c
    inner join wanted as w using (contact_id)
    inner join limits as l using (account_id)
    left join asked as a using (contact_id)
    left join answered as r using (contact_id)
    left join lately as y using (account_id)
    left join (from marts.fct_survey_coverage where is_provisional and cut = 'all') as s using (account_id)
),

ranked as (
    select
        *, row_number() over (
            partition by account_id, is_free
            order by relationship is distinct from 'key', not is_decision_maker, answered_day nulls first, contact_id
        ) as place,
        is_free and place <= n_allowed - n_asks as is_asked
    from judged
)

select
    account_id, contact_id, tier, relationship, is_decision_maker,
    case when is_all_known then 'leave' when is_asked then 'ask' else 'wait' end as action,
    case
        when is_all_known then 'all_known' when is_address_bounced then 'address_bounced' when not is_free then 'asked_lately'
        when not is_asked then 'account_asked_enough' when is_account_silent then 'account_silent'
        when relationship = 'key' or is_decision_maker then 'key_person' when answered_day is null then 'never_heard' else 'not_known_now'
    end as reason,
    day_date(case
        when is_all_known then greatest(runs_out_day, free_day)
        when is_address_bounced then null
        when not is_free then free_day
        when is_asked then getvariable('today')
        else coalesce(
            case when (place - 1) % n_allowed + 1 - n_allowed + n_asks between 1 and n_asks
                then days[(place - 1) % n_allowed + 1 - n_allowed + n_asks] + getvariable('account_ask_days') end,
            getvariable('today')
        ) + getvariable('account_ask_days') * cast((place - 1) // n_allowed as integer)
    end) as ask_not_before_on,
    cast(case when is_asked and not is_all_known then row_number() over (
        partition by is_asked and not is_all_known
        order by not is_account_silent, relationship is distinct from 'key', not is_decision_maker, days_silent desc nulls first,
            answered_day nulls first, contact_id
    ) end as integer) as priority,
    ask_expectation_of, ask_perception_of, day_date(asked_day) as last_asked_on, day_date(answered_day) as last_answered_on, is_address_bounced,
    is_account_silent, days_silent as account_days_silent, cast(n_asks as integer) as n_account_asks, n_allowed as n_account_asks_allowed
from ranked;

-- --------------------------------------------------------------------------------------- how far a survey is to be believed

create temp table believed_so as
select
    case when (
        select count(*)
        from (select survey_key from questions where measure = 'overall') as o
        inner join (select survey_key from questions where measure = 'expectation') as e using (survey_key)
    ) > 0 then error('overall satisfaction beside expectations is not covered') end as overall,
    case when (select count(*) from questions where measure = 'disconfirmation') > 0 then error('disconfirmation is not covered') end as disconfirmation;

set variable block_weeks = (select value from settings where name = 'anonymous_block_weeks');
set variable long_line = (select cast(value as integer) from settings where name = 'straight_line_items');
set variable reliable = (select value from settings where name = 'min_gap_reliability');
create temp macro wave_of(instant) as cast(floor(week_of(instant) / getvariable('block_weeks')) as integer);
create temp macro correlated(c, x, y) as case when x > 1e-9 and y > 1e-9 then greatest(-1.0, least(1.0, c / sqrt(x * y))) end;

-- Items asked for both measures, where there are any; dimension 0 is all of them together.
create temp table told as
with ratings_given as (
    select
        source, survey_id, survey_kind, is_anonymous, wave_of(submitted_at) as wave, response_key, dimension_id, item_id, measure, question_id,
        (score - 50.0) / 50.0 as score, answer_value
    from answers_known
    where known_to is null and score is not null and measure in ('perception', 'expectation') and dimension_id is not null
),

items as (
    select source, survey_id, wave, dimension_id, item_id, count(distinct measure) = 2 as is_paired from ratings_given group by all
),

counted as (
    select
        *, is_paired or not bool_or(is_paired) over (partition by source, survey_id, wave, dimension_id) as in_dimension,
        is_paired or not bool_or(is_paired) over (partition by source, survey_id, wave) as in_all
    from items
)

select r.* from ratings_given as r semi join (from counted where in_dimension) as c using (source, survey_id, wave, dimension_id, item_id)
union all
select r.* replace (cast(0 as tinyint) as dimension_id)
from ratings_given as r
semi join (from counted where in_all) as c using (source, survey_id, wave, dimension_id, item_id);

create temp table asked_so as
select
    *, questions = first_value(questions) over (partition by source, survey_id, dimension_id order by wave desc) as is_as_newest
from (
    select
        source, survey_id, wave, dimension_id, cast(count(*) filter (measure = 'perception') as integer) as n_p,
        cast(count(*) filter (measure = 'expectation') as integer) as n_e, list(question_id order by question_id) as questions
    from (select distinct source, survey_id, wave, dimension_id, measure, question_id from told)
    group by source, survey_id, wave, dimension_id
);

create temp table told_by as
with responses_told as (
    select
        source, survey_id, wave, dimension_id, response_key, any_value(survey_kind) as survey_kind, any_value(is_anonymous) as is_anonymous,
        count(*) filter (measure = 'perception') as given_p, count(*) filter (measure = 'expectation') as given_e,
        avg(score) filter (measure = 'perception') as p, avg(score) filter (measure = 'expectation') as e,
        count(*) filter (measure = 'perception' and round(score, 9) >= 1) as top_p,
        count(*) filter (measure = 'expectation' and round(score, 9) >= 1) as top_e,
        min(answer_value) filter (measure = 'perception') = max(answer_value) filter (measure = 'perception') as straight_p,
        min(answer_value) filter (measure = 'expectation') = max(answer_value) filter (measure = 'expectation') as straight_e
    from told
    group by source, survey_id, wave, dimension_id, response_key
),

altogether as (
    select response_key, wave_of(submitted_at) as wave, avg((score - 50.0) / 50.0) as z
    from answers_known
    where known_to is null and score is not null and measure = 'overall'
    group by all
)

select
    r.*, a.n_p, a.n_e, a.is_as_newest, z, given_p = n_p and given_e = n_e as is_complete,
    given_p >= getvariable('long_line') as long_p, given_e >= getvariable('long_line') as long_e
from responses_told as r
inner join asked_so as a using (source, survey_id, wave, dimension_id)
left join altogether using (response_key, wave);

create table marts.fct_measurement_quality as
with scopes as (
    select *, false as is_whole, wave as shown_wave from told_by
    union all
    select *, true, null from told_by where is_as_newest
),

summed as (
    select
        source, survey_id, dimension_id, is_whole, shown_wave as wave, any_value(survey_kind) as survey_kind, any_value(is_anonymous) as is_anonymous,
        max(n_p) as n_p, max(n_e) as n_e, count(*) as n_responses, count(*) filter (is_complete) as n_complete,
        avg(p) filter (is_complete) as p, avg(e) filter (is_complete) as e,
        2500.0 * var_samp(p) filter (is_complete) as vp, 2500.0 * var_samp(e) filter (is_complete) as ve,
        2500.0 * covar_samp(p, e) filter (is_complete) as vpe,
        sum(given_p) as given_p, sum(given_e) as given_e, sum(top_p) as top_p, sum(top_e) as top_e,
        count(*) filter (long_p) as n_long_p, count(*) filter (long_e) as n_long_e,
        count(*) filter (long_p and straight_p) as n_straight_p, count(*) filter (long_e and straight_e) as n_straight_e,
        count(*) filter (long_p and (long_e or n_e = 0)) as n_long,
        count(*) filter (long_p and straight_p and (long_e and straight_e or n_e = 0)) as n_straight,
        count(z) filter (is_complete) as n_overall, var_samp(z) filter (is_complete) as vz,
        var_samp(p) filter (is_complete and z is not null) as vzp, covar_samp(z, p) filter (is_complete) as czp
    from scopes
    group by source, survey_id, dimension_id, is_whole, shown_wave
),

item_variances as (
    select source, survey_id, dimension_id, is_whole, wave, sum(v) filter (measure = 'perception') as vip, sum(v) filter (measure = 'expectation') as vie
    from (
        select t.source, t.survey_id, t.dimension_id, s.is_whole, s.shown_wave as wave, t.measure, t.question_id, 2500.0 * var_samp(t.score) as v
        from told as t
        inner join scopes as s
            on t.source = s.source and t.survey_id = s.survey_id and t.wave = s.wave and t.dimension_id = s.dimension_id and t.response_key = s.response_key
        where s.is_complete
        group by all
    )
    group by all
),

-- A contact is asked once a wave, for a ticket each time; what comes before being asked again is the answer.
invited as (
    select
        i.source, i.survey_id, wave_of(sent_at) as wave, contact_id, case when q.survey_kind = 'transactional' then invitation_id end as ticket_invitation,
        min(sent_at) as sent_at, min(case when bounced_at is null then 0 else 1 end) as is_bounced
    from invitations as i
    inner join (select distinct survey_key, survey_kind from questions where valid_to_at = timestamp '9999-01-01' and not is_anonymous) as q
        on hash(i.source, i.survey_id) = q.survey_key
    where i.to_week = 1000000
    group by all
),

in_turn as (
    select *, lead(sent_at) over (partition by source, survey_id, contact_id order by sent_at, ticket_invitation) as again_at from invited
),

replied as (
    select
        i.source, i.survey_id, i.wave, i.is_bounced,
        exists (
            select 1 from responses as r
            where
                r.source = i.source and r.survey_id = i.survey_id and r.contact_id = i.contact_id and r.to_week = 1000000
                and r.submitted_at >= i.sent_at and coalesce(r.submitted_at < i.again_at, true)
        ) as is_answered
    from in_turn as i
),

rates as (
    select
        source, survey_id, grouping(wave) = 1 as is_whole, wave, count(*) as n_invited, sum(is_bounced) as n_bounced,
        count(*) filter (is_answered) as n_answered
    from replied
    group by grouping sets ((source, survey_id), (source, survey_id, wave))
),

reliable as (
    select
        s.*, i.vip, i.vie,
        case when n_p > 1 and vp > 1e-9 then n_p / (n_p - 1.0) * (1.0 - vip / (n_p * n_p * vp)) end as alpha_p,
        case when n_e > 1 and ve > 1e-9 then n_e / (n_e - 1.0) * (1.0 - vie / (n_e * n_e * ve)) end as alpha_e,
        case when n_e > 0 then vp + ve - 2.0 * vpe end as vg,
        case when vg > 1e-9 then greatest(0.0, (vp * alpha_p + ve * alpha_e - 2.0 * vpe) / vg + 0.0 * alpha_p * alpha_e) end as r_d,
        coalesce(r.n_invited, 0) as n_invited, coalesce(r.n_bounced, 0) as n_bounced, coalesce(r.n_answered, 0) as n_answered,
        case when r.n_invited > r.n_bounced or r.n_answered > 0 then r.n_answered / cast(greatest(r.n_invited - r.n_bounced, r.n_answered) as double) end as c,
        case when not is_anonymous then 50.0 + 50.0 * p end as perception_score,
        case when not is_anonymous and n_e > 0 then 50.0 + 50.0 * e end as expectation_score
    from summed as s
    left join item_variances as i using (source, survey_id, dimension_id, is_whole)
    left join rates as r on s.source = r.source and s.survey_id = r.survey_id and s.is_whole = r.is_whole and s.wave is not distinct from r.wave
    where
        s.wave is not distinct from i.wave
        and (
            not is_anonymous
            or s.dimension_id = 0 and n_complete >= getvariable('min_respondents')
            and (s.wave + 1) * getvariable('block_weeks') <= getvariable('running')
        )
)

select
    r.source, r.survey_id, survey_kind, coalesce(d.service_dimension, 'all_items') as service_dimension, wave,
    day_date(cast(wave * getvariable('block_weeks') * 7 + 4 as integer)) as wave_started_on, is_whole, is_anonymous,
    cast(n_responses as integer) as n_responses, cast(n_complete as integer) as n_complete, n_p as n_perception_items, n_e as n_expectation_items,
    perception_score, expectation_score, perception_score - expectation_score as satisfaction_gap,
    sqrt(vp) as perception_sd, sqrt(ve) as expectation_sd, alpha_p as perception_alpha, alpha_e as expectation_alpha,
    correlated(vpe, vp, ve) as perception_expectation_correlation, r_d as gap_reliability,
    round(r_d, 9) >= getvariable('reliable') as is_gap_reliable,
    case
        when r_d is not null then null when n_p = 0 then 'no_perception' when n_e = 0 then 'no_expectation' when n_p < 2 or n_e < 2 then 'too_few_items'
        when n_complete < 2 then 'too_few_answers' else 'no_variance'
    end as reliability_null_reason,
    top_p / cast(nullif(given_p, 0) as double) as perception_ceiling_share, top_e / cast(nullif(given_e, 0) as double) as expectation_ceiling_share,
    n_straight_p / cast(nullif(n_long_p, 0) as double) as perception_straight_share,
    n_straight_e / cast(nullif(n_long_e, 0) as double) as expectation_straight_share,
    n_straight / cast(nullif(n_long, 0) as double) as straight_liner_share, case when n_long = 0 then 'too_few_items' end as straight_liner_null_reason,
    cast(n_invited as integer) as n_invited, cast(n_bounced as integer) as n_bounced, cast(n_answered as integer) as n_invited_answered, c as response_rate,
    c * perception_score as perception_low_score, c * perception_score + (1.0 - c) * 100.0 as perception_high_score,
    c * (perception_score - expectation_score) - (1.0 - c) * 100.0 as gap_low,
    c * (perception_score - expectation_score) + (1.0 - c) * 100.0 as gap_high,
    case when c is not null then null when is_anonymous then 'anonymous' when n_invited = 0 then 'no_invitations' else 'all_bounced' end as response_null_reason,
    cast(n_overall as integer) as n_overall, correlated(czp, vz, vzp) as perception_overall_correlation,
    cast(null as double) as gap_overall_correlation,
    case when n_overall = 0 then 'no_overall' when n_overall < 2 then 'too_few_answers' when n_e = 0 then 'no_expectation' end as overall_null_reason,
    cast(null as double) as constrained_r_squared, cast(null as double) as polynomial_r_squared, cast(null as double) as polynomial_f,
    cast(null as integer) as polynomial_df_1, cast(null as integer) as polynomial_df_2, cast(null as double) as polynomial_p_value,
    case when n_e = 0 then 'no_expectation' else 'no_overall' end as polynomial_null_reason,
    0 as n_disconfirmation, cast(null as double) as disconfirmation_correlation, 'not_asked' as disconfirmation_null_reason
from reliable as r
left join dimensions as d using (dimension_id);

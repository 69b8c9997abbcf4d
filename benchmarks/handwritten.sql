-- The same marts by hand: SQL in four parts (see by_hand.py), written from the definitions and not from the models, as
-- fast as its author could make it. It reads the attached `warehouse` (schema raw) and the seeds' CSV files, and covers
-- what the generated firm has: sources with history that deliver changes, no event log, no SLA cycles, no identities, no
-- business calendars. It stops where the warehouse holds anything else. This part: who, what was answered, what was promised.
--
-- What makes it fast: weeks and days are integers; joins and groupings are on one 8-byte hash; versions overtaken
-- within their own week never reach the weekly part; a rating counts in an interval of weeks, ended by the newer
-- one; everything weekly is a change at the start and one at the end, summed in order; the ledger repeats neither
-- keys nor instants of its ticket or delivery.
--
-- Variables: seeds (folder).

-- ---------------------------------------------------------------------------------------------------- preconditions

create temp table preconditions as
select
    case when (select count(*) from warehouse.raw.ticket_events) > 0 then error('ticket events are not covered') end as events,
    case when (select count(*) from warehouse.raw.ticket_slas) > 0 then error('SLA cycles are not covered') end as slas,
    case when (select count(*) from warehouse.raw.identities) > 0 then error('identities are not covered') end as identities,
    case when (
        select count(*) from warehouse.raw._sources
        where history <> 'versions' or delivers <> 'changes' or calendar_id is not null
    ) > 0 then error('only sources with history that deliver changes are covered') end as sources;

-- ------------------------------------------------------------------------------------------------- time and settings

create schema marts;

create temp table settings as
select name, value from read_csv(getvariable('seeds') || '/settings.csv', header = true, auto_detect = true);
create temp table signals as
select *, cast(row_number() over (order by signal) as tinyint) as signal_id
from read_csv(getvariable('seeds') || '/signals.csv', header = true, auto_detect = true);
create temp table priorities as
select priority, first_response_minutes, resolution_minutes, expert_minutes, cast(weight as double) as weight
from read_csv(getvariable('seeds') || '/priorities.csv', header = true, auto_detect = true);

set variable as_of = (select max(max_known_at) from warehouse.raw._batches where accepted_rows > 0);
set variable window_days = (select cast(value * 7 as integer) from settings where name = 'window_weeks');
set variable window_weeks = (select cast(value as integer) from settings where name = 'window_weeks');
set variable validity_days = (select cast(value as integer) from settings where name = 'expectation_validity_days');
set variable item_share = (select value from settings where name = 'min_item_share');
set variable overdue_weeks = (select cast(value as integer) from settings where name = 'overdue_weeks');
set variable old_days = (select cast(value as integer) from settings where name = 'old_commitment_days');
set variable unknown_slip = (select value from settings where name = 'unknown_slip_score');
set variable conditional_score = (select value from settings where name = 'conditional_score');
set variable credit_minutes = (select value * 1440 from settings where name = 'early_credit_days');
set variable steady = (select value from settings where name = 'steady_margin');
set variable wide = (select value from settings where name = 'wide_gap_points');
set variable worklist_weeks = (select cast(value as integer) from settings where name = 'worklist_weeks');
set variable late_minutes = (select value * 1440 from settings where name = 'late_after_days');

create temp macro week_of(instant) as cast((epoch_us(instant) - 345600000000) // 604800000000 as integer);
create temp macro day_of(instant) as cast(epoch_us(instant) // 86400000000 as integer);
create temp macro day_number(day) as cast(day - date '1970-01-01' as integer);
create temp macro day_date(day) as cast(date '1970-01-01' + day as date);
create temp macro local_day(instant, zone) as
    day_number(cast(timezone(coalesce(zone, 'UTC'), timezone('UTC', instant)) as date));
create temp macro minutes(earlier, later) as ((epoch_us(later) - epoch_us(earlier)) / 60000000.0);

set variable running = week_of(getvariable('as_of'));
set variable today = day_of(getvariable('as_of'));

-- The first week whose last day is this day or later: in the running week days after today have not come.
create temp macro week_with(day) as (
    (day - 4) // 7 + case when (day - 4) // 7 = getvariable('running') and day > getvariable('today') then 1 else 0 end
);

-- A named ticket, delivery or answer is known from its known_at to the next one. Of equal ones the greater content wins.
create temp macro is_overtaken_at_once(known_at, next_known_at) as coalesce(known_at = next_known_at, false);

-- ----------------------------------------------------------------------------------------------------- small tables

create table marts.dim_service_dimensions as
with valid as (
    select *, row_number() over (partition by service_dimension order by valid_from_on desc) as newest
    from read_csv(getvariable('seeds') || '/service_dimensions.csv', header = true, auto_detect = true)
    where valid_from_on <= cast(getvariable('as_of') as date)
)

select
    service_dimension, label_en, label_zh, definition_en, definition_zh, owner_role,
    cast(points as integer) as points,
    cast(points as double) / sum(points) over () as weight,
    cast(sort_order as integer) as sort_order,
    reason
from valid
where newest = 1;

create temp table dimensions as
select service_dimension, weight, sort_order, cast(row_number() over (order by sort_order, service_dimension) as tinyint) as dimension_id
from marts.dim_service_dimensions;

create table marts.dim_signals as
select
    signal, service_dimension, label_en, label_zh, kind, cast(span as double) as span, cast(span_days as double) as span_days,
    cast(weight as double) as weight, cast(early_credit as double) as early_credit,
    cast(allowed_count as integer) as allowed_count, reason
from signals;

create table marts.signals_numbered as
select s.signal_id, d.* from signals as s inner join marts.dim_signals as d using (signal);

create table marts.fct_batches as
select
    batch_id, source, system, contract, file, records, rows as n_rows, accepted_rows, quarantined_rows, waiting_rows,
    outcome, message, min_known_at, max_known_at, landed_at, loaded_at
from warehouse.raw._batches;

create table marts.fct_source_freshness as
with batches as (
    select *, row_number() over (partition by source order by loaded_at desc, load_seq desc) as newest
    from warehouse.raw._batches
),

summed as (
    select
        source, system, contract,
        max(case when accepted_rows > 0 then max_known_at end) as newest_known_at,
        max(loaded_at) as newest_loaded_at,
        max(landed_at) as last_landed_at,
        max(case when newest = 1 then outcome end) as last_outcome,
        max(case when newest = 1 and outcome in ('held', 'crashed') then message end) as last_message,
        cast(count(*) as integer) as n_batches,
        cast(count(case when outcome in ('held', 'crashed') then 1 end) as integer) as n_held
    from batches
    group by source, system, contract
)

select
    s.*,
    coalesce(last_outcome in ('held', 'crashed'), false)
    or s.contract in ('survey_answers', 'tickets', 'ticket_events', 'deliveries', 'delivery_promises', 'interactions')
    and coalesce(minutes(newest_known_at, getvariable('as_of')) > coalesce(1440 * d.late_after_days, getvariable('late_minutes')), false) as is_late
from summed as s
left join (select source, max(late_after_days) as late_after_days from warehouse.raw._sources group by source) as d on s.source = d.source;

set variable first_week = (
    select coalesce(min(week_of(min_known_at)), getvariable('running'))
    from warehouse.raw._batches
    where accepted_rows > 0 and contract in ('survey_answers', 'survey_invitations', 'tickets', 'deliveries', 'interactions')
);

create table marts.dim_weeks as
select
    cast(w as integer) as week_id,
    day_date(cast(w * 7 + 4 as integer)) as week_start_on,
    day_date(cast(w * 7 + 11 as integer)) as week_end_on,
    case when w = getvariable('running') then getvariable('as_of') else cast(day_date(cast(w * 7 + 11 as integer)) as timestamp) end as as_known_at,
    case when w = getvariable('running') then getvariable('today') else cast(w * 7 + 10 as integer) end as last_day,
    w = getvariable('running') as is_provisional
from range(getvariable('first_week'), getvariable('running') + 1) as weeks(w);

-- --------------------------------------------------------------------------------------------- accounts and contacts

-- The oldest fact that names them is asked only for those that say no start themselves.
create temp table accounts_known as
with versions as (
    select
        *,
        lead(known_at) over in_order as next_known_at,
        row_number() over in_order = 1 as is_oldest
    from warehouse.raw.accounts
    where known_at <= getvariable('as_of')
    window in_order as (partition by account_id order by known_at, try_cast(_tie_break as double) nulls first, _tie_break nulls first, _row_hash)
),

startless as (
    select distinct account_id from versions where is_oldest and contract_started_on is null
),

facts as (
    select account_id, known_at from warehouse.raw.survey_answers
    union all select account_id, known_at from warehouse.raw.survey_invitations
    union all select account_id, known_at from warehouse.raw.tickets
    union all select account_id, known_at from warehouse.raw.deliveries
    union all select account_id, known_at from warehouse.raw.interactions
),

first_facts as (
    select account_id, min(known_at) as first_fact_at
    from facts
    where account_id in (select account_id from startless) and known_at <= getvariable('as_of')
    group by account_id
),

standing as (
    select
        versions.*,
        case
            when is_oldest
                then least(known_at, coalesce(cast(contract_started_on as timestamp), first_fact_at, known_at))
        end as stands_from
    from versions
    left join first_facts on versions.account_id = first_facts.account_id
    where not is_overtaken_at_once(known_at, next_known_at)
)

select
    account_id, hash(account_id) as account_key, parent_account_id, account_name, tier, industry, region, annual_value,
    currency, account_manager, solution_manager, delivery_manager, channel_manager, contract_started_on,
    contract_ends_on, notice_given_on, churned_on, churn_reason, known_at as known_from, next_known_at as known_to
from standing
union all
-- For the time before it, what ends a contract is not known yet.
select
    account_id, hash(account_id), parent_account_id, account_name, tier, industry, region, annual_value,
    currency, account_manager, solution_manager, delivery_manager, channel_manager, contract_started_on,
    null, null, null, null, stands_from, known_at
from standing
where stands_from < known_at;

create table marts.dim_accounts as
with first_known as (
    select account_id, min(known_from) as first_known_at from accounts_known group by account_id
)

select
    a.account_id, account_name, parent_account_id, tier, industry, region, annual_value, currency, contract_started_on,
    contract_ends_on, notice_given_on, churned_on, churn_reason, account_manager, solution_manager, delivery_manager,
    channel_manager,
    coalesce(cast(contract_started_on as timestamp) < getvariable('as_of'), true)
    and coalesce(cast(churned_on as timestamp) >= getvariable('as_of'), true) as is_active,
    first_known_at
from accounts_known as a
inner join first_known as f on a.account_id = f.account_id
where known_to is null;

create temp table account_weeks as
with spans as (
    select
        *,
        greatest(
            getvariable('first_week'), week_of(known_from), coalesce(week_with(day_number(contract_started_on)), getvariable('first_week'))
        ) as from_week,
        least(
            getvariable('running') + 1,
            coalesce(week_of(known_to), getvariable('running') + 1),
            coalesce(week_with(day_number(churned_on)), getvariable('running') + 1)
        ) as to_week
    from accounts_known
)

select
    account_key, account_id, cast(unnest(range(from_week, to_week)) as integer) as week_id, tier, region, industry, account_manager,
    parent_account_id
from spans
where from_week < to_week;

create temp table contacts_known as
with versions as (
    select
        *,
        lead(known_at) over in_order as next_known_at,
        row_number() over in_order = 1 as is_oldest
    from warehouse.raw.contacts
    where known_at <= getvariable('as_of')
    window in_order as (partition by contact_id order by known_at, try_cast(_tie_break as double) nulls first, _tie_break nulls first, _row_hash)
),

startless as (
    select distinct contact_id from versions where is_oldest and valid_from is null
),

facts as (
    select contact_id, known_at from warehouse.raw.survey_answers
    union all select contact_id, known_at from warehouse.raw.survey_invitations
    union all select contact_id, known_at from warehouse.raw.tickets
    union all select contact_id, known_at from warehouse.raw.deliveries
    union all select contact_id, known_at from warehouse.raw.interactions
),

first_facts as (
    select contact_id, min(known_at) as first_fact_at
    from facts
    where contact_id in (select contact_id from startless) and known_at <= getvariable('as_of')
    group by contact_id
),

placed as (
    select
        versions.*,
        case
            when is_oldest then least(known_at, coalesce(cast(valid_from as timestamp), first_fact_at, known_at))
            else known_at
        end as known_from
    from versions
    left join first_facts on versions.contact_id = first_facts.contact_id
    where not is_overtaken_at_once(known_at, next_known_at)
),

weighed as (
    select placed.*, coalesce(cast(r.weight as double), 1.0) as weight
    from placed
    left join read_csv(getvariable('seeds') || '/relationship_weights.csv', header = true, auto_detect = true) as r
        on placed.relationship = r.relationship
)

select
    contact_id, hash(contact_id) as contact_key, account_id, hash(account_id) as account_key, job_title, department,
    relationship, is_decision_maker, valid_from, valid_to, weight, next_known_at as known_to,
    day_of(known_from) as changed_day,
    week_of(known_from) as from_week,
    coalesce(week_of(next_known_at), 1000000) as to_week,
    coalesce(week_with(day_number(valid_from)), -1000000) as valid_from_week,
    coalesce(week_with(day_number(valid_to)), 1000000) as valid_to_week
from weighed;

create table marts.dim_contacts as
select
    contact_id, account_id, job_title, department, relationship, is_decision_maker, valid_from, valid_to,
    coalesce(day_number(valid_from) <= getvariable('today'), true)
    and coalesce(day_number(valid_to) > getvariable('today'), true) as is_active
from contacts_known
where known_to is null;

-- --------------------------------------------------------------------------------------------- answers and ratings

create temp table questions as
with versions as (
    select
        *,
        lead(known_at) over in_order as next_known_at,
        row_number() over in_order = 1 as is_oldest
    from warehouse.raw.survey_questions
    where known_at <= getvariable('as_of')
    window in_order as (partition by _source, survey_id, question_id order by known_at, _row_hash)
)

select
    hash(_source, survey_id, question_id) as question_key,
    hash(_source, survey_id) as survey_key,
    survey_kind, measure, q.service_dimension, dimension_id, coalesce(item_id, question_id) as item_id,
    hash(coalesce(item_id, question_id), survey_kind, q.service_dimension) as item_key,
    is_anonymous, weight as item_weight,
    -- score = offset + slope * answer
    case when scale_max > scale_min then (case when is_reverse_scored then -100.0 else 100.0 end) / (scale_max - scale_min) end as slope,
    case
        when scale_max > scale_min
            then case when is_reverse_scored then 100.0 * scale_max else -100.0 * scale_min end / (scale_max - scale_min)
    end as intercept,
    case when is_oldest then timestamp '1900-01-01' else known_at end as valid_from_at,
    coalesce(next_known_at, timestamp '9999-01-01') as valid_to_at
from versions as q
left join (select service_dimension as named, dimension_id from dimensions) as d on q.service_dimension = d.named
where not is_overtaken_at_once(known_at, next_known_at);

create temp table items_asked as
with asked as (
    select * from questions where measure = 'perception' and service_dimension is not null
),

starts as (
    select distinct survey_key, dimension_id, valid_from_at from asked
),

counted as (
    select s.survey_key, s.dimension_id, s.valid_from_at, count(*) as n_items
    from starts as s
    inner join asked as a
        on s.survey_key = a.survey_key and s.dimension_id = a.dimension_id
        and a.valid_from_at <= s.valid_from_at and a.valid_to_at > s.valid_from_at
    group by s.survey_key, s.dimension_id, s.valid_from_at
)

select
    survey_key, dimension_id, valid_from_at, n_items,
    lead(valid_from_at, 1, timestamp '9999-01-01') over (partition by survey_key, dimension_id order by valid_from_at) as valid_to_at
from counted;

create temp table answers_known as
with keyed as (
    select
        hash(_source, survey_id, response_id, question_id) as answer_key,
        hash(_source, survey_id, question_id) as question_key,
        hash(_source, survey_id, response_id) as response_key,
        _source, survey_id, response_id, question_id, account_id, contact_id, submitted_at, answer_value, known_at, _tie_break, _row_hash
    from warehouse.raw.survey_answers
    where known_at <= getvariable('as_of')
),

changed as (
    select answer_key from keyed group by answer_key having count(*) > 1
),

versions as (
    select *, cast(null as timestamp) as known_to, false as is_overtaken from keyed anti join changed using (answer_key)
    union all
    select *, lead(known_at) over in_order as known_to, is_overtaken_at_once(known_at, lead(known_at) over in_order) as is_overtaken
    from keyed semi join changed using (answer_key)
    window in_order as (partition by answer_key order by known_at, try_cast(_tie_break as double) nulls first, _tie_break nulls first, _row_hash)
)

select
    v.response_key, v._source as source, v.survey_id, v.response_id, v.question_id, v.account_id,
    case when not q.is_anonymous then v.contact_id end as contact_id,
    v.submitted_at, v.answer_value, q.intercept + q.slope * v.answer_value as score, abs(100.0 / q.slope) as scale_range,
    q.survey_key, q.survey_kind, q.measure, q.service_dimension, q.dimension_id, q.item_id, q.item_key, q.item_weight, q.is_anonymous,
    v.known_at, v.known_to
from versions as v
inner join questions as q
    on v.question_key = q.question_key and v.submitted_at >= q.valid_from_at and v.submitted_at < q.valid_to_at
where not v.is_overtaken;

create table marts.fct_answers as
select
    response_id, source, survey_id, survey_kind, question_id, item_id, measure, service_dimension, account_id, contact_id,
    submitted_at, answer_value, score
from answers_known
where known_to is null and not is_anonymous;

-- Perceptions, and what may stand beside them. A voice is one person at one account, or one response without a name.
create temp table rateable as
select
    response_key, source, survey_id, survey_kind, response_id, account_id, contact_id, submitted_at, score, survey_key, dimension_id, item_weight,
    measure,
    case when contact_id is null then hash(account_id, response_key) else hash(account_id, contact_id) end as voice_key,
    case when contact_id is null then hash(account_id, response_key, item_key) else hash(account_id, contact_id, item_key) end as voice_item_key,
    hash(response_key, account_id, dimension_id) as rating_key,
    epoch_us(submitted_at) as submitted_us,
    day_of(submitted_at) as submitted_day,
    week_of(known_at) as from_week,
    coalesce(week_of(known_to), 1000000) as to_week
from answers_known
where
    measure in ('perception', 'expectation', 'minimum') and dimension_id is not null and score is not null and not is_anonymous
    and (known_to is null or week_of(known_at) < week_of(known_to));

create temp view perceptions as
select rowid as row_id, * from rateable where measure = 'perception';

create temp table matches as
select
    p.row_id, p.rating_key, e.measure = 'expectation' as is_expectation, e.score,
    case when e.response_key = p.response_key then 4611686018427387904 else 0 end + e.submitted_us as precedence,
    greatest(p.from_week, e.from_week) as from_week,
    least(p.to_week, e.to_week) as to_week
from perceptions as p
inner join rateable as e
    on p.voice_item_key = e.voice_item_key
where
    e.measure <> 'perception'
    and p.from_week < e.to_week and e.from_week < p.to_week
    and (
        e.response_key = p.response_key
        or e.submitted_us <= p.submitted_us and p.submitted_day - e.submitted_day <= getvariable('validity_days')
    );

-- Weeks from which a rating reads differently: mostly one.
create temp table rating_spans as
with turns as (
    select rating_key, from_week as week_id from perceptions
    union
    select rating_key, to_week from perceptions where to_week < 1000000
    union
    select rating_key, from_week from matches
    union
    select rating_key, to_week from matches where to_week < 1000000
),

several as (
    select rating_key from turns group by rating_key having count(*) > 1
)

select rating_key, week_id as from_week, 1000000 as to_week from turns anti join several using (rating_key)
union all
select rating_key, week_id, lead(week_id, 1, 1000000) over (partition by rating_key order by week_id)
from turns semi join several using (rating_key);

create temp table ratings as
with cells as (
    select p.row_id, s.from_week, s.to_week
    from perceptions as p
    inner join rating_spans as s
        on p.rating_key = s.rating_key and s.from_week >= p.from_week and s.from_week < p.to_week
),

beside as (
    select
        m.row_id, s.from_week,
        max_by(case when is_expectation then score end, case when is_expectation then precedence end) as expectation_score,
        max_by(case when not is_expectation then score end, case when not is_expectation then precedence end) as minimum_score,
        max(case when is_expectation then precedence end) >= 4611686018427387904 as is_same_response
    from matches as m
    inner join rating_spans as s
        on m.rating_key = s.rating_key and s.from_week >= m.from_week and s.from_week < m.to_week
    group by m.row_id, s.from_week
),

items as (
    select
        p.*, c.from_week as span_from, c.to_week as span_to, expectation_score,
        case when expectation_score is not null then minimum_score end as minimum_score,
        case when expectation_score is not null then item_weight end as paired_weight,
        case when expectation_score is not null and minimum_score is not null then item_weight end as bounded_weight,
        is_same_response
    from cells as c
    inner join perceptions as p on c.row_id = p.row_id
    left join beside as b on c.row_id = b.row_id and c.from_week = b.from_week
),

rated as (
    select
        rating_key, span_from, span_to,
        any_value(response_key) as response_key, any_value(dimension_id) as dimension_id, any_value(voice_key) as voice_key, any_value(survey_key) as survey_key,
        any_value(source) as source, any_value(survey_id) as survey_id, any_value(survey_kind) as survey_kind,
        any_value(response_id) as response_id, any_value(account_id) as account_id, any_value(contact_id) as contact_id,
        any_value(submitted_at) as submitted_at, any_value(submitted_day) as submitted_day,
        count(*) as n_answered, count(paired_weight) as n_paired, count(bounded_weight) as n_bounded,
        sum(item_weight * score) / nullif(sum(item_weight), 0) as perception_score,
        sum(paired_weight * score) / nullif(sum(paired_weight), 0) as paired_perception_score,
        sum(paired_weight * expectation_score) / nullif(sum(paired_weight), 0) as expectation_score,
        sum(bounded_weight * score) / nullif(sum(bounded_weight), 0) as bounded_perception_score,
        sum(bounded_weight * expectation_score) / nullif(sum(bounded_weight), 0) as bounded_expectation_score,
        sum(bounded_weight * minimum_score) / nullif(sum(bounded_weight), 0) as minimum_score,
        bool_and(is_same_response) as is_same_response
    from items
    group by rating_key, span_from, span_to
),

weighed as (
    select
        r.*,
        n_answered >= getvariable('item_share') * n_items as is_heard,
        n_paired > 0 and n_paired >= getvariable('item_share') * n_items as is_paired,
        n_bounded > 0 and n_bounded >= getvariable('item_share') * n_items as is_bounded
    from rated as r
    inner join items_asked as a
        on r.survey_key = a.survey_key and r.dimension_id = a.dimension_id
        and r.submitted_at >= a.valid_from_at and r.submitted_at < a.valid_to_at
)

select
    rating_key, response_key, dimension_id, hash(voice_key, dimension_id) as place_key, voice_key, hash(account_id) as account_key, hash(contact_id) as contact_key,
    source, survey_id, survey_kind, response_id, account_id, contact_id, submitted_at, submitted_day,
    span_from as from_week, span_to as to_week,
    case when is_heard then perception_score end as perception_score,
    case when is_paired then paired_perception_score end as paired_perception_score,
    case when is_paired then expectation_score end as expectation_score,
    case when is_bounded then bounded_perception_score end as bounded_perception_score,
    case when is_bounded then bounded_expectation_score end as bounded_expectation_score,
    case when is_bounded then minimum_score end as minimum_score,
    is_same_response
from weighed
where is_heard or is_paired or is_bounded;

create table marts.fct_ratings as
select
    response_id, source, survey_id, survey_kind, account_id, contact_id, service_dimension, submitted_at,
    perception_score, paired_perception_score, expectation_score, minimum_score,
    paired_perception_score - expectation_score as satisfaction_gap
from ratings
inner join dimensions using (dimension_id)
where to_week = 1000000;

-- ------------------------------------------------------------------------------------------------ tickets' promises

create temp table tickets_known as
with keyed as (
    select
        hash(_source, ticket_id) as ticket_key,
        _source, ticket_id, account_id, contact_id, opened_at, status, priority, first_response_due_at, resolution_due_at,
        case when first_response_at <= known_at then first_response_at end as first_response_at,
        case when resolved_at <= known_at then resolved_at end as resolved_at,
        case when closed_at <= known_at then closed_at end as closed_at,
        case when escalated_at <= known_at then escalated_at end as escalated_at,
        case when expert_assigned_at <= known_at then expert_assigned_at end as expert_assigned_at,
        is_sla_met, reopen_count, reassignment_count, known_at, _tie_break, _row_hash
    from warehouse.raw.tickets
    where known_at <= getvariable('as_of')
),

changed as (
    select ticket_key from keyed group by ticket_key having count(*) > 1
),

versions as (
    select *, lead(known_at) over (partition by ticket_key order by known_at, try_cast(_tie_break as double) nulls first, _tie_break nulls first, _row_hash) as known_to
    from keyed semi join changed using (ticket_key)
),

resolved as (
    select
        *,
        -- A ticket merged into another was closed without a solution of its own.
        coalesce(resolved_at, case when status <> 'merged' then closed_at end) as resolution_at
    from versions
    where not is_overtaken_at_once(known_at, known_to)
),

carried as (
    select
        *,
        first_value(priority) over in_order as opening_priority,
        min(case when reopen_count > reopenings_allowed then known_at end) over in_order as reopened_beyond_at,
        min(case when reassignment_count > reassignments_allowed then known_at end) over in_order as reassigned_beyond_at,
        min(case when status = 'merged' then known_at end) over in_order as first_merged_at,
        min(resolution_at) over in_order as first_resolution_at,
        -- What was kept when the source's own date came stays kept, whatever is reopened later.
        coalesce(
            resolution_at,
            case
                when known_to is null or known_to > resolution_due_at
                    then last_value(case when known_to is null or known_to > resolution_due_at then resolution_at end ignore nulls) over in_order
            end
        ) as resolution_kept_at
    from resolved
    cross join (
        select
            max(case when signal = 'reopened' then allowed_count end) as reopenings_allowed,
            max(case when signal = 'reassigned' then allowed_count end) as reassignments_allowed
        from signals
    )
    window in_order as (partition by ticket_key order by known_at rows between unbounded preceding and current row)
),

single as (
    select
        *, cast(null as timestamp) as known_to,
        coalesce(resolved_at, case when status <> 'merged' then closed_at end) as resolution_at,
        priority as opening_priority,
        case when reopen_count > reopenings_allowed then known_at end as reopened_beyond_at,
        case when reassignment_count > reassignments_allowed then known_at end as reassigned_beyond_at,
        known_at as first_merged_at,
        resolution_at as first_resolution_at,
        resolution_at as resolution_kept_at
    from (select * from keyed anti join changed using (ticket_key))
    cross join (
        select
            max(case when signal = 'reopened' then allowed_count end) as reopenings_allowed,
            max(case when signal = 'reassigned' then allowed_count end) as reassignments_allowed
        from signals
    )
),

together as (
    select * from carried
    union all by name
    select * from single
),

sources as (
    select
        system, max(time_zone) as time_zone,
        min(case when records_first_response then 1 else 0 end) = 1 as records_first_response
    from warehouse.raw._sources
    where contract = 'tickets'
    group by system
)

select
    t._source as source, t.ticket_id as subject_id, t.account_id, t.contact_id, hash(t.account_id) as account_key, t.opened_at,
    t.first_response_due_at, t.resolution_due_at,
    coalesce(t.first_response_at, t.first_resolution_at) as first_response_at,
    t.resolution_kept_at,
    case when status = 'merged' then null else coalesce(closed_at, case when status in ('resolved', 'closed') then resolved_at end) end as ended_at,
    case when status = 'merged' then first_merged_at end as merged_at,
    t.escalated_at, t.expert_assigned_at, t.is_sla_met, t.reopen_count, t.reassignment_count, t.reopened_beyond_at, t.reassigned_beyond_at,
    coalesce(t.priority, t.opening_priority) as priority,
    p.weight as priority_weight, p.first_response_minutes, p.resolution_minutes, p.expert_minutes,
    s.time_zone, coalesce(s.records_first_response, true) as records_first_response,
    t.known_at as known_from, t.known_to,
    week_of(t.known_at) as from_week, coalesce(week_of(t.known_to), 1000000) as to_week
from together as t
left join sources as s on t._source = s.system
left join priorities as p
    on p.priority = case when lower(t.opening_priority) in (select priority from priorities) then lower(t.opening_priority) else '*' end
where t.status <> 'deleted';

-- The row's place is its number; row_number() would put the whole table through one thread.
create temp view tickets_numbered as select cast(rowid as integer) as subject, * from tickets_known;

-- The ledger: one narrow row per promise and version; names, keys and instants stay with the ticket or delivery.
create table marts.ledger (
    subject integer, signal_id tinyint, is_ticket boolean, promise_seq integer, kind varchar, due_origin varchar, made_at timestamp, due_at timestamp,
    due_on date, falls_due_at timestamp, kept_at timestamp, ended_at timestamp, actual_count integer, worst_delay double,
    settled_score double, is_left_out boolean, account_key ubigint, weight double, from_week integer, to_week integer
);

create temp macro worst(made_at, due_at, span, span_days) as
    case when due_at > made_at then minutes(made_at, due_at) * span else span_days * 1440 end;
create temp macro time_score(ended_at, due_at, worst_delay, early_credit) as
    case
        when ended_at <= due_at then early_credit * least(1.0, minutes(ended_at, due_at) / getvariable('credit_minutes'))
        when ended_at is not null then -100.0 * least(1.0, minutes(due_at, ended_at) / worst_delay)
    end;

insert into marts.ledger
with timed as (
    select
        subject, signal_id, span, span_days, early_credit, account_key, priority_weight, from_week, to_week, merged_at,
        'instant' as kind,
        case when first_response_due_at is not null then 'source' else 'default' end as due_origin,
        opened_at as made_at,
        coalesce(first_response_due_at, opened_at + to_minutes(first_response_minutes)) as due_at,
        first_response_at as kept_at,
        cast(null as boolean) as verdict
    from tickets_numbered cross join signals
    where signal = 'first_response' and records_first_response
    union all
    select
        subject, signal_id, span, span_days, early_credit, account_key, priority_weight, from_week, to_week, merged_at,
        case when resolution_due_at is null and is_sla_met is not null then 'verdict' else 'instant' end,
        case when resolution_due_at is not null then 'source' when is_sla_met is not null then 'verdict' else 'default' end,
        opened_at,
        case
            when resolution_due_at is not null then resolution_due_at
            when is_sla_met is not null then tickets_numbered.ended_at
            else opened_at + to_minutes(resolution_minutes)
        end,
        case when resolution_due_at is null and is_sla_met is not null then tickets_numbered.ended_at else resolution_kept_at end,
        case when resolution_due_at is null then is_sla_met end
    from tickets_numbered cross join signals
    where signal = 'resolution'
    union all
    select
        subject, signal_id, span, span_days, early_credit, account_key, priority_weight, from_week, to_week, merged_at,
        'instant', 'default', escalated_at, escalated_at + to_minutes(expert_minutes), expert_assigned_at, null
    from tickets_numbered cross join signals
    where signal = 'escalation' and escalated_at is not null
),

outcomes as (
    select
        *,
        coalesce(kept_at, merged_at) as ended_at,
        worst(made_at, due_at, span, span_days) as worst_delay,
        kept_at is null and merged_at is not null and (due_at is null or merged_at <= due_at) as is_left_out
    from timed
),

counts as (
    select
        subject, signal_id, span, account_key, priority_weight, from_week, to_week, merged_at, ended_at, opened_at,
        allowed_count, reopen_count as actual_count, reopened_beyond_at as beyond_at
    from tickets_numbered cross join signals
    where signal = 'reopened'
    union all
    select
        subject, signal_id, span, account_key, priority_weight, from_week, to_week, merged_at, ended_at, opened_at,
        allowed_count, reassignment_count, reassigned_beyond_at
    from tickets_numbered cross join signals
    where signal = 'reassigned'
)

select
    subject, signal_id, true, 0, kind, due_origin, made_at, due_at, null, due_at,
    case when kind <> 'verdict' or verdict then kept_at end, ended_at, null, worst_delay,
    case
        when is_left_out or ended_at is null then null
        when verdict is not null then case when verdict then 0.0 else getvariable('unknown_slip') end
        else time_score(ended_at, due_at, worst_delay, early_credit)
    end,
    is_left_out, account_key, priority_weight, from_week, to_week
from outcomes
union all
select
    subject, signal_id, true, 0, 'count', 'default', opened_at, least(beyond_at, ended_at), null, least(beyond_at, ended_at),
    case when actual_count <= allowed_count then ended_at end, coalesce(ended_at, merged_at), actual_count, null,
    case
        when actual_count > allowed_count then -100.0 * least(1.0, (actual_count - allowed_count) / span)
        when ended_at is not null then 0.0
    end,
    merged_at is not null and actual_count <= allowed_count, account_key, priority_weight, from_week, to_week
from counts;

-- --------------------------------------------------------------------------------------------- deliveries' promises

create temp table deliveries_known as
with deliveries as (
    select
        hash(_source, delivery_id) as delivery_key, *,
        lead(known_at) over (partition by _source, delivery_id order by known_at, try_cast(_tie_break as double) nulls first, _tie_break nulls first, _row_hash) as known_to
    from warehouse.raw.deliveries
    where known_at <= getvariable('as_of')
),

versions as (
    select
        delivery_key, _source, delivery_id, account_id, contact_id, ordered_at, acceptance_result, rework_count, cancelled_by, known_at, known_to,
        case when delivered_at <= known_at then delivered_at end as delivered_at,
        case when accepted_at <= known_at then accepted_at end as accepted_at,
        case when cancelled_at <= known_at then cancelled_at end as cancelled_at,
        max(case when acceptance_result = 'rejected' then 1 else 0 end) over in_order = 1 as was_rejected,
        min(case when acceptance_result is not null then known_at end) over in_order as result_known_at,
        first_value(acceptance_result ignore nulls) over in_order as first_result
    from deliveries
    where not is_overtaken_at_once(known_at, known_to)
    window in_order as (partition by delivery_key order by known_at rows between unbounded preceding and current row)
),

zones as (
    select system, max(time_zone) as time_zone from warehouse.raw._sources where contract = 'delivery_promises' group by system
),

promises as (
    select
        hash(_source, delivery_id) as delivery_key, p.*, z.time_zone,
        coalesce(p.due_at, timezone('UTC', timezone(coalesce(z.time_zone, 'UTC'), cast(p.due_on + 1 as timestamp)))) as falls_due_at,
        lead(known_at) over (
            partition by _source, delivery_id, promise_seq order by known_at, try_cast(_tie_break as double) nulls first, _tie_break nulls first, _row_hash
        ) as known_to
    from warehouse.raw.delivery_promises as p
    left join zones as z on p._source = z.system
    where known_at <= getvariable('as_of')
),

-- A changed date is a new step, unless it corrects the old one.
marked as (
    select
        *,
        coalesce(
            falls_due_at = lag(falls_due_at) over in_order
            or lag(falls_due_at) over in_order is not null and lower(coalesce(reason, '')) = 'correction', false
        ) as is_same_step
    from promises
    where not is_overtaken_at_once(known_at, known_to)
    window in_order as (partition by delivery_key, promise_seq order by known_at)
),

numbered as (
    select *, sum(case when is_same_step then 0 else 1 end) over (partition by delivery_key order by promise_seq, known_at) as step
    from marked
),

steps as (
    select
        delivery_key, step, promise_seq, due_on, falls_due_at, time_zone, known_at,
        first_value(promised_at) over in_step as promised_at,
        first_value(requested_by) over in_step as requested_by,
        lead(known_at) over in_step as known_to
    from numbered
    window in_step as (partition by delivery_key, step order by known_at)
),

spans as (
    select delivery_key, known_at, lead(known_at) over (partition by delivery_key order by known_at) as known_to
    from (select delivery_key, known_at from versions union select delivery_key, known_at from steps)
),

known_steps as (
    select
        w.delivery_key, w.known_at as span_from, s.* exclude (delivery_key, known_at, known_to),
        coalesce(
            lead(s.requested_by) over in_span = 'client' and lead(s.promised_at) over in_span < s.falls_due_at, false
        ) as is_moved_by_client,
        row_number() over in_span as place,
        lead(s.step) over in_span is null as is_last
    from spans as w
    inner join steps as s on w.delivery_key = s.delivery_key and s.known_at <= w.known_at and (s.known_to is null or w.known_at < s.known_to)
    window in_span as (partition by w.delivery_key, w.known_at order by s.step)
),

stated as (
    select
        delivery_key, span_from,
        any_value(time_zone) as time_zone,
        min(case when not is_moved_by_client then place end) as standing_place,
        count(case when place > 1 and requested_by is distinct from 'client' then 1 end) as n_moved_by_us,
        min(case when place > 1 and requested_by is distinct from 'client' then promised_at end) as first_moved_at
    from known_steps
    group by delivery_key, span_from
)

select
    v._source as source, v.delivery_id as subject_id, v.account_id, v.contact_id, hash(v.account_id) as account_key,
    v.ordered_at, v.acceptance_result, v.rework_count, v.cancelled_at, v.cancelled_by, v.was_rejected, v.first_result, v.result_known_at, v.accepted_at,
    case
        when v.acceptance_result = 'rejected' then null
        when v.was_rejected then v.accepted_at
        else v.delivered_at
    end as kept_at,
    coalesce(v.accepted_at, kept_at, v.cancelled_at) as ended_at,
    t.time_zone, t.n_moved_by_us, t.first_moved_at,
    f.promise_seq as first_seq, f.promised_at as first_promised_at, f.due_on as first_due_on, f.falls_due_at as first_due_at,
    l.promise_seq as last_seq, l.promised_at as last_promised_at, l.due_on as last_due_on, l.falls_due_at as last_due_at,
    w.known_at as known_from, w.known_to, week_of(w.known_at) as from_week, coalesce(week_of(w.known_to), 1000000) as to_week
from spans as w
inner join versions as v on w.delivery_key = v.delivery_key and v.known_at <= w.known_at and (v.known_to is null or w.known_at < v.known_to)
left join stated as t on w.delivery_key = t.delivery_key and w.known_at = t.span_from
left join known_steps as f on t.delivery_key = f.delivery_key and t.span_from = f.span_from and t.standing_place = f.place
left join known_steps as l on t.delivery_key = l.delivery_key and t.span_from = l.span_from and l.is_last;

create temp view deliveries_numbered as select cast(rowid as integer) as subject, * from deliveries_known;

insert into marts.ledger
with dated as (
    select
        subject, signal_id, span, span_days, early_credit, account_key, from_week, to_week, time_zone, cancelled_at, cancelled_by, kept_at,
        first_seq as promise_seq, first_promised_at as made_at, first_due_on as due_on, first_due_at as due_at
    from deliveries_numbered cross join signals
    where signal = 'delivery_first_promise' and first_due_at is not null
    union all
    select
        subject, signal_id, span, span_days, early_credit, account_key, from_week, to_week, time_zone, cancelled_at, cancelled_by, kept_at,
        last_seq, last_promised_at, last_due_on, last_due_at
    from deliveries_numbered cross join signals
    where signal = 'delivery_last_promise' and last_due_at is not null
),

stopped as (
    select
        *,
        cancelled_at is not null and kept_at is null and cancelled_by = 'us' as is_stopped_by_us,
        cancelled_at is not null and kept_at is null and cancelled_by is distinct from 'us' and cancelled_at <= due_at as is_left_out,
        coalesce(kept_at, cancelled_at) as ended_at,
        case when cancelled_at is not null and kept_at is null and cancelled_by = 'us' then least(due_at, cancelled_at) else due_at end as falls_due_at
    from dated
),

measured as (
    select
        *,
        case
            when due_on is null then worst(made_at, falls_due_at, span, span_days)
            when day_number(due_on) > local_day(made_at, time_zone) then (day_number(due_on) - local_day(made_at, time_zone)) * span
            else span_days
        end as worst_delay
    from stopped
),

-- A count that a cancellation ends is left out, unless it was broken already.
moves as (
    select
        *,
        coalesce(accepted_at, kept_at) as fulfilled_at,
        n_moved_by_us > allowed_count as is_exceeded,
        case when n_moved_by_us > allowed_count then first_moved_at else coalesce(accepted_at, kept_at) end as due_at
    from deliveries_numbered cross join signals
    where signal = 're_promises' and first_due_at is not null
),

verdicts as (
    select
        *,
        first_result = 'accepted' and not was_rejected and rework_count = 0 as is_accepted_at_once,
        coalesce(case when not was_rejected and first_result = 'accepted' then accepted_at end, result_known_at) as due_at,
        coalesce(accepted_at, result_known_at) as judged_at
    from deliveries_numbered cross join signals
    where signal = 'first_time_acceptance' and first_result is not null
)

select
    subject, signal_id, false, promise_seq, case when due_on is null then 'instant' else 'date' end, 'source', made_at, due_at, due_on, falls_due_at, kept_at, ended_at, null, worst_delay,
    case
        when is_left_out then null
        when is_stopped_by_us then -100.0
        when due_on is not null and ended_at > falls_due_at
            then -100.0 * least(1.0, (local_day(ended_at, time_zone) - day_number(due_on)) / worst_delay)
        when due_on is not null and ended_at is not null
            then early_credit * least(1.0, (day_number(due_on) - local_day(ended_at, time_zone)) * 1440.0 / getvariable('credit_minutes'))
        else time_score(ended_at, falls_due_at, worst_delay, early_credit)
    end,
    is_left_out, account_key, 1.0, from_week, to_week
from measured
union all
select
    subject, signal_id, false, 0, 'count', 'source', first_promised_at, due_at, null, due_at,
    case when not is_exceeded then fulfilled_at end, ended_at, cast(n_moved_by_us as integer), null,
    case
        when is_exceeded then -100.0 * least(1.0, (n_moved_by_us - allowed_count) / span)
        when fulfilled_at is not null then 0.0
    end,
    cancelled_at is not null and fulfilled_at is null and not is_exceeded, account_key, 1.0, from_week, to_week
from moves
union all
select
    subject, signal_id, false, 0, 'verdict', 'verdict', ordered_at, due_at, null, due_at,
    case when is_accepted_at_once then judged_at end, judged_at, null, null,
    case
        when is_accepted_at_once then 0.0
        when first_result = 'conditional' and not was_rejected then getvariable('conditional_score')
        else -100.0
    end,
    false, account_key, 1.0, from_week, to_week
from verdicts;

-- The tables that the ledger's rows refer to.
create table marts.subjects as
select
    subject, true as is_ticket, source, subject_id, account_id, contact_id, time_zone, priority, merged_at as cancelled_at, cast(null as varchar) as cancelled_by,
    cast(null as timestamp) as moved_at, known_from, known_to
from tickets_numbered
union all
select
    subject, false, source, subject_id, account_id, contact_id, time_zone, null, cancelled_at, cancelled_by, first_moved_at, known_from, known_to
from deliveries_numbered;

create table marts.now as select getvariable('as_of') as as_of, getvariable('old_days') as old_days;

create view marts.fct_promises as
with judged as (
    select
        l.*, s.source, s.subject_id, s.account_id, s.contact_id, s.time_zone, s.priority, s.cancelled_at, s.cancelled_by, s.moved_at, s.known_from, s.known_to,
        least(coalesce(s.known_to, n.as_of), n.as_of) as judged_at, n.old_days
    from marts.ledger as l
    inner join marts.subjects as s on l.subject = s.subject and l.is_ticket = s.is_ticket
    cross join marts.now as n
),

delayed as (
    select
        j.*,
        case
            when kind not in ('instant', 'date') then null
            when due_on is not null then
                cast(cast(timezone(coalesce(time_zone, 'UTC'), timezone('UTC', coalesce(ended_at, judged_at - interval '1 microsecond'))) as date) - due_on as integer)
            else (epoch_us(coalesce(ended_at, judged_at)) - epoch_us(falls_due_at)) / 60000000.0
        end / worst_delay as delay
    from judged as j
),

scored as (
    select
        *,
        case
            when is_left_out or falls_due_at is null or falls_due_at >= judged_at then null
            when settled_score is not null then settled_score
            when kind not in ('instant', 'date') or ended_at is not null then null
            else -100.0 * greatest(0.0, least(1.0, delay))
        end as score
    from delayed
)

select
    g.signal || ':' || source || ':' || subject_id || ':' || promise_seq as promise_id,
    source, account_id, contact_id, g.signal, g.service_dimension, promise_seq, s.kind, subject_id,
    case when is_ticket then 'ticket' else 'delivery' end as subject_kind,
    made_at, due_at, due_on, falls_due_at, time_zone, cast(null as varchar) as calendar_id, 0.0 as paused_minutes, g.allowed_count, actual_count,
    kept_at, ended_at, cancelled_at, cancelled_by, due_origin, false as is_hindsight, priority, g.weight > 0 as is_scored,
    known_from, known_to, known_to is null as is_newest,
    case
        when is_left_out then 'cancelled'
        when score < 0 then 'broken'
        when score >= 0 then 'kept'
        when settled_score >= 0 and ended_at is not null then 'kept'
        else 'open'
    end as state,
    case
        when score is null or s.kind = 'verdict' then null
        when s.kind = 'count' then greatest(0, actual_count - g.allowed_count)
        when score >= 0 then 0.0
        when delay > 0 then delay * g.span
    end as slip,
    score as promise_score,
    case when score < 0 and ended_at is null and s.kind in ('instant', 'date') then cast((epoch_us(judged_at) - epoch_us(falls_due_at)) // 86400000000 as integer) end as overdue_days,
    case when score < 0 and ended_at > falls_due_at then cast((epoch_us(ended_at) - epoch_us(falls_due_at)) // 86400000000 as integer) end as days_late,
    coalesce(
        g.weight > 0 and score < 0 and ended_at is null and settled_score is null and falls_due_at + to_days(old_days) < judged_at, false
    ) as is_old_commitment,
    case when s.kind in ('instant', 'date') and moved_at > made_at then (epoch_us(due_at) - epoch_us(moved_at)) / 86400000000.0 end as notice_days
from scored as s
inner join marts.signals_numbered as g on s.signal_id = g.signal_id;

-- ----------------------------------------------------------------------------------------------- promise gap by week

create temp table promise_spans as
with placed as (
    select
        account_key, signal_id, weight, settled_score, due_on, falls_due_at, worst_delay, ended_at, is_ticket, subject, to_week,
        week_of(falls_due_at) as due_week,
        greatest(from_week, case when falls_due_at >= getvariable('as_of') then getvariable('running') + 1 else week_of(falls_due_at) end) as from_week,
        case
            when ended_at is null
                then case
                    -- Open ones stay for a number of weeks to the instant; in the running week that is not at its end.
                    when week_of(falls_due_at) + getvariable('overdue_weeks') = getvariable('running')
                        and falls_due_at >= getvariable('as_of') - to_days(7 * getvariable('overdue_weeks'))
                        then getvariable('running') + 1
                    else week_of(falls_due_at) + getvariable('overdue_weeks')
                end
            else week_with(greatest(day_of(falls_due_at), day_of(ended_at)) + getvariable('window_days'))
        end as leaves_week
    from marts.ledger
    where from_week < to_week and not is_left_out and falls_due_at is not null and (settled_score is not null or kind in ('instant', 'date'))
)

select
    account_key, signal_id, weight, settled_score, due_on, falls_due_at, due_week, worst_delay, ended_at is null and settled_score is null as is_open, is_ticket, subject, from_week,
    least(to_week, leaves_week, getvariable('running') + 1) as to_week
from placed
where from_week < least(to_week, leaves_week, getvariable('running') + 1);

-- Open and overdue for long: counted from then on, for as long as they stay open.
create temp table old_commitments as
with placed as (
    select
        account_key, signal_id,
        greatest(from_week, case when falls_due_at + to_days(getvariable('old_days')) >= getvariable('as_of') then getvariable('running') + 1 else week_of(falls_due_at + to_days(getvariable('old_days'))) end) as from_week,
        least(to_week, getvariable('running') + 1) as to_week
    from marts.ledger
    where not is_left_out and ended_at is null and settled_score is null and kind in ('instant', 'date') and falls_due_at is not null
)

select * from placed where from_week < to_week;

-- Only what still gets worse is written week by week; the rest is a change where it enters and one where it leaves.
create temp table worsening as
with weekly as (
    select
        s.account_key, s.signal_id, s.weight, s.worst_delay, w.week_id,
        case
            when s.due_on is not null then local_day(w.as_known_at - interval '1 microsecond', d.time_zone) - day_number(s.due_on)
            else minutes(s.falls_due_at, w.as_known_at)
        end as delay
    from promise_spans as s
    inner join marts.dim_weeks as w
        on w.week_id >= s.from_week and w.week_id < s.to_week
    left join deliveries_numbered as d on not s.is_ticket and s.subject = d.subject
    where
        s.settled_score is null
        and w.week_id <= s.due_week + 1 + cast(ceil(s.worst_delay / case when s.due_on is not null then 7.0 else 10080.0 end) as integer)
)

select account_key, signal_id, week_id, 100.0 * weight * (1.0 - greatest(0.0, delay / worst_delay)) as relief
from weekly
where delay < worst_delay;

create temp table promise_changes as
with changes as (
    select account_key, signal_id, from_week as week_id, weight as w, weight * coalesce(settled_score, -100.0) as s, 1 as n,
        case when settled_score is null or settled_score < 0 then 1 else 0 end as b, case when is_open then 1 else 0 end as o, 0 as old
    from promise_spans
    union all
    select account_key, signal_id, to_week, -weight, -weight * coalesce(settled_score, -100.0), -1,
        case when settled_score is null or settled_score < 0 then -1 else 0 end, case when is_open then -1 else 0 end, 0
    from promise_spans
    union all
    select account_key, signal_id, week_id, 0, relief, 0, 0, 0, 0 from worsening
    union all
    select account_key, signal_id, week_id + 1, 0, -relief, 0, 0, 0, 0 from worsening
    union all
    select account_key, signal_id, from_week, 0, 0, 0, 0, 0, 1 from old_commitments
    union all
    select account_key, signal_id, to_week, 0, 0, 0, 0, 0, -1 from old_commitments
)

select account_key, signal_id, week_id, sum(w) as w, sum(s) as s, cast(sum(n) as integer) as n, cast(sum(b) as integer) as b, cast(sum(o) as integer) as o, cast(sum(old) as integer) as old
from changes
group by account_key, signal_id, week_id;

create temp table kept_words as
with summed as (
    select
        account_key, signal_id, week_id as from_week,
        lead(week_id, 1, getvariable('running') + 1) over in_order as to_week,
        sum(w) over in_order as w, sum(s) over in_order as s, sum(n) over in_order as n, sum(b) over in_order as b, sum(o) over in_order as o, sum(old) over in_order as old
    from promise_changes
    window in_order as (partition by account_key, signal_id order by week_id)
),

weekly as (
    select
        account_key, dimension_id, g.weight as signal_weight, case when n > 0 then s / w end as score, n, b, o, old,
        cast(unnest(range(greatest(from_week, getvariable('first_week')), to_week)) as integer) as week_id
    from summed
    inner join signals as g using (signal_id)
    inner join dimensions using (service_dimension)
    where (n > 0 or old > 0) and g.weight > 0
)

select
    account_key, dimension_id, week_id, least(0.0, sum(signal_weight * score) / sum(case when n > 0 then signal_weight end)) as promise_gap,
    cast(sum(n) as integer) as n_promises, cast(sum(b) as integer) as n_broken, cast(sum(o) as integer) as n_open_overdue,
    cast(sum(old) as integer) as n_old_commitments
from weekly
group by account_key, dimension_id, week_id;

create table marts.fct_promise_gap_weekly as
select
    a.account_id, d.service_dimension, a.week_id, day_date(a.week_id * 7 + 4) as week_start_on, a.week_id = getvariable('running') as is_provisional,
    k.promise_gap, coalesce(k.n_promises, 0) as n_promises, coalesce(k.n_broken, 0) as n_broken, coalesce(k.n_open_overdue, 0) as n_open_overdue,
    coalesce(k.n_old_commitments, 0) as n_old_commitments,
    case when k.promise_gap is null then 'no_promise_due' end as null_reason
from account_weeks as a
cross join dimensions as d
left join kept_words as k on a.account_key = k.account_key and d.dimension_id = k.dimension_id and a.week_id = k.week_id;

-- A service firm's raw tables, straight at size and the same on every run: chance is a hash of the row's number.
-- Variables: tickets, answers, accounts, weeks. Everything is made for a day more than the first load takes
-- (`known_at` up to `cutoff`); the rows known within the day after it are the second load.

set variable started = timestamp '2022-01-03 00:00:00';
set variable cutoff = getvariable('started') + to_days(cast(getvariable('weeks') * 7 + 2 as integer)) + interval '10 hours 37 minutes';
set variable span_seconds = epoch(getvariable('cutoff') + interval 1 day - getvariable('started'));

create or replace temp macro chance(id, salt) as (hash(id, salt) % 1000003) / 1000003.0;
create or replace temp macro pick(id, salt, choices) as cast(hash(id, salt) % choices as integer);
create or replace temp macro wait(id, salt, mean_minutes) as
    to_seconds(cast(-ln(1.0 - chance(id, salt)) * mean_minutes * 60 as bigint));
create or replace temp macro between_start_and_end(id, salt) as
    getvariable('started') + to_seconds(cast(chance(id, salt) * getvariable('span_seconds') as bigint));
-- Who is entered late stands for the time before, and restates it: not what a common day does.
create or replace temp macro in_the_first_half(id, salt) as
    getvariable('started') + to_seconds(cast(chance(id, salt) * getvariable('span_seconds') / 2 as bigint));

create or replace temp table made_accounts as
with people as (
    select
        cast(n as bigint) as n,
        'A' || lpad(cast(n as varchar), 6, '0') as account_id,
        cast(getvariable('started') as date) - 400 + pick(n, 'start', 300 + getvariable('weeks') * 5) as started_on,
        chance(n, 'left') < 0.08 as leaves
    from range(1, getvariable('accounts') + 1) as numbers(n)
),

versions as (
    select *, 1 as version, cast(started_on as timestamp) + interval 9 hour as changed_at from people where chance(n, 'late') < 0.7
    union all
    select *, 1 as version, in_the_first_half(n, 'entered') as changed_at from people where chance(n, 'late') >= 0.7
    union all
    select *, 2 as version, between_start_and_end(n, 'managed') as changed_at from people where chance(n, 'managed?') < 0.3
    union all
    select *, 3 as version, between_start_and_end(n, 'leaving') as changed_at from people where leaves
)

select
    account_id,
    'Client ' || n as account_name,
    cast(null as varchar) as parent_account_id,
    substr('SABC', 1 + pick(n, 'tier', 4), 1) as tier,
    'Industry ' || pick(n, 'industry', 12) as industry,
    case when chance(n, 'region') < 0.95 then 'Region ' || pick(n, 'region', 5) end as region,
    10000.0 * (1 + pick(n, 'value', 50)) as annual_value,
    'EUR' as currency,
    case when chance(n, 'start?') < 0.9 then started_on end as contract_started_on,
    started_on + 2000 as contract_ends_on,
    case when version = 3 then cast(changed_at as date) - 20 end as notice_given_on,
    case when version = 3 then cast(changed_at as date) + pick(n, 'gone', 60) - 10 end as churned_on,
    case when version = 3 then 'price' end as churn_reason,
    'AM' || pick(n, 'manager', 1 + getvariable('accounts') // 25) + version * 1000 as account_manager,
    'SM' || pick(n, 'solutions', 9) as solution_manager,
    'DM' || pick(n, 'delivery', 9) as delivery_manager,
    cast(null as varchar) as channel_manager,
    changed_at as updated_at,
    changed_at as known_at,
    'crm' as _source
from versions;

create or replace temp table made_contacts as
with people as (
    select
        cast(n as bigint) as n,
        1 + (n - 1) // 6 as account,
        cast(getvariable('started') as date) - 300 + pick(n, 'valid', 300 + getvariable('weeks') * 4) as valid_from
    from range(1, getvariable('accounts') * 6 + 1) as numbers(n)
),

versions as (
    select *, 1 as version, account as account_now, cast(valid_from as timestamp) + interval 8 hour as changed_at
    from people where chance(n, 'late') < 0.8
    union all
    select *, 1 as version, account as account_now, in_the_first_half(n, 'late contact') as changed_at
    from people where chance(n, 'late') >= 0.8
    union all
    select *, 2 as version, 1 + (account + 7) % getvariable('accounts') as account_now, between_start_and_end(n, 'moved') as changed_at
    from people where chance(n, 'moves') < 0.03
    union all
    select *, 3 as version, account as account_now, between_start_and_end(n, 'promoted') as changed_at
    from people where chance(n, 'promoted?') < 0.1 and chance(n, 'moves') >= 0.03
)

select
    'C' || lpad(cast(n as varchar), 7, '0') as contact_id,
    'A' || lpad(cast(account_now as varchar), 6, '0') as account_id,
    'Person ' || n as display_name,
    'person' || n || '@example.org' as email,
    'Title ' || pick(n, 'title', 40) as job_title,
    'Department ' || pick(n, 'department', 8) as department,
    case
        when version = 3 then 'key'
        when chance(n, 'relationship') < 0.9 then (['key', 'general', 'organizational'])[1 + pick(n, 'relationship', 3)]
    end as relationship,
    pick(n, 'decides', 4) = 0 as is_decision_maker,
    case
        when version = 2 then cast(changed_at as date)
        when chance(n, 'from?') < 0.8 then valid_from
    end as valid_from,
    case when chance(n, 'ends') < 0.06 then valid_from + 200 + pick(n, 'ends on', 500) end as valid_to,
    changed_at as updated_at,
    changed_at as known_at,
    'crm' as _source
from versions;

-- Ten items: three of them ask for responsiveness and for trust, two for each of the others. The yearly interview asks
-- perception, expectation and minimum; the pulse perception alone, so that it is paired with the interview's.
create or replace temp table made_questions as
with items as (
    select
        cast(n as integer) as n,
        'item_' || n as item_id,
        case
            when n <= 3 then 'responsiveness' when n <= 5 then 'business_understanding'
            when n <= 7 then 'resource_mobilization' else 'trust'
        end as service_dimension
    from range(1, 11) as numbers(n)
),

asked as (
    select 'interview' as survey_id, 'relationship' as survey_kind, 'P' || n as question_id, 'perception' as measure, * from items
    union all
    select 'interview', 'relationship', 'E' || n, 'expectation', * from items
    union all
    select 'interview', 'relationship', 'M' || n, 'minimum', * from items
    union all
    select 'pulse', 'relationship', 'P' || n, 'perception', * from items
    union all
    select 'pulse', 'relationship', 'overall', 'overall', 11, null, null
    union all
    select 'pulse', 'relationship', 'why', 'comment', 12, null, null
    union all
    select 'after_ticket', 'transactional', 'P' || n, 'perception', * from items where n <= 2
    union all
    select 'after_ticket', 'transactional', 'csat', 'csat', 11, null, null
    union all
    select 'kiosk', 'relationship', 'P' || n, 'perception', * from items where n <= 3
),

versions as (
    select *, 1.0 + (n % 3) / 2.0 as weight, getvariable('started') as changed_at from asked
    union all
    select *, 3.0 as weight, getvariable('started') + to_days(cast(getvariable('weeks') * 4 as integer)) as changed_at
    from asked where survey_id = 'pulse' and question_id in ('P2', 'P8')
)

select
    survey_id,
    survey_kind,
    question_id,
    measure,
    service_dimension,
    item_id,
    case when measure <> 'comment' then 1.0 end as scale_min,
    case when measure <> 'comment' then 7.0 end as scale_max,
    question_id in ('P4', 'E4', 'M4') as is_reverse_scored,
    weight,
    question_id as question_text,
    survey_id = 'kiosk' as is_anonymous,
    changed_at as updated_at,
    changed_at as known_at,
    'survey' as _source
from versions;

create or replace temp table made_responses as
select
    cast(n as bigint) as n,
    'R' || lpad(cast(n as varchar), 8, '0') as response_id,
    case
        when chance(n, 'survey') < 0.3 then 'interview' when chance(n, 'survey') < 0.89 then 'pulse'
        when chance(n, 'survey') < 0.99 then 'after_ticket' else 'kiosk'
    end as survey_id,
    1 + pick(n, 'who', getvariable('accounts') * 6) as contact,
    between_start_and_end(n, 'submitted') as submitted_at
from range(1, 1 + greatest(1, cast(getvariable('answers') / 14.6 as bigint))) as numbers(n);

create or replace temp table made_invitations as
select
    'I' || n as invitation_id,
    survey_id,
    'A' || lpad(cast(1 + (contact - 1) // 6 as varchar), 6, '0') as account_id,
    'C' || lpad(cast(contact as varchar), 7, '0') as contact_id,
    submitted_at - wait(n, 'invited', 4000) as sent_at,
    'e-mail' as channel,
    cast(null as timestamp) as bounced_at,
    sent_at as updated_at,
    sent_at as known_at,
    'survey' as _source
from made_responses
where survey_id <> 'kiosk' and sent_at >= getvariable('started');

create or replace temp table made_answers as
with asked as (
    select distinct survey_id, question_id, measure from made_questions
),

given as (
    select
        r.*,
        a.question_id,
        a.measure,
        hash(r.n, a.question_id) as answer_hash,
        r.n % 500 = 3 as is_of_another_account
    from made_responses as r
    inner join asked as a on r.survey_id = a.survey_id
    where chance(r.n, a.question_id) < 0.92 and (a.measure <> 'minimum' or chance(r.n, 'minimum?') < 0.6)
),

versions as (
    select *, 1 as version, submitted_at as changed_at from given
    union all
    select *, 2 as version, submitted_at + wait(n, 'corrected', 20000) as changed_at
    from given where chance(answer_hash, 'corrected?') < 0.01 or is_of_another_account
)

select
    response_id,
    survey_id,
    question_id,
    'A' || lpad(
        cast(1 + ((contact - 1) // 6 + case when is_of_another_account and version = 1 then 1 else 0 end) % getvariable('accounts') as varchar), 6, '0'
    ) as account_id,
    case
        when survey_id = 'kiosk' or chance(n, 'unnamed') < 0.03 then null
        when chance(n, 'unknown') < 0.01 then 'X' || contact
        else 'C' || lpad(cast(contact as varchar), 7, '0')
    end as contact_id,
    submitted_at,
    case
        when measure <> 'comment' then
            least(7, greatest(1, cast(
                case measure when 'expectation' then 5.2 when 'minimum' then 3.0 else 3.9 end
                + 3.0 * chance(answer_hash, version) + 1.5 * (chance(contact, 'mood') - 0.5) as integer
            )))
    end as answer_value,
    case when measure = 'comment' then 'Comment ' || n || ': 很好, prompt and friendly' end as answer_text,
    true as is_complete,
    changed_at as updated_at,
    changed_at as known_at,
    'survey' as _source
from versions;

create or replace temp table made_tickets as
with drawn as (
    select
        cast(n as bigint) as n,
        'T' || lpad(cast(n as varchar), 9, '0') as ticket_id,
        n % 10 < 8 as is_desk,
        1 + cast(floor(pow(chance(n, 'account'), 1.3) * getvariable('accounts')) as bigint) as account,
        between_start_and_end(n, 'opened') as opened_at,
        chance(n, 'priority') as priority_chance,
        chance(n, 'due') as due_chance,
        chance(n, 'fate') as fate,
        chance(n, 'versions') as versions
    from range(1, getvariable('tickets') + 1) as numbers(n)
),

lived as (
    select
        *,
        case when priority_chance < 0.15 then 'high' when priority_chance < 0.75 then 'normal' when priority_chance < 0.97 then 'low' end as priority,
        case when is_desk and fate >= 0.01 then opened_at + wait(n, 'response', 250) end as responded_at,
        case when fate >= 0.03 then opened_at + wait(n, 'response', 250) + wait(n, 'solution', 2600) end as solved_at,
        case when chance(n, 'escalates') < 0.04 then opened_at + wait(n, 'escalated', 400) end as escalates_at,
        case when due_chance < 0.6 then opened_at + to_minutes(case when priority_chance < 0.15 then 60 else 480 end) end as first_due_at,
        case when due_chance < 0.6 then opened_at + to_minutes(case when priority_chance < 0.15 then 480 else 4000 + pick(n, 'target', 2) * 1000 end) end as solution_due_at,
        case when chance(n, 'reopened') < 0.03 then 1 + pick(n, 'reopened', 3) // 2 else 0 end as times_reopened,
        greatest(0, pick(n, 'handed over', 7) - 3) as times_reassigned
    from drawn
),

ended as (
    select
        *,
        case when fate >= 0.2 then solved_at + interval 3 day end as ends_at,
        case when chance(n, 'expert') < 0.9 then escalates_at + wait(n, 'expert', 600) end as expert_at
    from lived
),

stages as (
    -- The ticket as it was opened; as it was exported last; and, for some, changed again long after.
    select *, 1 as version, opened_at + to_seconds(pick(n, 'saved', 600)) as changed_at from ended where versions < 0.36 or solved_at is null
    union all
    select *, 2 as version, coalesce(ends_at, solved_at) + to_seconds(5 + pick(n, 'exported', 400)) as changed_at from ended where solved_at is not null
    union all
    select *, 3 as version, coalesce(ends_at, solved_at, opened_at) + interval 2 day + wait(n, 'again', 9000) as changed_at
    from ended where chance(n, 'again?') < 0.04
    union all
    select *, 4 as version, opened_at + interval 15 minute + wait(n, 'touched', 60) as changed_at from ended where chance(n, 'touched?') < 0.03 and solved_at is not null
)

select
    ticket_id,
    'A' || lpad(cast(account as varchar), 6, '0') as account_id,
    case when chance(n, 'contact') < 0.9 then 'C' || lpad(cast((account - 1) * 6 + 1 + pick(n, 'contact', 6) as varchar), 7, '0') end as contact_id,
    opened_at,
    case when version in (2, 3) or responded_at <= changed_at then responded_at end as first_response_at,
    case when is_desk then first_due_at end as first_response_due_at,
    -- A few early exports hold the later outcome already: a leak that the models must not see.
    case when version in (2, 3) or chance(n, 'leak') < 0.02 then solved_at end as resolved_at,
    solution_due_at as resolution_due_at,
    case when version in (2, 3) then ends_at end as closed_at,
    case
        when version = 1 or version = 4 then 'open'
        when version = 3 and fate >= 0.96 then 'deleted'
        when version in (2, 3) and fate >= 0.98 then 'merged'
        when ends_at is not null then 'closed'
        when solved_at is not null then 'resolved'
        else 'pending'
    end as status,
    case when version = 3 and pick(n, 'repriced', 4) = 0 then 'high' else priority end as priority,
    'Category ' || pick(n, 'category', 20) as category,
    case when version = 1 or version = 4 then 0 else times_reopened + case when version = 3 and pick(n, 'again', 2) = 0 then 1 else 0 end end as reopen_count,
    case when version = 1 then 0 when version = 4 then times_reassigned // 2 else times_reassigned end as reassignment_count,
    case when version in (2, 3) or escalates_at <= changed_at then escalates_at end as escalated_at,
    case when version in (2, 3) or expert_at <= changed_at then expert_at end as expert_assigned_at,
    case when due_chance >= 0.8 and version in (2, 3) then pick(n, 'met', 4) > 0 end as is_sla_met,
    cast(null as double) as csat_score,
    cast(null as double) as csat_scale_min,
    cast(null as double) as csat_scale_max,
    cast(null as timestamp) as csat_offered_at,
    'Ticket ' || n as subject,
    changed_at as updated_at,
    changed_at as known_at,
    case when is_desk then 'desk' else 'helpdesk' end as _source
from stages;

create or replace temp table made_deliveries as
with drawn as (
    select
        cast(n as bigint) as n,
        'D' || lpad(cast(n as varchar), 8, '0') as delivery_id,
        1 + pick(n, 'delivery account', getvariable('accounts')) as account,
        between_start_and_end(n, 'ordered') as ordered_at,
        chance(n, 'delivery fate') as fate,
        10 + pick(n, 'promised days', 50) as promised_days
    from range(1, 1 + getvariable('tickets') // 10) as numbers(n)
),

lived as (
    select
        *,
        case when fate >= 0.06 then ordered_at + to_days(promised_days - 6) + wait(n, 'delivered', 12000) end as arrives_at,
        case when fate < 0.04 then ordered_at + wait(n, 'cancelled', 40000) end as stops_at,
        case
            when chance(n, 'result') < 0.85 then 'accepted' when chance(n, 'result') < 0.93 then 'conditional' else 'rejected'
        end as result,
        pick(n, 'rework', 10) // 8 as times_reworked
    from drawn
),

stages as (
    select *, 1 as version, ordered_at + interval 1 hour as changed_at from lived
    union all
    select *, 2 as version, arrives_at + interval 20 minute as changed_at from lived where arrives_at is not null
    union all
    select *, 3 as version, arrives_at + interval 1 day + wait(n, 'accepted', 6000) as changed_at
    from lived where arrives_at is not null and chance(n, 'judged') < 0.7
    union all
    select *, 4 as version, arrives_at + interval 12 day + wait(n, 'accepted', 6000) as changed_at
    from lived where arrives_at is not null and chance(n, 'judged') < 0.7 and result = 'rejected' and pick(n, 'second try', 3) > 0
    union all
    select *, 5 as version, stops_at + interval 5 minute as changed_at from lived where stops_at is not null
)

select
    delivery_id,
    'A' || lpad(cast(account as varchar), 6, '0') as account_id,
    case when chance(n, 'delivery contact') < 0.5 then 'C' || lpad(cast((account - 1) * 6 + 1 + pick(n, 'contact', 6) as varchar), 7, '0') end as contact_id,
    'Project ' || n % 1000 as project,
    (['milestone', 'order_line', 'deliverable'])[1 + pick(n, 'kind', 3)] as kind,
    ordered_at,
    case when version in (2, 3, 4) then arrives_at end as delivered_at,
    case when version = 3 and result <> 'rejected' or version = 4 then changed_at - interval 10 minute end as accepted_at,
    case when version = 3 then result when version = 4 then 'accepted' end as acceptance_result,
    case when version in (3, 4) then times_reworked else 0 end as rework_count,
    case when version = 5 then stops_at end as cancelled_at,
    case when version = 5 then (['client', 'us', null])[1 + pick(n, 'who stops', 3)] end as cancelled_by,
    changed_at as updated_at,
    changed_at as known_at,
    case when n % 5 = 0 then 'projects' else 'orders' end as _source
from stages;

create or replace temp table made_promises as
with drawn as (
    select
        cast(n as bigint) as n,
        'D' || lpad(cast(n as varchar), 8, '0') as delivery_id,
        between_start_and_end(n, 'ordered') as ordered_at,
        10 + pick(n, 'promised days', 50) as promised_days,
        case when chance(n, 'delivery fate') < 0.04 then ordered_at + wait(n, 'cancelled', 40000) end as stops_at
    from range(1, 1 + getvariable('tickets') // 10) as numbers(n)
),

promised as (
    select *, 1 as seq, 1 as version, ordered_at + interval 1 hour as said_at, said_at as changed_at, 0 as moved_days from drawn
    union all
    select *, 1 as seq, 2 as version, ordered_at + interval 1 hour as said_at, ordered_at + interval 2 day as changed_at, 3 as moved_days
    from drawn where pick(n, 'corrected', 40) = 0
    union all
    select *, 2 as seq, 1 as version, ordered_at + to_days(promised_days - 5) + wait(n, 'moved', 6000) as said_at, said_at as changed_at, 14 as moved_days
    from drawn where chance(n, 'moved') < 0.2
    union all
    select *, 3 as seq, 1 as version, ordered_at + to_days(promised_days + 20) + wait(n, 'moved again', 3000) as said_at, said_at as changed_at, 35 as moved_days
    from drawn where chance(n, 'moved') < 0.04
)

select
    delivery_id,
    seq as promise_seq,
    said_at as promised_at,
    case when n % 5 > 0 then cast(ordered_at as date) + promised_days + moved_days end as due_on,
    case when n % 5 = 0 then date_trunc('hour', ordered_at) + to_days(promised_days + moved_days) end as due_at,
    case when seq > 1 then (['client', 'us', null])[1 + pick(n * 10 + seq, 'asked', 3)] end as requested_by,
    'project_lead' as promised_by_role,
    case when version = 2 then (['correction', 'scope'])[1 + pick(n, 'reason', 2)] end as reason,
    changed_at as updated_at,
    changed_at as known_at,
    case when n % 5 = 0 then 'projects' else 'orders' end as _source
from promised
where stops_at is null or said_at < stops_at;

create or replace temp table made_interactions as
select
    'V' || n as interaction_id,
    'A' || lpad(cast(1 + pick(n, 'visited', getvariable('accounts')) as varchar), 6, '0') as account_id,
    cast(null as varchar) as contact_id,
    between_start_and_end(n, 'visit') as occurred_at,
    'visit' as kind,
    'account_manager' as by_role,
    occurred_at as updated_at,
    occurred_at as known_at,
    'crm' as _source
from range(1, 1 + getvariable('tickets') // 50) as numbers(n);

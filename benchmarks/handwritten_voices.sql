-- Second part of the script by hand: what the people said, counted by week, and what a test or a prior needs of it.
-- Levels are centred and halved to -1..1 where squares are summed: what a running sum loses then stays far below 1e-9.

create temp table measured_so as
select
    case when (select count(*) from questions where measure = 'importance') > 0 then error('stated weights are not covered') end as stated,
    case when (select count(*) from read_csv(getvariable('seeds') || '/chart_rebases.csv', header = true, auto_detect = true)) > 0
        then error('re-based charts are not covered') end as rebased,
    case when (
        select max(day_number(first_on)) > getvariable('first_week') * 7 + 10
        from (
            select min(valid_from_on) as first_on
            from read_csv(getvariable('seeds') || '/service_dimensions.csv', header = true, auto_detect = true)
            group by service_dimension
        )
    ) then error('service dimensions that begin later are not covered') end as begun;

set variable year_weeks = (select cast(value as integer) from settings where name = 'year_weeks');
set variable default_variance = (select value * value from settings where name = 'default_within_sd_score');
set variable false_discovery_rate = (select value from settings where name = 'false_discovery_rate');
set variable min_derived = (select cast(value as integer) from settings where name = 'min_derived_responses');
set variable min_respondents = (select cast(value as integer) from settings where name = 'min_respondents');
set variable felt_line = (select value from settings where name = 'felt_line_score');
set variable factual_line = (select value from settings where name = 'factual_line_score');
set variable ewma_lambda = (select value from settings where name = 'ewma_lambda');
set variable ewma_limit = (select value from settings where name = 'ewma_limit');
set variable ewma_weeks = (select cast(value as integer) from settings where name = 'ewma_baseline_weeks');

-- ------------------------------------------------------------------------------------------- satisfaction by week

-- A rating counts from the week it is known until its window has passed or a newer one of the same voice is known.
-- Where a newer one does not stay (its answers moved to another account), the voice is looked at week by week.
create temp table counting as
with measured as (
    -- 1 perception, 2 gap, 3 minimum
    select 1 as measure, *, perception_score as x, null as y, null as z from ratings where survey_kind = 'relationship' and perception_score is not null
    union all
    select 2, *, paired_perception_score, expectation_score, null from ratings where survey_kind = 'relationship' and paired_perception_score is not null
    union all
    select 3, *, bounded_perception_score, bounded_expectation_score, minimum_score from ratings where survey_kind = 'relationship' and minimum_score is not null
),

lasting as (
    select
        measure, place_key, dimension_id, voice_key, account_key, contact_key, submitted_at, response_id, submitted_day, rating_key,
        x, y, z, is_same_response,
        from_week as known_week,
        greatest(from_week, week_with(submitted_day)) as from_week,
        least(to_week, week_with(submitted_day + getvariable('window_days'))) as to_week,
        to_week as known_to_week
    from measured
),

unsteady as (
    select distinct measure, place_key
    from (
        select measure, place_key, rating_key
        from lasting
        group by measure, place_key, rating_key
        having sum(known_to_week - known_week) <> 1000000 - min(known_week)
    )
),

ended as (
    select
        measure, dimension_id, voice_key, account_key, contact_key, submitted_day, x, y, z, is_same_response, from_week,
        least(
            to_week,
            coalesce(min(known_week) over (
                partition by measure, place_key order by submitted_at, response_id, known_week
                rows between 1 following and unbounded following
            ), 1000000)
        ) as to_week
    from lasting
    anti join unsteady using (measure, place_key)
),

by_week as (
    select
        *, week_id as at_week,
        row_number() over (partition by measure, place_key, week_id order by submitted_at desc, response_id desc) as newest
    from (
        select lasting.*, unnest(range(from_week, to_week)) as week_id
        from lasting
        semi join unsteady using (measure, place_key)
        where from_week < to_week
    )
)

select * from ended where from_week < to_week
union all
select
    measure, dimension_id, voice_key, account_key, contact_key, submitted_day, x, y, z, is_same_response,
    cast(at_week as integer), cast(at_week + 1 as integer)
from by_week
where newest = 1;

-- Each rating's weeks by what its contact is then: not on the client's list (counted beside it), valid there, departed.
create temp table segments as
with first_known as (
    select contact_key, min(from_week) as first_week from contacts_known group by contact_key
)

select c.* exclude (to_week), least(c.to_week, coalesce(f.first_week, c.to_week)) as to_week, 1.0 as weight, false as is_listed
from counting as c
left join first_known as f on c.contact_key = f.contact_key
where c.from_week < coalesce(f.first_week, c.to_week)
union all
select
    c.* exclude (from_week, to_week),
    greatest(c.from_week, k.from_week, k.valid_from_week),
    least(c.to_week, k.to_week, k.valid_to_week),
    k.weight,
    true
from counting as c
inner join contacts_known as k on c.contact_key = k.contact_key and c.account_key = k.account_key
where greatest(c.from_week, k.from_week, k.valid_from_week) < least(c.to_week, k.to_week, k.valid_to_week);

create temp table felt_changes as
with changes as (
    select
        account_key, dimension_id, from_week, to_week,
        case when measure = 1 then weight * x end as p,
        case when measure = 2 then weight * x end as pp,
        case when measure = 2 then weight * y end as e,
        case when measure = 3 then weight * x end as bp,
        case when measure = 3 then weight * y end as be,
        case when measure = 3 then weight * z end as a,
        case when measure = 3 and round(y, 9) > round(z, 9) then weight * (x - z) end as above,
        case when measure = 3 and round(y, 9) > round(z, 9) then weight * (y - z) end as wide,
        case when measure = 1 then weight end as wp,
        case when measure = 2 then weight end as wg,
        case when measure = 3 then weight end as wa,
        case when measure = 1 then weight * weight end as wwp,
        case when measure = 2 then weight * weight end as wwg,
        case when measure = 3 then weight * weight end as wwa,
        case when measure = 1 then (x - 50.0) / 50.0 end as up,
        case when measure = 2 then (x - y) / 50.0 end as ug,
        case when measure = 3 then (x - z) / 50.0 end as ua,
        case when measure = 1 then 1 end as np,
        case when measure = 2 then 1 end as ng,
        case when measure = 3 then 1 end as na,
        case when measure = 2 and is_same_response then 1 end as ns,
        case when measure = 3 and round(y, 9) <= round(z, 9) then 1 end as ni,
        case when measure = 1 and not is_listed then 1 end as nu,
        case when measure = 1 then -1 end as nd
    from segments
    union all by name
    -- Departed are those who would count less those who do.
    select account_key, dimension_id, from_week, to_week, 1 as nd
    from counting
    where measure = 1
),

signed as (
    select *, from_week as week_id, 1 as way from changes
    union all
    select *, to_week, -1 from changes
)

select
    account_key, dimension_id, week_id,
    sum(way * p) as p, sum(way * pp) as pp, sum(way * e) as e, sum(way * bp) as bp, sum(way * be) as be, sum(way * a) as a,
    sum(way * above) as above, sum(way * wide) as wide,
    sum(way * wp) as wp, sum(way * wg) as wg, sum(way * wa) as wa, sum(way * wwp) as wwp, sum(way * wwg) as wwg, sum(way * wwa) as wwa,
    sum(way * up) as up, sum(way * ug) as ug, sum(way * ua) as ua,
    sum(way * up * up) as qp, sum(way * ug * ug) as qg, sum(way * ua * ua) as qa,
    sum(way * np) as np, sum(way * ng) as ng, sum(way * na) as na, sum(way * ns) as ns, sum(way * ni) as ni, sum(way * nu) as nu, sum(way * nd) as nd
from signed
where week_id <= getvariable('running')
group by account_key, dimension_id, week_id;

-- Sum of squares about the mean, in points; what is left of nothing is nothing.
create temp macro squares(n, u, q) as case when n > 0 then case when q - u * u / n > 1e-12 then 2500.0 * (q - u * u / n) else 0.0 end end;

create temp table felt as
with summed as (
    select
        account_key, dimension_id, week_id as from_week,
        lead(week_id, 1, getvariable('running') + 1) over in_order as to_week,
        sum(columns(* exclude (account_key, dimension_id, week_id))) over in_order
    from felt_changes
    window in_order as (partition by account_key, dimension_id order by week_id)
),

weekly as (
    select *, cast(unnest(range(from_week, to_week)) as integer) as week_id from summed where np > 0 or nd > 0
)

select
    account_key, dimension_id, week_id,
    case when np > 0 then p / wp end as perception_score,
    case when ng > 0 then pp / wg end as paired_perception_score,
    case when ng > 0 then e / wg end as expectation_score,
    case when ng > 0 then pp / wg - e / wg end as satisfaction_gap,
    case when na > 0 then a / wa end as minimum_score,
    case when na > 0 then (bp - a) / wa end as adequacy_gap,
    case when na > 0 then (bp - be) / wa end as superiority_gap,
    case when na > coalesce(ni, 0) then above / wide end as zone_position,
    cast(np as integer) as n_contacts,
    cast(coalesce(ng, 0) as integer) as n_paired,
    cast(coalesce(na, 0) as integer) as n_minimum,
    cast(coalesce(ns, 0) as integer) as n_same_response,
    cast(coalesce(ni, 0) as integer) as n_inverted,
    cast(coalesce(nu, 0) as integer) as n_unlisted,
    cast(nd as integer) as n_departed,
    case when np > 0 then wp * wp / wwp end as n_eff_perception,
    case when ng > 0 then wg * wg / wwg end as n_eff_gap,
    case when na > 0 then wa * wa / wwa end as n_eff_adequacy,
    50.0 + 50.0 * up / np as perception_mean,
    50.0 * ug / case when ng > 0 then ng end as gap_mean,
    squares(np, up, qp) as perception_squares,
    squares(ng, ug, qg) as gap_squares,
    squares(na, ua, qa) as adequacy_squares
from weekly
semi join account_weeks using (account_key, week_id);

create temp table last_answered as
select account_key, dimension_id, week_id, max(submitted_day) as last_answered_day
from (
    select account_key, dimension_id, submitted_day, cast(unnest(range(from_week, to_week)) as integer) as week_id
    from segments
    where measure = 1
)
group by account_key, dimension_id, week_id;

create temp table eligible as
with spans as (
    select
        account_key,
        greatest(from_week, valid_from_week, getvariable('first_week')) as from_week,
        least(to_week, valid_to_week, getvariable('running') + 1) as to_week
    from contacts_known
),

changes as (
    select account_key, from_week as week_id, 1 as d from spans where from_week < to_week
    union all
    select account_key, to_week, -1 from spans where from_week < to_week
),

summed as (
    select
        account_key, week_id as from_week,
        lead(week_id, 1, getvariable('running') + 1) over in_order as to_week,
        sum(d) over in_order as n
    from (select account_key, week_id, sum(d) as d from changes group by account_key, week_id)
    window in_order as (partition by account_key order by week_id)
)

select account_key, cast(unnest(range(from_week, to_week)) as integer) as week_id, cast(n as integer) as n_contacts
from summed
where n > 0;

-- Who answered then and now, one window (13) and one year (52) apart: the same person's two spans, the older one moved.
create temp table stays as
with pairs as (
    select
        lag, s.measure, s.account_key, s.voice_key, s.dimension_id, (s.weight + b.weight) / 2.0 as weight,
        s.x - b.x as dx, s.y - b.y as dy,
        greatest(s.from_week, b.from_week + lag) as from_week,
        least(s.to_week, b.to_week + lag, getvariable('running') + 1) as to_week
    from segments as s
    inner join segments as b on s.measure = b.measure and s.voice_key = b.voice_key and s.dimension_id = b.dimension_id
    inner join (values (getvariable('window_weeks')), (getvariable('year_weeks'))) as lags(lag)
        on s.from_week < b.to_week + lag and b.from_week + lag < s.to_week
    where s.measure < 3
)

select * from pairs where from_week < to_week and (measure = 2 or lag = getvariable('window_weeks'));

create temp table stayed as
with changes as (
    select
        lag, measure, account_key, dimension_id, from_week as week_id, 1 as n, weight as w, weight * dx as dp, weight * dy as de,
        case when measure = 1 then dx else dx - dy end / 50.0 as u, u * u as q
    from stays
    union all
    select
        lag, measure, account_key, dimension_id, to_week, -1, -weight, -weight * dx, -weight * dy,
        -case when measure = 1 then dx else dx - dy end / 50.0 as u, -u * u
    from stays
),

summed as (
    select
        lag, measure, account_key, dimension_id, week_id as from_week, lead(week_id, 1, getvariable('running') + 1) over in_order as to_week,
        sum(n) over in_order as n, sum(w) over in_order as w, sum(dp) over in_order as dp, sum(de) over in_order as de,
        sum(u) over in_order as u, sum(q) over in_order as q
    from (
        select lag, measure, account_key, dimension_id, week_id, sum(n) as n, sum(w) as w, sum(dp) as dp, sum(de) as de, sum(u) as u, sum(q) as q
        from changes
        group by lag, measure, account_key, dimension_id, week_id
    )
    window in_order as (partition by lag, measure, account_key, dimension_id order by week_id)
)

select
    lag, measure, account_key, dimension_id, cast(unnest(range(from_week, to_week)) as integer) as week_id, cast(n as integer) as n,
    dp / w as perception_part, -de / w as expectation_part, 50.0 * u / n as mean_change, squares(n, u, q) / nullif(n - 1, 0) as variance
from summed
where n > 0 and from_week <= getvariable('running');

-- People behind an account, whatever they spoke of: overlapping spans of one voice are one. 1 to 3 by measure, 4 beside
-- the client's list, 13 and 52 those who gave a gap then and now.
create temp table heads as
with spans as (
    select distinct measure as kind, voice_key, account_key, from_week, to_week from segments
    union all
    select distinct 4, voice_key, account_key, from_week, to_week from segments where measure = 1 and not is_listed
    union all
    select distinct lag, voice_key, account_key, from_week, to_week from stays where measure = 2
),

ordered as (
    select
        *, max(to_week) over (partition by kind, voice_key order by from_week, to_week rows between unbounded preceding and 1 preceding) as before
    from spans
),

-- What an earlier span covers already adds nothing.
added as (
    select kind, account_key, greatest(from_week, coalesce(before, from_week)) as from_week, to_week from ordered
),

changes as (
    select kind, account_key, from_week as week_id, 1 as d from added where from_week < to_week
    union all
    select kind, account_key, to_week, -1 from added where from_week < to_week
),

summed as (
    select
        kind, account_key, week_id as from_week, lead(week_id, 1, getvariable('running') + 1) over in_order as to_week, sum(d) over in_order as n
    from (select kind, account_key, week_id, sum(d) as d from changes where week_id <= getvariable('running') group by kind, account_key, week_id)
    window in_order as (partition by kind, account_key order by week_id)
)

select kind, account_key, cast(unnest(range(from_week, to_week)) as integer) as week_id, cast(n as integer) as n
from summed
where n > 0;

-- ------------------------------------------------------------------------------------------ what everybody together says

create temp table priors as
with values_ as (
    select 1 as measure, dimension_id, week_id, perception_score as x, n_contacts as n, n_eff_perception as n_eff, perception_squares as q
    from felt where n_contacts > 0
    union all
    select 2, dimension_id, week_id, satisfaction_gap, n_paired, n_eff_gap, gap_squares from felt where n_paired > 0
    union all
    select 3, dimension_id, week_id, adequacy_gap, n_minimum, n_eff_adequacy, adequacy_squares from felt where n_minimum > 0
),

within_accounts as (
    select measure, dimension_id, week_id, avg(x) as centre, sum(q) / nullif(sum(n - 1), 0) as pooled
    from values_
    group by measure, dimension_id, week_id
),

spread as (
    select
        measure, dimension_id, week_id, centre,
        coalesce(round(pooled, 9), 0) = 0 as is_default,
        case when coalesce(round(pooled, 9), 0) = 0 then getvariable('default_variance') else pooled end as within_variance
    from within_accounts
),

placed as (
    select measure, dimension_id, week_id, x - centre as d, n_eff / within_variance as w, centre, is_default, within_variance
    from values_
    inner join spread using (measure, dimension_id, week_id)
),

-- DerSimonian and Laird: Q over its expectation, per unit of what the weights leave.
moments as (
    select
        measure, dimension_id, week_id, any_value(centre) as centre, any_value(is_default) as is_default, any_value(within_variance) as within_variance,
        count(*) as k,
        case
            when count(*) > 1
                then greatest(0.0, (sum(w * d * d) - sum(w * d) * sum(w * d) / sum(w) - (count(*) - 1)) / (sum(w) - sum(w * w) / sum(w)))
            else 0.0
        end as between_variance
    from placed
    group by measure, dimension_id, week_id
)

select
    m.measure, m.dimension_id, m.week_id, m.is_default, m.within_variance, m.between_variance, m.k,
    m.centre + t.shift as prior_mean, t.precision_
from moments as m
inner join (
    select
        p.measure, p.dimension_id, p.week_id, sum(1.0 / (1.0 / w + between_variance)) as precision_,
        sum(d / (1.0 / w + between_variance)) / sum(1.0 / (1.0 / w + between_variance)) as shift
    from placed as p
    inner join moments as b using (measure, dimension_id, week_id)
    group by p.measure, p.dimension_id, p.week_id
) as t using (measure, dimension_id, week_id);

-- ---------------------------------------------------------------------------------------- for the steps that need Python

create temp table to_test as
select
    f.account_key, f.dimension_id, f.week_id,
    f.n_contacts as n1_p, b.n_contacts as n0_p, f.perception_mean as m1_p, b.perception_mean as m0_p, f.perception_squares as q1_p, b.perception_squares as q0_p,
    coalesce(p.n, 0) as k_p, p.mean_change as d_p, p.variance as v_p,
    f.n_paired as n1_g, b.n_paired as n0_g, f.gap_mean as m1_g, b.gap_mean as m0_g, f.gap_squares as q1_g, b.gap_squares as q0_g,
    coalesce(g.n, 0) as k_g, g.mean_change as d_g, g.variance as v_g
from felt as f
inner join felt as b
    on f.account_key = b.account_key and f.dimension_id = b.dimension_id and f.week_id = b.week_id + getvariable('window_weeks')
left join (from stayed where measure = 1) as p
    on p.account_key = f.account_key and p.dimension_id = f.dimension_id and p.week_id = f.week_id
left join (from stayed where measure = 2 and lag = getvariable('window_weeks')) as g
    on g.account_key = f.account_key and g.dimension_id = f.dimension_id and g.week_id = f.week_id
where f.n_contacts > 1 and b.n_contacts > 1;

-- Responses that rate every service dimension and say how satisfied they are altogether, in the weeks in which both are known.
create temp table to_explain as
with overall as (
    select
        response_key, hash(account_id) as account_key, score, question_id, week_of(known_at) as from_week, coalesce(week_of(known_to), 1000000) as to_week
    from answers_known
    where measure = 'overall' and survey_kind = 'relationship' and not is_anonymous and score is not null
),

parts as (
    select r.response_key, r.account_key, r.dimension_id, r.perception_score as score, r.submitted_day, r.from_week, r.to_week
    from ratings as r
    semi join overall as o on r.response_key = o.response_key and r.account_key = o.account_key
    where r.perception_score is not null and r.survey_kind = 'relationship'
    union all
    select
        response_key, account_key, cast(0 as tinyint), arg_min(score, question_id), null, from_week, to_week
    from overall
    where from_week < to_week
    group by response_key, account_key, from_week, to_week
),

turns as (
    select response_key, account_key, from_week as week_id from parts
    union
    select response_key, account_key, to_week from parts where to_week < 1000000
),

spans as (
    select *, lead(week_id, 1, 1000000) over (partition by response_key, account_key order by week_id) as next_week from turns
),

complete as (
    select
        s.week_id as from_week, s.next_week as to_week, max(submitted_day) as submitted_day,
        list((score - 50.0) / 50.0 order by dimension_id) as scores
    from spans as s
    inner join parts as p
        on s.response_key = p.response_key and s.account_key = p.account_key and p.from_week <= s.week_id and p.to_week > s.week_id
    group by s.response_key, s.account_key, s.week_id, s.next_week
    having count(*) = 1 + (select count(*) from dimensions)
)

select
    greatest(from_week, week_with(submitted_day)) as from_week,
    least(to_week, week_with(submitted_day + 4 * getvariable('window_days')), getvariable('running') + 1) as to_week,
    scores
from complete;

-- Each response once, in the week it was given.
create temp table rated_in_week as
select
    (submitted_day - 4) // 7 as week_id, dimension_id, cast(count(*) as integer) as n_rated, avg(perception_score) as rated_score,
    squares(count(*), sum((perception_score - 50.0) / 50.0), sum(((perception_score - 50.0) / 50.0) ** 2)) as rated_squares
from ratings
where
    survey_kind = 'relationship' and perception_score is not null
    and (submitted_day - 4) // 7 >= from_week and (submitted_day - 4) // 7 < to_week
group by (submitted_day - 4) // 7, dimension_id;

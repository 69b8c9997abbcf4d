-- Third part of the script by hand: the marts of what clients feel, from the sums by week and the steps in Python.

create temp table weights as
with valid as (
    select w.week_id, d.dimension_id, s.points, row_number() over (partition by w.week_id, d.dimension_id order by s.valid_from_on desc) as newest
    from marts.dim_weeks as w
    inner join read_csv(getvariable('seeds') || '/service_dimensions.csv', header = true, auto_detect = true) as s
        on day_number(s.valid_from_on) <= w.week_id * 7 + 10
    inner join dimensions as d using (service_dimension)
)

select
    week_id, v.dimension_id, cast(v.points as double) / sum(v.points) over (partition by week_id) as weight,
    count(*) over (partition by week_id) as n_weighted, d.weight as derived_weight, d.n_responses
from (from valid where newest = 1) as v
left join derived as d using (week_id, dimension_id);

create table marts.fct_dimension_weights_weekly as
with together as (
    select week_id, 'default' as basis, dimension_id, weight, cast(null as integer) as n_responses, cast(null as varchar) as null_reason from weights
    union all
    select week_id, 'stated', dimension_id, null, 0, 'too_few_responses' from weights
    union all
    select
        week_id, 'derived', dimension_id, derived_weight, n_responses,
        case when n_responses < getvariable('min_derived') then 'too_few_responses' when derived_weight is null then 'no_variance' end
    from weights
)

select
    week_id, day_date(week_id * 7 + 4) as week_start_on, week_id = getvariable('running') as is_provisional, basis, d.service_dimension, t.weight,
    n_responses, null_reason
from together as t
inner join dimensions as d using (dimension_id);

create table marts.priors_numbered as
select measure, d.service_dimension, week_id, prior_mean, between_variance, within_variance, is_default, k
from priors
inner join dimensions as d using (dimension_id);

create view marts.fct_priors_weekly as
select
    p.week_id, w.week_start_on, w.is_provisional, service_dimension, (['perception', 'gap', 'adequacy'])[measure] as measure, prior_mean,
    between_variance, within_variance, is_default as is_default_variance, cast(k as integer) as n_accounts,
    round(between_variance, 9) = 0 as are_accounts_alike
from marts.priors_numbered as p
inner join marts.dim_weeks as w using (week_id);

-- What an account's voices and everybody's together make one believe, for those heard; overall is dimension 0.
create temp macro own_share(between_, within_, n_eff) as between_ / (between_ + within_ / n_eff);
create temp macro uncertainty(between_, within_, n_eff, precision_) as
    sqrt(own_share(between_, within_, n_eff) * within_ / n_eff + (1.0 - own_share(between_, within_, n_eff)) ** 2 / precision_);

create temp table believed as
with wide as (
    select
        dimension_id, week_id,
        any_value(prior_mean) filter (measure = 1) as mu_p, any_value(between_variance) filter (measure = 1) as b_p,
        any_value(within_variance) filter (measure = 1) as s_p, any_value(precision_) filter (measure = 1) as w_p,
        any_value(prior_mean) filter (measure = 2) as mu_g, any_value(between_variance) filter (measure = 2) as b_g,
        any_value(within_variance) filter (measure = 2) as s_g, any_value(precision_) filter (measure = 2) as w_g,
        any_value(prior_mean) filter (measure = 3) as mu_a, any_value(between_variance) filter (measure = 3) as b_a,
        any_value(within_variance) filter (measure = 3) as s_a, any_value(precision_) filter (measure = 3) as w_a
    from priors
    group by dimension_id, week_id
),

shrunk as (
    select
        account_key, dimension_id, week_id, perception_score, paired_perception_score, expectation_score, minimum_score, satisfaction_gap,
        adequacy_gap, superiority_gap, zone_position, n_contacts, n_paired, n_minimum, n_inverted, n_same_response, n_unlisted, n_departed,
        n_eff_perception, n_eff_gap,
        mu_p + own_share(b_p, s_p, n_eff_perception) * (perception_score - mu_p) as perception_shrunk,
        uncertainty(b_p, s_p, n_eff_perception, w_p) as perception_sd,
        sqrt(s_p / n_eff_perception) as perception_error,
        mu_g + own_share(b_g, s_g, n_eff_gap) * (satisfaction_gap - mu_g) as gap_shrunk,
        uncertainty(b_g, s_g, n_eff_gap, w_g) as gap_sd,
        sqrt(s_g / n_eff_gap) as gap_error,
        mu_a + own_share(b_a, s_a, n_eff_adequacy) * (adequacy_gap - mu_a) as adequacy_shrunk,
        uncertainty(b_a, s_a, n_eff_adequacy, w_a) as adequacy_sd
    from felt
    left join wide using (dimension_id, week_id)
)

select *, cast(null as double) as gap_by_derived_weights from shrunk
union all by name
-- Uncertainties are added as if they went together: the same people answer all of them.
select
    s.account_key, cast(0 as tinyint) as dimension_id, s.week_id, s.* exclude (account_key, week_id, n_dimensions, n_departed, n_weighted),
    coalesce(h.n_contacts, 0) as n_contacts, coalesce(h.n_paired, 0) as n_paired, coalesce(h.n_minimum, 0) as n_minimum,
    coalesce(h.n_unlisted, 0) as n_unlisted, n_departed
from (
    select
        account_key, week_id, count(*) as n_dimensions, any_value(n_weighted) as n_weighted, max(n_departed) as n_departed,
        case when count(perception_score) = any_value(n_weighted) then sum(weight * perception_score) end as perception_score,
        case when count(paired_perception_score) = any_value(n_weighted) then sum(weight * paired_perception_score) end as paired_perception_score,
        case when count(expectation_score) = any_value(n_weighted) then sum(weight * expectation_score) end as expectation_score,
        case when count(minimum_score) = any_value(n_weighted) then sum(weight * minimum_score) end as minimum_score,
        case when count(satisfaction_gap) = any_value(n_weighted) then sum(weight * satisfaction_gap) end as satisfaction_gap,
        case when count(adequacy_gap) = any_value(n_weighted) then sum(weight * adequacy_gap) end as adequacy_gap,
        case when count(superiority_gap) = any_value(n_weighted) then sum(weight * superiority_gap) end as superiority_gap,
        case when count(perception_shrunk) = any_value(n_weighted) then sum(weight * perception_shrunk) end as perception_shrunk,
        case when count(perception_sd) = any_value(n_weighted) then sum(weight * perception_sd) end as perception_sd,
        case when count(perception_error) = any_value(n_weighted) then sum(weight * perception_error) end as perception_error,
        case when count(gap_shrunk) = any_value(n_weighted) then sum(weight * gap_shrunk) end as gap_shrunk,
        case when count(gap_sd) = any_value(n_weighted) then sum(weight * gap_sd) end as gap_sd,
        case when count(gap_error) = any_value(n_weighted) then sum(weight * gap_error) end as gap_error,
        case when count(adequacy_shrunk) = any_value(n_weighted) then sum(weight * adequacy_shrunk) end as adequacy_shrunk,
        case when count(adequacy_sd) = any_value(n_weighted) then sum(weight * adequacy_sd) end as adequacy_sd,
        case when count(satisfaction_gap + derived_weight) = any_value(n_weighted) then sum(derived_weight * satisfaction_gap) end as gap_by_derived_weights
    from shrunk
    inner join weights using (dimension_id, week_id)
    group by account_key, week_id
) as s
left join (
    select
        account_key, week_id, any_value(n) filter (kind = 1) as n_contacts, any_value(n) filter (kind = 2) as n_paired,
        any_value(n) filter (kind = 3) as n_minimum, any_value(n) filter (kind = 4) as n_unlisted
    from heads
    group by account_key, week_id
) as h using (account_key, week_id);

create table marts.fct_satisfaction_weekly as
with all_dimensions as (
    select service_dimension, dimension_id from dimensions
    union all
    select 'overall', 0
),

-- The newest answer of any dimension is the overall one's.
newest as (
    select account_key, dimension_id, week_id, last_answered_day from last_answered
    union all
    select account_key, cast(0 as tinyint), week_id, max(last_answered_day) from last_answered group by account_key, week_id
),

placed as (
    select
        a.account_id, d.service_dimension, d.dimension_id, a.week_id, d.dimension_id = 0 as is_overall,
        b.* exclude (account_key, dimension_id, week_id, n_contacts, n_paired, n_minimum, n_departed),
        coalesce(b.n_contacts, 0) as n_contacts, coalesce(b.n_paired, 0) as n_paired, coalesce(b.n_minimum, 0) as n_minimum,
        coalesce(b.n_departed, 0) as n_departed,
        cast(coalesce(e.n_contacts, 0) + coalesce(b.n_unlisted, 0) as integer) as n_eligible,
        n.* exclude (account_key, dimension_id, week_id),
        l.last_answered_day
    from account_weeks as a
    cross join all_dimensions as d
    left join eligible as e on a.account_key = e.account_key and a.week_id = e.week_id
    left join believed as b on a.account_key = b.account_key and d.dimension_id = b.dimension_id and a.week_id = b.week_id
    left join news as n on a.account_key = n.account_key and d.dimension_id = n.dimension_id and a.week_id = n.week_id
    left join newest as l on a.account_key = l.account_key and d.dimension_id = l.dimension_id and a.week_id = l.week_id
),

covered as (
    select
        *,
        case when n_eligible > 0 then n_contacts / cast(n_eligible as double) end as c,
        case when n_eligible > 0 then n_paired / cast(n_eligible as double) end as cg,
        case when n_eligible <= 1 then 1.0 when n_contacts >= n_eligible then 0.0 else sqrt((n_eligible - n_contacts) / (n_eligible - 1.0)) end as f,
        case when n_eligible <= 1 then 1.0 when n_paired >= n_eligible then 0.0 else sqrt((n_eligible - n_paired) / (n_eligible - 1.0)) end as fg
    from placed
),

certain as (
    select
        *,
        perception_error * f as se_p, gap_error * fg as se_g,
        c * perception_score as low_p, c * perception_score + (1.0 - c) * 100.0 as high_p,
        cg * satisfaction_gap - (1.0 - cg) * 100.0 as low_g, cg * satisfaction_gap + (1.0 - cg) * 100.0 as high_g
    from covered
    where not is_overall
),

-- Each dimension has its own silent people: the overall figures are sums of theirs.
overall as (
    select
        account_id, week_id,
        case when count(se_p) = any_value(n_weighted) then sum(weight * se_p) end as se_p,
        case when count(se_g) = any_value(n_weighted) then sum(weight * se_g) end as se_g,
        case when count(low_p) = any_value(n_weighted) then sum(weight * low_p) end as low_p,
        case when count(high_p) = any_value(n_weighted) then sum(weight * high_p) end as high_p,
        case when count(low_g) = any_value(n_weighted) then sum(weight * low_g) end as low_g,
        case when count(high_g) = any_value(n_weighted) then sum(weight * high_g) end as high_g
    from certain
    inner join weights using (dimension_id, week_id)
    group by account_id, week_id
),

known as (
    select * from certain
    union all by name
    select v.*, o.* exclude (account_id, week_id)
    from covered as v
    inner join overall as o using (account_id, week_id)
    where v.is_overall
)

select
    account_id, service_dimension, week_id, day_date(week_id * 7 + 4) as week_start_on, week_id = getvariable('running') as is_provisional,
    perception_score, perception_shrunk as perception_shrunk_score, perception_shrunk - 1.959963984540054 * perception_sd as perception_low_score,
    perception_shrunk + 1.959963984540054 * perception_sd as perception_high_score, se_p as perception_standard_error,
    paired_perception_score, expectation_score, minimum_score, satisfaction_gap, gap_shrunk, gap_shrunk - 1.959963984540054 * gap_sd as gap_low,
    gap_shrunk + 1.959963984540054 * gap_sd as gap_high, se_g as gap_standard_error, adequacy_gap, adequacy_shrunk,
    adequacy_shrunk - 1.959963984540054 * adequacy_sd as adequacy_low, adequacy_shrunk + 1.959963984540054 * adequacy_sd as adequacy_high,
    superiority_gap, zone_position, n_contacts, n_paired, n_minimum,
    case when not is_overall then coalesce(n_inverted, 0) end as n_inverted,
    case when not is_overall then coalesce(n_same_response, 0) end as n_same_response,
    n_eligible, n_departed, c as coverage_share, n_eff_perception, n_eff_gap,
    case
        when is_overall or n_paired = 0 then null when n_same_response = n_paired then 'same_response' when n_same_response = 0 then 'same_contact'
        else 'mixed'
    end as pairing_basis,
    low_p as perception_silent_low_score, high_p as perception_silent_high_score, low_g as gap_silent_low, high_g as gap_silent_high,
    perception_change, perception_change_low, perception_change_high, perception_p_value, perception_q_value,
    case when not is_overall then coalesce(perception_trend, 'too_few_answers') end as perception_trend,
    gap_change, gap_change_low, gap_change_high, gap_p_value, gap_q_value,
    case when not is_overall then coalesce(gap_trend, 'too_few_answers') end as gap_trend,
    cast(null as double) as gap_by_stated_weights, gap_by_derived_weights,
    day_date(last_answered_day) as last_answered_on,
    case
        when satisfaction_gap is not null then null
        when is_overall and n_paired > 0 then 'missing_service_dimension'
        when n_contacts > 0 then 'no_expectation'
        when n_departed > 0 then 'all_departed'
        when n_eligible = 0 then 'no_contacts'
        else 'no_answers'
    end as null_reason
from known;

create table marts.lines as select getvariable('felt_line') as felt_line, getvariable('factual_line') as factual_line;

create view marts.fct_felt_and_factual_weekly as
select
    account_id, service_dimension, week_id, f.week_start_on, f.is_provisional, perception_shrunk_score, n_contacts, promise_gap, n_promises,
    round(perception_shrunk_score, 9) >= felt_line as is_felt_good,
    round(promise_gap, 9) >= factual_line as is_factual_good,
    case
        when coalesce(is_felt_good, is_factual_good) is null then 'unknown'
        when is_felt_good is null then 'felt_unknown' when is_factual_good is null then 'factual_unknown'
        when not is_felt_good and not is_factual_good then 'both_bad'
        when not is_felt_good then 'felt_bad' when not is_factual_good then 'factual_bad' else 'both_good'
    end as situation
from marts.fct_satisfaction_weekly as f
inner join marts.fct_promise_gap_weekly as p using (account_id, service_dimension, week_id)
cross join marts.lines;

-- ------------------------------------------------------------------------------------------------- why an account moved

create temp table gaps as
select hash(account_id) as account_key, coalesce(dimension_id, 0) as dimension_id, week_id, satisfaction_gap, n_paired, coverage_share
from marts.fct_satisfaction_weekly
left join dimensions using (service_dimension);

create temp table changed as
select
    g.*, lags.lag, b.account_key is not null as was_active, b.satisfaction_gap as gap_before, g.satisfaction_gap - b.satisfaction_gap as change,
    b.n_paired as n_paired_before, b.coverage_share as coverage_share_before,
    coalesce(s.perception_part, 0.0) as perception_part, coalesce(s.expectation_part, 0.0) as expectation_part,
    coalesce(s.n, h.n, 0) as n_stayers
from gaps as g
cross join (values (getvariable('window_weeks')), (getvariable('year_weeks'))) as lags(lag)
left join gaps as b on g.account_key = b.account_key and g.dimension_id = b.dimension_id and g.week_id = b.week_id + lags.lag
left join stayed as s
    on g.account_key = s.account_key and g.dimension_id = s.dimension_id and g.week_id = s.week_id and lags.lag = s.lag and s.measure = 2
left join heads as h on g.account_key = h.account_key and g.week_id = h.week_id and lags.lag = h.kind and g.dimension_id = 0;

create temp table weight_changes as
select
    n.week_id, lag, n.dimension_id, (n.weight + coalesce(b.weight, 0.0)) / 2.0 as wbar, n.weight - coalesce(b.weight, 0.0) as dw
from weights as n
cross join (values (getvariable('window_weeks')), (getvariable('year_weeks'))) as lags(lag)
left join weights as b on n.week_id = b.week_id + lag and n.dimension_id = b.dimension_id;

create table marts.fct_satisfaction_change as
with overall as (
    select
        c.account_key, c.week_id, c.lag, sum(wbar * perception_part) as perception_part, sum(wbar * expectation_part) as expectation_part,
        sum(dw * (coalesce(gap_before, satisfaction_gap) + coalesce(satisfaction_gap, gap_before)) / 2.0) as weights_part,
        sum(wbar * (coalesce(change, 0.0) - perception_part - expectation_part)) as mix_part
    from changed as c
    inner join weight_changes as w using (week_id, lag, dimension_id)
    group by c.account_key, c.week_id, c.lag
)

select
    a.account_id, coalesce(d.service_dimension, 'overall') as service_dimension, c.week_id, day_date(c.week_id * 7 + 4) as week_start_on,
    c.week_id = getvariable('running') as is_provisional, c.lag as weeks_before, gap_before as satisfaction_gap_before, satisfaction_gap,
    change as satisfaction_gap_change,
    case when change is not null then coalesce(o.perception_part, c.perception_part) end as perception_part,
    case when change is not null then coalesce(o.expectation_part, c.expectation_part) end as expectation_part,
    case when change is not null then o.weights_part end as weights_part,
    case when change is not null then coalesce(o.mix_part, change - c.perception_part - c.expectation_part) end as respondent_mix_part,
    case when c.week_id - c.lag >= getvariable('first_week') then n_stayers end as n_stayers,
    n_paired_before, n_paired, coverage_share_before, coverage_share,
    case
        when change is not null then null
        when c.week_id - c.lag < getvariable('first_week') then 'before_history'
        when not was_active then 'not_active_before'
        when gap_before is not null then 'unknown_now'
        when satisfaction_gap is not null then 'unknown_before'
        else 'unknown_both'
    end as null_reason
from changed as c
inner join (select distinct account_key, account_id from account_weeks) as a using (account_key)
left join dimensions as d using (dimension_id)
left join overall as o on c.dimension_id = 0 and c.account_key = o.account_key and c.week_id = o.week_id and c.lag = o.lag;

-- ------------------------------------------------------------------------------------------------------- the portfolio

-- The parts of the portfolio an account is in, and the same part a window and a year before, where it was in it then.
create temp table parts as
with placed as (
    select
        a.* exclude (parent_account_id), 'all' as everybody,
        coalesce(a.parent_account_id, p.parent_account_id) as parent
    from account_weeks as a
    left join (select distinct week_id, parent_account_id from account_weeks where parent_account_id is not null) as p
        on a.week_id = p.week_id and a.account_id = p.parent_account_id
)

select
    n.*,
    lag,
    b.everybody as everybody_b, case when n.tier = b.tier then n.tier end as tier_b, case when n.region = b.region then n.region end as region_b,
    case when n.industry = b.industry then n.industry end as industry_b,
    case when n.account_manager = b.account_manager then n.account_manager end as account_manager_b,
    case when n.parent = b.parent then n.parent end as parent_b
from placed as n
cross join (values (getvariable('window_weeks')), (getvariable('year_weeks'))) as lags(lag)
left join placed as b on n.account_key = b.account_key and n.week_id = b.week_id + lag;

create temp table portfolio as
with facts as (
    select
        a.*, d.dimension_id, perception_score, paired_perception_score, expectation_score, minimum_score, satisfaction_gap, k.promise_gap,
        coalesce(b.n_contacts, 0) as n_contacts, coalesce(e.n_contacts, 0) + coalesce(b.n_unlisted, 0) as n_eligible,
        adequacy_gap, round(adequacy_gap, 9) < 0 as is_below
    from parts as a
    cross join dimensions as d
    left join believed as b on a.account_key = b.account_key and d.dimension_id = b.dimension_id and a.week_id = b.week_id
    left join kept_words as k on a.account_key = k.account_key and d.dimension_id = k.dimension_id and a.week_id = k.week_id
    left join eligible as e on a.account_key = e.account_key and a.week_id = e.week_id
    where a.lag = getvariable('window_weeks')
),

by_dimension as (
    select
        case
            when grouping(tier) = 0 then 'tier' when grouping(region) = 0 then 'region' when grouping(industry) = 0 then 'industry'
            when grouping(account_manager) = 0 then 'account_manager' when grouping(parent) = 0 then 'parent_account' else 'all'
        end as cut,
        case
            when grouping(tier) = 0 then tier when grouping(region) = 0 then region when grouping(industry) = 0 then industry
            when grouping(account_manager) = 0 then account_manager when grouping(parent) = 0 then parent else 'all'
        end as cut_value,
        dimension_id, week_id,
        avg(perception_score) as perception_score, avg(paired_perception_score) as paired_perception_score,
        avg(expectation_score) as expectation_score, avg(minimum_score) as minimum_score, avg(satisfaction_gap) as satisfaction_gap,
        avg(promise_gap) as promise_gap,
        count(*) as n_accounts,
        case
            when grouping(tier) = 0 then count(tier_b) when grouping(region) = 0 then count(region_b) when grouping(industry) = 0 then count(industry_b)
            when grouping(account_manager) = 0 then count(account_manager_b) when grouping(parent) = 0 then count(parent_b) else count(everybody_b)
        end as n_accounts_stayed,
        count(perception_score) as n_accounts_heard, count(satisfaction_gap) as n_accounts_paired,
        count(*) - count(perception_score) as n_accounts_silent,
        count(adequacy_gap) as n_with_minimum,
        count(case when is_below then 1 end) as n_below_minimum,
        sum(n_contacts) as n_contacts, sum(n_eligible) as n_eligible
    from facts
    group by grouping sets (
        (dimension_id, week_id), (dimension_id, week_id, tier), (dimension_id, week_id, region), (dimension_id, week_id, industry),
        (dimension_id, week_id, account_manager), (dimension_id, week_id, parent)
    )
),

per_account as (
    select
        a.*, coalesce(h.n, 0) as n_heard,
        coalesce(e.n_contacts, 0) + coalesce(u.n, 0) as n_eligible
    from parts as a
    left join heads as h on a.account_key = h.account_key and a.week_id = h.week_id and h.kind = 1
    left join eligible as e on a.account_key = e.account_key and a.week_id = e.week_id
    left join heads as u on a.account_key = u.account_key and a.week_id = u.week_id and u.kind = 4
    where a.lag = getvariable('window_weeks')
),

heard_at_all as (
    select
        case
            when grouping(tier) = 0 then 'tier' when grouping(region) = 0 then 'region' when grouping(industry) = 0 then 'industry'
            when grouping(account_manager) = 0 then 'account_manager' when grouping(parent) = 0 then 'parent_account' else 'all'
        end as cut,
        case
            when grouping(tier) = 0 then tier when grouping(region) = 0 then region when grouping(industry) = 0 then industry
            when grouping(account_manager) = 0 then account_manager when grouping(parent) = 0 then parent else 'all'
        end as cut_value,
        week_id, count(case when n_heard > 0 then 1 end) as n_accounts_heard, count(case when n_heard = 0 then 1 end) as n_accounts_silent,
        sum(n_heard) as n_contacts, sum(n_eligible) as n_eligible
    from per_account
    group by grouping sets ((week_id), (week_id, tier), (week_id, region), (week_id, industry), (week_id, account_manager), (week_id, parent))
),

overall as (
    select
        cut, cut_value, week_id,
        case when count(perception_score) = count(*) then sum(weight * perception_score) end as perception_score,
        case when count(paired_perception_score) = count(*) then sum(weight * paired_perception_score) end as paired_perception_score,
        case when count(expectation_score) = count(*) then sum(weight * expectation_score) end as expectation_score,
        case when count(minimum_score) = count(*) then sum(weight * minimum_score) end as minimum_score,
        case when count(satisfaction_gap) = count(*) then sum(weight * satisfaction_gap) end as satisfaction_gap,
        case when count(promise_gap) = count(*) then sum(weight * promise_gap) end as promise_gap,
        max(n_accounts) as n_accounts, max(n_accounts_stayed) as n_accounts_stayed, min(n_accounts_paired) as n_accounts_paired
    from by_dimension
    inner join weights using (week_id, dimension_id)
    where cut_value is not null
    group by cut, cut_value, week_id
)

select * from by_dimension where cut_value is not null
union all by name
select o.*, cast(0 as tinyint) as dimension_id, h.n_accounts_heard, h.n_accounts_silent, h.n_contacts, h.n_eligible
from overall as o
inner join heard_at_all as h using (cut, cut_value, week_id);

create table marts.rpt_portfolio_weekly as
select
    n.cut, n.cut_value, coalesce(d.service_dimension, 'overall') as service_dimension, n.week_id, day_date(n.week_id * 7 + 4) as week_start_on,
    n.week_id = getvariable('running') as is_provisional,
    n.perception_score, n.paired_perception_score, n.expectation_score, n.minimum_score, n.satisfaction_gap, n.promise_gap,
    cast(n.n_accounts as integer) as n_accounts, cast(n.n_accounts_heard as integer) as n_accounts_heard,
    cast(n.n_accounts_paired as integer) as n_accounts_paired, cast(n.n_accounts_silent as integer) as n_accounts_silent,
    cast(n.n_with_minimum as integer) as n_with_minimum, cast(n.n_below_minimum as integer) as n_below_minimum,
    cast(n.n_contacts as integer) as n_contacts, cast(n.n_eligible as integer) as n_eligible,
    case when n.n_eligible > 0 then n.n_contacts / cast(n.n_eligible as double) end as coverage_share,
    n.satisfaction_gap - b.satisfaction_gap as gap_change_13,
    n.paired_perception_score - b.paired_perception_score as perception_change_13,
    n.expectation_score - b.expectation_score as expectation_change_13,
    case when n.week_id - getvariable('window_weeks') >= getvariable('first_week') then cast(n.n_accounts - n.n_accounts_stayed as bigint) end as n_joined,
    case when n.week_id - getvariable('window_weeks') >= getvariable('first_week') then cast(coalesce(b.n_accounts, 0) - n.n_accounts_stayed as bigint) end as n_left,
    r.rated_score,
    c.n_rated,
    case when is_judged then mean end as ewma_mean_score,
    case when is_judged then sd end as ewma_sd,
    case when is_judged then score end as ewma_score,
    case when is_judged then mean - width end as ewma_low_score,
    case when is_judged then mean + width end as ewma_high_score,
    case when is_judged then round(abs(score - mean), 9) > round(width, 9) end as is_out_of_control,
    is_baseline,
    case when c.week_id is null then 'not_charted' when not is_judged then 'baseline' when sd is null then 'no_variance' end as ewma_null_reason
from portfolio as n
left join dimensions as d using (dimension_id)
left join portfolio as b
    on n.cut = b.cut and n.cut_value = b.cut_value and n.dimension_id = b.dimension_id and n.week_id = b.week_id + getvariable('window_weeks')
left join rated_in_week as r on n.cut = 'all' and n.dimension_id = r.dimension_id and n.week_id = r.week_id
left join charted as c on n.cut = 'all' and n.dimension_id = c.dimension_id and n.week_id = c.week_id;

-- Accounts with a gap at both ends of a part they were in both times (K), and those heard at one end only.
create temp table remained as
with facts as (
    select p.*, c.* exclude (account_key, week_id, lag), change - c.perception_part - c.expectation_part as mix
    from parts as p
    inner join changed as c using (account_key, week_id, lag)
    where c.dimension_id > 0 and p.everybody_b is not null
)

select
    case
            when grouping(tier_b) = 0 then 'tier' when grouping(region_b) = 0 then 'region' when grouping(industry_b) = 0 then 'industry'
            when grouping(account_manager_b) = 0 then 'account_manager' when grouping(parent_b) = 0 then 'parent_account' else 'all'
        end as cut,
    case
            when grouping(tier_b) = 0 then tier_b when grouping(region_b) = 0 then region_b when grouping(industry_b) = 0 then industry_b
            when grouping(account_manager_b) = 0 then account_manager_b when grouping(parent_b) = 0 then parent_b else 'all'
        end as cut_value,
    dimension_id, week_id, lag,
    count(change) as n_k, count(satisfaction_gap) - count(change) as n_newly_heard, count(gap_before) - count(change) as n_no_longer_heard,
    avg(case when change is not null then gap_before end) as g0k, avg(case when change is not null then satisfaction_gap end) as g1k,
    avg(case when change is not null then perception_part end) as perception_part,
    avg(case when change is not null then expectation_part end) as expectation_part,
    avg(mix) as mix_part
from facts
group by grouping sets (
    (dimension_id, week_id, lag), (dimension_id, week_id, lag, tier_b), (dimension_id, week_id, lag, region_b), (dimension_id, week_id, lag, industry_b),
    (dimension_id, week_id, lag, account_manager_b), (dimension_id, week_id, lag, parent_b)
);

create table marts.fct_portfolio_change as
with compared as (
    select
        n.cut, n.cut_value, n.dimension_id, n.week_id, lags.lag, n.satisfaction_gap as g1, b.satisfaction_gap as g0, b.cut is not null as was_there,
        n.satisfaction_gap - b.satisfaction_gap as change, n.n_accounts_paired as n1, coalesce(b.n_accounts_paired, 0) as n0,
        case when n.n_eligible > 0 then n.n_contacts / cast(n.n_eligible as double) end as c1,
        case when b.n_eligible > 0 then b.n_contacts / cast(b.n_eligible as double) end as c0,
        coalesce(k.n_k, 0) as n_k, coalesce(k.n_newly_heard, 0) as n_newly_heard, coalesce(k.n_no_longer_heard, 0) as n_no_longer_heard,
        coalesce(k.perception_part, 0.0) as p, coalesce(k.expectation_part, 0.0) as e, coalesce(k.mix_part, 0.0) as mix,
        -- Nobody came or went: exactly nothing.
        case when n.n_accounts_paired = k.n_k then 0.0 else n.satisfaction_gap - k.g1k end as joined,
        case when coalesce(b.n_accounts_paired, 0) = k.n_k then 0.0 else k.g0k - b.satisfaction_gap end as left_,
        n.week_id - lags.lag < getvariable('first_week') as is_before_history
    from portfolio as n
    cross join (values (getvariable('window_weeks')), (getvariable('year_weeks'))) as lags(lag)
    left join portfolio as b on n.cut = b.cut and n.cut_value = b.cut_value and n.dimension_id = b.dimension_id and n.week_id = b.week_id + lags.lag
    left join remained as k
        on n.cut = k.cut and n.cut_value = k.cut_value and n.dimension_id = k.dimension_id and n.week_id = k.week_id and lags.lag = k.lag
),

overall as (
    select
        cut, cut_value, c.week_id, c.lag, sum(wbar * p) as p, sum(wbar * e) as e, sum(wbar * mix) as mix,
        sum(dw * (coalesce(g0, g1) + coalesce(g1, g0)) / 2.0) as weights_part,
        sum(wbar * (coalesce(change, 0.0) - p - e - mix)) as turnover,
        case when count(joined) = count(change) then sum(wbar * joined) end as joined,
        case when count(left_) = count(change) then sum(wbar * left_) end as left_
    from compared as c
    inner join weight_changes as w using (week_id, lag, dimension_id)
    group by cut, cut_value, c.week_id, c.lag
)

select
    c.cut, c.cut_value, coalesce(d.service_dimension, 'overall') as service_dimension, c.week_id, day_date(c.week_id * 7 + 4) as week_start_on,
    c.week_id = getvariable('running') as is_provisional, c.lag as weeks_before, g0 as satisfaction_gap_before, g1 as satisfaction_gap,
    change as satisfaction_gap_change,
    case when change is not null then o.weights_part end as weights_part,
    case when change is not null then case when c.dimension_id = 0 then o.p else c.p end end as perception_part,
    case when change is not null then case when c.dimension_id = 0 then o.e else c.e end end as expectation_part,
    case when change is not null then case when c.dimension_id = 0 then o.mix else c.mix end end as respondent_mix_part,
    case when change is not null then case when c.dimension_id = 0 then o.turnover else change - c.p - c.e - c.mix end end as turnover_part,
    case when change is not null then case when c.dimension_id = 0 then o.joined else c.joined end end as joined_part,
    case when change is not null then case when c.dimension_id = 0 then o.left_ else c.left_ end end as left_part,
    cast(case when c.dimension_id > 0 and not is_before_history then n_k end as integer) as n_stayed,
    cast(case when c.dimension_id > 0 and not is_before_history then n1 - n_k - n_newly_heard end as integer) as n_joined,
    cast(case when c.dimension_id > 0 and not is_before_history then n_newly_heard end as integer) as n_newly_heard,
    cast(case when c.dimension_id > 0 and not is_before_history then n0 - n_k - n_no_longer_heard end as integer) as n_left,
    cast(case when c.dimension_id > 0 and not is_before_history then n_no_longer_heard end as integer) as n_no_longer_heard,
    cast(case when not is_before_history then n0 end as integer) as n_accounts_paired_before,
    cast(n1 as integer) as n_accounts_paired,
    c0 as coverage_share_before, c1 as coverage_share,
    case
        when change is not null then null
        when is_before_history then 'before_history'
        when not was_there then 'not_there_before'
        when g0 is not null then 'unknown_now'
        when g1 is not null then 'unknown_before'
        else 'unknown_both'
    end as null_reason
from compared as c
left join dimensions as d using (dimension_id)
left join overall as o on c.dimension_id = 0 and c.cut = o.cut and c.cut_value = o.cut_value and c.week_id = o.week_id and c.lag = o.lag;

-- -------------------------------------------------------------------------------------------------------- the worklist

-- The newest answer ever, as known at each week's end. What was taken away again (moved to another account) is looked
-- at week by week, the rest once.
create temp table ever_answered as
with responses as (
    select account_key, submitted_day, min(from_week) as from_week, max(to_week) as to_week
    from ratings
    where survey_kind = 'relationship'
    group by account_key, rating_key, submitted_day
),

taken_away as (
    select account_key, week_id, max(submitted_day) as submitted_day
    from (
        select account_key, submitted_day, cast(unnest(range(from_week, least(to_week, getvariable('running') + 1))) as integer) as week_id
        from responses
        where to_week < 1000000
    )
    group by account_key, week_id
),

-- A day that counts for one week only is given back in the next, so both kinds change at weeks of their own.
changes as (
    select account_key, from_week as week_id, max(submitted_day) as lasting_day from responses where to_week = 1000000 group by account_key, from_week
),

turns as (
    select account_key, week_id from changes
    union
    select account_key, week_id from taken_away
    union
    select account_key, week_id + 1 from taken_away
)

select
    t.account_key, t.week_id as from_week,
    lead(t.week_id, 1, 1000000) over (partition by t.account_key order by t.week_id) as to_week,
    greatest(
        max(c.lasting_day) over (partition by t.account_key order by t.week_id rows between unbounded preceding and current row), a.submitted_day
    ) as last_answered_day
from turns as t
left join changes as c on t.account_key = c.account_key and t.week_id = c.week_id
left join taken_away as a on t.account_key = a.account_key and t.week_id = a.week_id;

create temp table widths as
select
    account_id, service_dimension, week_id,
    coalesce(
        max(case when coalesce(round(gap_shrunk, 9) <= -getvariable('wide'), false) then null else week_id end)
            over (partition by account_id, service_dimension order by week_id),
        min(week_id) over (partition by account_id, service_dimension) - 1
    ) as last_narrow_week
from marts.fct_satisfaction_weekly
where service_dimension <> 'overall';

create table marts.rpt_portfolio_worklist as
with compared as (
    select
        r.*, w.last_narrow_week,
        round(r.gap_shrunk, 9) <= -getvariable('wide') as is_wide,
        r.satisfaction_gap - b.satisfaction_gap as gap_change_13,
        r.paired_perception_score - b.paired_perception_score as perception_change_13,
        r.expectation_score - b.expectation_score as expectation_change_13
    from (from marts.fct_satisfaction_weekly where week_id > getvariable('running') - getvariable('worklist_weeks')) as r
    inner join widths as w using (account_id, service_dimension, week_id)
    left join marts.fct_satisfaction_weekly as b
        on r.account_id = b.account_id and r.service_dimension = b.service_dimension and r.week_id = b.week_id + getvariable('window_weeks')
),

overdue as (
    select account_id, week_id, sum(n_open_overdue) as promises_overdue
    from marts.fct_promise_gap_weekly
    where week_id > getvariable('running') - getvariable('worklist_weeks')
    group by account_id, week_id
),

placed as (
    select
        c.*, d.sort_order,
        rank() over (partition by account_id, week_id order by round(gap_shrunk, 9) nulls last) as widest_rank,
        row_number() over (partition by account_id, week_id order by round(gap_shrunk, 9) nulls last, sort_order) as place,
        max(n_eligible) over (partition by account_id, week_id) as account_n_eligible,
        hash(account_id) as account_key
    from compared as c
    inner join dimensions as d using (service_dimension)
)

select
    p.account_id, p.week_id, p.week_start_on, p.is_provisional, p.service_dimension, p.perception_score, p.paired_perception_score, p.expectation_score,
    p.minimum_score, p.satisfaction_gap, p.gap_shrunk, p.gap_low, p.gap_high, p.perception_shrunk_score, p.perception_low_score,
    p.perception_high_score, p.perception_trend, p.gap_trend, p.coverage_share, p.gap_change_13, p.perception_change_13, p.expectation_change_13,
    case
        when perception_change_13 is null or expectation_change_13 is null then 'unknown'
        when round(perception_change_13, 9) <= -getvariable('steady') and round(expectation_change_13, 9) >= getvariable('steady') then 'both'
        when round(perception_change_13, 9) <= -getvariable('steady') then 'perception_fell'
        when round(expectation_change_13, 9) >= getvariable('steady') then 'expectation_rose'
        when round(perception_change_13, 9) >= getvariable('steady') and round(expectation_change_13, 9) <= -getvariable('steady') then 'both_better'
        when round(perception_change_13, 9) >= getvariable('steady') then 'perception_rose'
        when round(expectation_change_13, 9) <= -getvariable('steady') then 'expectation_fell'
        else 'steady'
    end as moved,
    p.is_wide,
    case when p.is_wide then day_date((last_narrow_week + 1) * 7 + 4) end as wide_since_on,
    case when p.is_wide then p.week_id - last_narrow_week end as wide_weeks,
    round(p.adequacy_gap, 9) < 0 as is_below_minimum,
    p.n_contacts, p.n_paired, p.n_eligible, p.last_answered_on, p.null_reason,
    cast(p.widest_rank as integer) as widest_rank,
    cast(case when place = 1 and satisfaction_gap is not null then row_number() over (partition by p.week_id, place order by round(gap_shrunk, 9) nulls last, p.account_id) end as integer) as rank,
    cast(case when satisfaction_gap is not null then row_number() over (partition by p.week_id, p.service_dimension order by round(gap_shrunk, 9) nulls last, p.account_id) end as integer) as dimension_rank,
    coalesce(h.n, 0) as account_n_contacts,
    p.account_n_eligible,
    day_date(e.last_answered_day) as account_last_answered_on,
    cast(coalesce(o.promises_overdue, 0) as integer) as promises_overdue
from placed as p
left join heads as h on h.account_key = p.account_key and h.week_id = p.week_id and h.kind = 1
left join ever_answered as e on e.account_key = p.account_key and e.from_week <= p.week_id and e.to_week > p.week_id
left join overdue as o on p.account_id = o.account_id and p.week_id = o.week_id;

create table marts.rpt_client_contacts as
with heard_now as (
    select distinct account_key, contact_key
    from segments
    where measure = 1 and from_week <= getvariable('running') and to_week > getvariable('running')
),

answered as (
    select account_id, contact_id, max(cast(submitted_at as date)) as last_answered_on
    from marts.fct_ratings
    where contact_id is not null
    group by account_id, contact_id
)

select
    c.account_id, c.contact_id, c.job_title, c.department, c.relationship, c.is_decision_maker, a.last_answered_on,
    h.contact_key is not null as is_heard
from marts.dim_contacts as c
left join answered as a on c.account_id = a.account_id and c.contact_id = a.contact_id
left join heard_now as h on h.account_key = hash(c.account_id) and h.contact_key = hash(c.contact_id)
where c.is_active;

{{ config(materialized='table') }}

{%- set block = var('anonymous_block_weeks') | int -%}

-- each answer belongs to the block in which it became known, for good: no two blocks share one
with answers as (
    select
        *,
        floor(min({{ week_of('known_from') }}) over (partition by response_key) / {{ block }}.0) as block_id,
        {{ week_of('known_from') }} as known_from_week,
        coalesce({{ week_of('known_to') }}, {{ never() }}) as known_to_week
    from {{ ref('int_answers_scored') }}
    where
        is_anonymous
        and survey_kind = 'relationship'
        and measure in ('perception', 'expectation')
        and service_dimension is not null
        and score is not null
),

blocks as (
    select
        floor((week_id + 1) / {{ block }}.0) - 1 as block_id,
        week_id as last_week
    from {{ ref('dim_weeks') }}
    where not is_provisional and mod(week_id + 1, {{ block }}) = 0
),

known as (
    select answers.*, blocks.last_week
    from answers
    inner join blocks on answers.block_id = blocks.block_id
    where answers.known_from_week <= blocks.last_week and answers.known_to_week > blocks.last_week
),

expectations as (
    select response_key, service_dimension, item_id, avg(score) as score
    from known
    where measure = 'expectation'
    group by response_key, service_dimension, item_id
),

-- perception and expectation of an item, both in one response: nothing else is counted, so that all
-- values of a row stand on the same people
rated as (
    select
        perceptions.block_id,
        perceptions.response_key,
        perceptions.account_id,
        perceptions.service_dimension,
        sum(perceptions.question_weight * perceptions.score) / sum(perceptions.question_weight) as perception_score,
        sum(perceptions.question_weight * expectations.score) / sum(perceptions.question_weight) as expectation_score
    from known as perceptions
    inner join expectations
        on
            perceptions.response_key = expectations.response_key
            and perceptions.service_dimension = expectations.service_dimension
            and perceptions.item_id = expectations.item_id
    inner join {{ ref('int_survey_items_counted') }} as counted
        on
            perceptions.source = counted.source
            and perceptions.survey_id = counted.survey_id
            and perceptions.service_dimension = counted.service_dimension
            and perceptions.submitted_at >= counted.valid_from_at
            and (counted.valid_to_at is null or perceptions.submitted_at < counted.valid_to_at)
    inner join {{ ref('dim_service_dimensions') }} as dimensions
        on perceptions.service_dimension = dimensions.service_dimension
    where perceptions.measure = 'perception'
    group by perceptions.block_id, perceptions.response_key, perceptions.account_id, perceptions.service_dimension
    having count(*) >= {{ var('min_item_share') }} * max(counted.n_items) and sum(perceptions.question_weight) > 0
),

accounts as (
    select
        block_id,
        service_dimension,
        account_id,
        count(*) as n,
        sum(perception_score) as perception_total,
        sum(expectation_score) as expectation_total
    from rated
    group by block_id, service_dimension, account_id
),

asked as (
    select distinct block_id, service_dimension from accounts
),

placed as (
    {{ placed_in_cuts('week_id in (select last_week from blocks)') }}
),

members as (
    {% for cut in portfolio_cuts() %}
        select blocks.block_id, '{{ cut }}' as cut, placed.in_{{ cut }} as cut_value, placed.account_id
        from placed
        inner join blocks on placed.week_id = blocks.last_week
        where placed.in_{{ cut }} is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

cell_accounts as (
    select
        members.block_id,
        asked.service_dimension,
        members.cut,
        members.cut_value,
        members.account_id,
        accounts.n,
        accounts.perception_total,
        accounts.expectation_total,
        coalesce(
            sum(accounts.n) over (
                partition by members.block_id, asked.service_dimension, members.cut, members.cut_value
            ), 0
        ) as n_cell
    from members
    inner join asked on members.block_id = asked.block_id
    left join accounts
        on
            members.block_id = accounts.block_id
            and asked.service_dimension = accounts.service_dimension
            and members.account_id = accounts.account_id
),

-- groups that lie whole within another one, of another cut
inside as (
    select
        whole.block_id,
        whole.service_dimension,
        whole.cut as whole_cut,
        whole.cut_value as whole_value,
        whole.n_cell as n_whole,
        part.cut,
        part.cut_value,
        part.n_cell
    from cell_accounts as whole
    inner join cell_accounts as part
        on
            whole.block_id = part.block_id
            and whole.service_dimension = part.service_dimension
            and whole.account_id = part.account_id
            and whole.cut <> part.cut
    where
        whole.n is not null
        and whole.n_cell >= {{ var('min_respondents') }}
        and part.n_cell >= {{ var('min_respondents') }}
    group by
        whole.block_id, whole.service_dimension, whole.cut, whole.cut_value, whole.n_cell, part.cut, part.cut_value,
        part.n_cell
    having sum(part.n) = part.n_cell
),

ordered as (
    select
        *,
        n_whole - sum(n_cell) over (
            partition by block_id, service_dimension, whole_cut, whole_value, cut
        ) as n_left_over,
        row_number() over (
            partition by block_id, service_dimension, whole_cut, whole_value, cut order by n_cell, cut_value
        ) as place
    from inside
),

-- where a whole less its parts would leave a few answers, the smallest part goes too; what is hidden
-- for one whole leaves more over in the others, never less
complementary as (
    select distinct block_id, service_dimension, cut, cut_value
    from ordered
    where place = 1 and n_left_over > 0 and n_left_over < {{ var('min_respondents') }}
),

cells as (
    select
        block_id,
        service_dimension,
        cut,
        cut_value,
        n_cell,
        sum(perception_total) / nullif(sum(n), 0) as perception_score,
        sum(expectation_total) / nullif(sum(n), 0) as expectation_score
    from cell_accounts
    group by block_id, service_dimension, cut, cut_value, n_cell
),

judged as (
    select
        cells.*,
        case
            when cells.n_cell < {{ var('min_respondents') }} then 'too_few_answers'
            when complementary.cut is not null then 'complementary'
        end as null_reason
    from cells
    left join complementary
        on
            cells.block_id = complementary.block_id
            and cells.service_dimension = complementary.service_dimension
            and cells.cut = complementary.cut
            and cells.cut_value = complementary.cut_value
)

select
    cut,
    cut_value,
    service_dimension,
    cast(block_id as integer) as block_id,
    cast(date '1970-01-05' + cast(block_id * {{ 7 * block }} as integer) as date) as block_start_on,
    cast(date '1970-01-05' + cast((block_id + 1) * {{ 7 * block }} as integer) as date) as block_end_on,
    cast(date '1970-01-05' + cast((block_id + 2) * {{ 7 * block }} as integer) as date) as shown_until_on,
    true as is_anonymous,
    case when null_reason is null then perception_score end as perception_score,
    case when null_reason is null then expectation_score end as expectation_score,
    case when null_reason is null then perception_score - expectation_score end as satisfaction_gap,
    cast(case when null_reason is null then n_cell end as integer) as n_responses,
    null_reason
from judged

{# How the portfolio is cut: each a way to put accounts into parts, none in two. #}
{% macro portfolio_cuts() -%}
    {{ return(['all', 'tier', 'region', 'industry', 'account_manager', 'parent_account']) }}
{%- endmacro %}

{#
    The accounts of int_account_weeks that meet a condition, with the part of each cut that they are
    in (in_<cut>, null: in none). A parent that is a client itself belongs to its own group.
#}
{% macro placed_in_cuts(condition) -%}
    select
        account_weeks.week_id,
        account_weeks.account_key,
        account_weeks.account_id,
        'all' as in_all,
        account_weeks.tier as in_tier,
        account_weeks.region as in_region,
        account_weeks.industry as in_industry,
        account_weeks.account_manager as in_account_manager,
        coalesce(account_weeks.parent_account_id, parents.parent_account_id) as in_parent_account
    from {{ ref('int_account_weeks') }} as account_weeks
    left join (
        select distinct week_id, parent_account_id
        from {{ ref('int_account_weeks') }}
        where parent_account_id is not null and {{ condition }}
    ) as parents
        on account_weeks.week_id = parents.week_id and account_weeks.account_id = parents.parent_account_id
    where account_weeks.{{ condition }}
{%- endmacro %}

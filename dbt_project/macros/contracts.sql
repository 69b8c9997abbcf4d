{#
    A contract is compared with its query in the build that brings either: a changed definition makes a
    whole build. An incremental build runs the same definitions on the same tables, into columns of declared
    types; asking 88 queries for their columns again took a twentieth of a day's SQL.
#}
{% macro duckdb__get_assert_columns_equivalent(sql) -%}
    {%- if built_load_seq() | int < 0 or run_value('is_redefined') | int == 1 -%}
        {{ return(assert_columns_equivalent(sql)) }}
    {%- endif -%}
{%- endmacro %}

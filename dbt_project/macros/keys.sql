{# One 8-byte integer from text columns: joins and groupings on it cost half of those on text. #}
{% macro integer_key(columns) %}{{ return(adapter.dispatch('integer_key')(columns)) }}{% endmacro %}

{% macro duckdb__integer_key(columns) -%}
    hash({{ columns | join(", ") }})
{%- endmacro %}

{# A signal's number in the ledger, where its name would be written millions of times. #}
{% macro signal_number() -%}
    cast(row_number() over (order by signal) as tinyint)
{%- endmacro %}

{# All columns of a relation but some. #}
{% macro columns_without(relation, columns) %}{{ return(adapter.dispatch('columns_without')(relation, columns)) }}{% endmacro %}

{% macro duckdb__columns_without(relation, columns) -%}
    {{ relation }}.* exclude ({{ columns | join(", ") }})
{%- endmacro %}

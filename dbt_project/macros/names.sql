{# Schemas are named by the folder alone, so that marts.fct_x is the same everywhere. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}

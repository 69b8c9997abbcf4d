{#
    What differs from build to build: as_of, built_load_seq, stale_from_week, is_redefined. The build
    step hands them in through the environment, and they are asked for only where SQL is made to be
    run: as vars, or read while parsing, they would make dbt read the whole project anew in every build.
    A unit test may give them as vars.
#}
{% macro run_value(name) -%}
    {%- set given = var(name, none) -%}
    {%- if given is not none -%}
        {{ return(given | string) }}
    {%- elif execute -%}
        {{ return(env_var('GAPWATCH_' ~ name | upper)) }}
    {%- else -%}
        {{ return('0') }}
    {%- endif -%}
{%- endmacro %}

{# Batches up to this one were in the last finished build; below 0 where there was none, or all is made anew. #}
{% macro built_load_seq() -%}
    {{ return(run_value('built_load_seq') | int) }}
{%- endmacro %}

{# Weeks from this one on are made again. #}
{% macro stale_from_week() -%}
    {{ return(run_value('stale_from_week') | int) }}
{%- endmacro %}

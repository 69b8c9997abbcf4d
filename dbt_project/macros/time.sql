{# Weeks and days are integers: weeks count from Monday 1970-01-05, days from 1970-01-01. #}

{% macro week_of(instant) %}{{ return(adapter.dispatch('week_of')(instant)) }}{% endmacro %}

{% macro duckdb__week_of(instant) -%}
    cast((epoch_us({{ instant }}) - 345600000000) // 604800000000 as integer)
{%- endmacro %}

{% macro day_of(instant) %}{{ return(adapter.dispatch('day_of')(instant)) }}{% endmacro %}

{% macro duckdb__day_of(instant) -%}
    cast(epoch_us({{ instant }}) // 86400000000 as integer)
{%- endmacro %}

{% macro day_of_date(day) %}{{ return(adapter.dispatch('day_of_date')(day)) }}{% endmacro %}

{% macro duckdb__day_of_date(day) -%}
    cast({{ day }} - date '1970-01-01' as integer)
{%- endmacro %}

{# The instant at which a local day ends, in UTC: when a date-only promise falls due. #}
{% macro end_of_local_day(day, time_zone) %}{{ return(adapter.dispatch('end_of_local_day')(day, time_zone)) }}{% endmacro %}

{% macro duckdb__end_of_local_day(day, time_zone) -%}
    timezone('UTC', timezone(coalesce({{ time_zone }}, 'UTC'), cast({{ day }} + 1 as timestamp)))
{%- endmacro %}

{# The local calendar day of a UTC instant, counted from 1970-01-01. #}
{% macro local_day_of(instant, time_zone) %}{{ return(adapter.dispatch('local_day_of')(instant, time_zone)) }}{% endmacro %}

{% macro duckdb__local_day_of(instant, time_zone) -%}
    cast(cast(timezone(coalesce({{ time_zone }}, 'UTC'), timezone('UTC', {{ instant }})) as date) - date '1970-01-01' as integer)
{%- endmacro %}

{% macro minutes_between(earlier, later) %}{{ return(adapter.dispatch('minutes_between')(earlier, later)) }}{% endmacro %}

{% macro duckdb__minutes_between(earlier, later) -%}
    ((epoch_us({{ later }}) - epoch_us({{ earlier }})) / 60000000.0)
{%- endmacro %}

{% macro add_minutes(instant, minutes) %}{{ return(adapter.dispatch('add_minutes')(instant, minutes)) }}{% endmacro %}

{% macro duckdb__add_minutes(instant, minutes) -%}
    make_timestamp(epoch_us({{ instant }}) + cast(round(({{ minutes }}) * 60000000.0) as bigint))
{%- endmacro %}

{# The instant up to which this build knows the world; the build step hands it in. #}
{% macro as_of() -%}cast('{{ run_value('as_of') }}' as timestamp){%- endmacro %}

{# A week number later than any stored one: "not ended". #}
{% macro never() -%}1000000{%- endmacro %}

{# Every week from first_week to running_week of a one-row relation. #}
{% macro week_numbers(bounds) %}{{ return(adapter.dispatch('week_numbers')(bounds)) }}{% endmacro %}

{% macro duckdb__week_numbers(bounds) -%}
    select unnest(generate_series(first_week, running_week)) as week_id, running_week
    from {{ bounds }}
{%- endmacro %}

{# Every day from first_day to last_day of a one-row relation. #}
{% macro day_numbers(bounds) %}{{ return(adapter.dispatch('day_numbers')(bounds)) }}{% endmacro %}

{% macro duckdb__day_numbers(bounds) -%}
    select unnest(generate_series(first_day, last_day)) as day_id
    from {{ bounds }}
{%- endmacro %}

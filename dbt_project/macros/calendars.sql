{#
    Business time. A calendar's minute at an instant is the number of minutes it has been open since
    its start, so the business time between two instants is a difference, and the instant so many
    business minutes later is the one at that minute.
#}

{# True where a source of the workspace names a calendar: without one no query pays for them. #}
{% macro has_calendars() -%}
    {#- whoever asks may join the windows, so they are built first -#}
    {%- do ref('int_calendar_windows') -%}
    {%- set named = "select 1 from " ~ source('raw', '_sources') ~ " where calendar_id is not null limit 1" -%}
    {{ return(execute and run_query(named).rows | length > 0) }}
{%- endmacro %}

{# Joins the window of a calendar that an instant lies in or follows, under a name. #}
{% macro join_window_at(name, calendar, instant) -%}
    left join {{ ref('int_calendar_windows') }} as {{ name }}
        on
            {{ calendar }} = {{ name }}.calendar_id
            and {{ day_of(instant) }} = {{ name }}.day
            and {{ instant }} >= {{ name }}.opens_at
            and {{ instant }} < {{ name }}.next_opens_at
{%- endmacro %}

{# The calendar's minute at an instant, of which the window was joined; null without a calendar. #}
{% macro minute_at(name, instant) -%}
    ({{ name }}.minutes_before + {{ minutes_between(name ~ '.opens_at', 'least(' ~ instant ~ ', ' ~ name ~ '.closes_at)') }})
{%- endmacro %}

{#
    Joins the window in which a calendar's minute passes; a window's last minute is still its own. The
    rows of a window on several days are alike: any will do.
#}
{% macro join_window_of(name, calendar, minute) %}{{ return(adapter.dispatch('join_window_of')(name, calendar, minute)) }}{% endmacro %}

{% macro duckdb__join_window_of(name, calendar, minute) -%}
    asof left join {{ ref('int_calendar_windows') }} as {{ name }}
        on {{ calendar }} = {{ name }}.calendar_id and {{ minute }} > {{ name }}.minutes_before
{%- endmacro %}

{# The instant at a calendar's minute, of which the window was joined. #}
{% macro instant_of(name, minute) -%}
    {{ add_minutes(name ~ '.opens_at', '(' ~ minute ~ ') - ' ~ name ~ '.minutes_before') }}
{%- endmacro %}

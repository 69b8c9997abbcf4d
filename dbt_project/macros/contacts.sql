{# Versions of contacts, with the weeks in which each is the known one and the days from and before which it is valid. #}
{% macro contact_spans() -%}
    select
        *,
        {{ week_of('known_from') }} as known_from_week,
        coalesce({{ week_of('known_to') }}, {{ never() }}) as known_to_week,
        coalesce({{ day_of_date('valid_from') }}, -1000000) as valid_from_day,
        coalesce({{ day_of_date('valid_to') }}, 1000000) as valid_to_day
    from {{ ref('int_contacts_versioned') }}
{%- endmacro %}

{# Whether a version of `contact_spans` is the known one of a week and valid on its last day. #}
{% macro is_valid_contact(contacts, weeks) -%}
    {{ weeks }}.week_id >= {{ contacts }}.known_from_week
    and {{ weeks }}.week_id < {{ contacts }}.known_to_week
    and {{ weeks }}.last_day >= {{ contacts }}.valid_from_day
    and {{ weeks }}.last_day < {{ contacts }}.valid_to_day
{%- endmacro %}

{# A returned row is outside its range. Nulls are unknown, not wrong. #}
{% test between(model, column_name, low, high) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} < {{ low }} or {{ column_name }} > {{ high }}
{% endtest %}

{#
    A returned row breaks one of the rules, and names the first that it breaks; a rule with an unknown side
    is not broken. One test for all rules of a model, since each test of its own costs dbt as much as a model.
#}
{% test holds(model, expression=none, expressions=[]) %}
{%- set rules = [expression] if expression else expressions %}
select
    case
        {% for rule in rules %}
            when not ({{ rule }}) then '{{ rule | replace("'", "''") }}'
        {% endfor %}
    end as broken_rule
from {{ model }}
where not ({{ rules | join(") or not (") }})
{% endtest %}

{# A returned row is a key that occurs more than once, or has a null part. #}
{% test unique_key(model, columns) %}
select {{ columns | join(", ") }}
from {{ model }}
group by {{ columns | join(", ") }}
having count(*) > 1 {% for column in columns %}or {{ column }} is null {% endfor %}
{% endtest %}

{# A returned row is a group whose parts are all known and do not sum to 1. #}
{% test sums_to_one(model, column, within) %}
select {{ within | join(", ") }}, sum({{ column }}) as total
from {{ model }}
group by {{ within | join(", ") }}
having count({{ column }}) = count(*) and abs(sum({{ column }}) - 1.0) > 1e-9
{% endtest %}

{# A returned row is a group whose parts do not add up to its total in another model. #}
{% test adds_up_to(model, column, within, to, total) %}
select whole.{{ total }}, parts.total
from {{ to }} as whole
left join (
    select {{ within | join(", ") }}, sum({{ column }}) as total
    from {{ model }}
    group by {{ within | join(", ") }}
) as parts
    on {% for column in within %}whole.{{ column }} = parts.{{ column }}{{ " and " if not loop.last }}{% endfor %}
where abs(whole.{{ total }} - coalesce(parts.total, 0.0)) > 1e-9
{% endtest %}

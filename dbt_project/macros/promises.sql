{# Whether a promise of the ledger counts by an instant. #}
{% macro has_fallen_due(judged_at) -%}
    not is_left_out and falls_due_at < {{ judged_at }}
{%- endmacro %}

{# Whether one that has fallen due or not is broken; null: it can still be kept, or nobody can tell. #}
{% macro has_broken() -%}
    case
        when not has_fallen_due or settled_score is null and not is_timed then null
        else coalesce(is_broken, true)
    end
{%- endmacro %}

{% macro promise_state(promises) -%}
    case
        when {{ promises }}.is_left_out then 'cancelled'
        when {{ promises }}.has_broken then 'broken'
        when not {{ promises }}.is_broken then 'kept'
        else 'open'
    end
{%- endmacro %}

{# The ledger, or as much of it as counts in the weeks that are made again. #}
{% macro promises_of_stale_weeks() -%}
    {%- set recent, ledger = ref('int_promises_recent'), ref('int_promises_unioned') -%}
    {{ recent if is_incremental() else ledger }}
{%- endmacro %}

{#
    Keys of tickets and deliveries that may stand otherwise than at the last build: they changed, or time alone
    can change them, since a promise of theirs is not settled or has fallen due since.
#}
{% macro subjects_to_judge_again() -%}
    {{ changed_tickets() }}
    union all
    {{ changed_deliveries() }}
    union all
    select subject_key
    from {{ ref('int_promises_recent') }}
    where
        known_to_week = {{ never() }}
        and (
            ended_at is null
            or settled_score is null
            or {{ week_of('falls_due_at') }} >= {{ stale_from_week() }}
        )
{%- endmacro %}

{#
    One row about the last finished build, or none before the first: how many there have been, up to
    which load it saw, and the week that was running then. A build that died has left no trace here, so
    what it did is still the present build's business.
#}
{% macro finished_builds() -%}
    {%- set builds = adapter.get_relation(database=this.database, schema='meta', identifier='builds') -%}
    {%- if builds is none -%}
        select 0 as n_builds, -1 as load_seq, {{ week_of(as_of()) }} as running_week where false
    {%- else -%}
        select n_builds, load_seq, {{ week_of('as_of') }} as running_week
        from (
            select
                load_seq,
                as_of,
                count(*) over () as n_builds,
                row_number() over (order by finished_at desc, load_seq desc) as place
            from {{ builds }}
        )
        where place = 1
    {%- endif -%}
{%- endmacro %}

{# Which build this one is, counted from 1. #}
{% macro build_seq() -%}
    (select coalesce(max(n_builds), 0) + 1 from ({{ finished_builds() }}))
{%- endmacro %}

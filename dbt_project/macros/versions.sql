{#
    One row per key and version, with known_from, known_to (null = newest) and is_newest.

    Equal versions with different content: the greater wins (the source's declared tie-break
    column, then the hash of the row). A key that a full delivery no longer holds gets a version
    `is_deleted`, known at that delivery's as_of; a key that comes back gets one that is not.
    A source that keeps no history is unrolled: one version per instant in the row.

    relation   source relation with the raw columns
    contract   name of the contract, for the full deliveries
    keys       key columns, without _source
    instants   instants at which a row without history is unrolled
    changed    true: only keys with rows in batches since the last finished build
#}
{% macro versions_of(contract, keys, instants=[], only_changed=false) %}
    {%- set relation = source('raw', contract) -%}
    {%- set partition = (['_source'] + keys) | join(', ') -%}
    with loaded as (
        select *
        from {{ relation }}
        where
            known_at <= {{ as_of() }}
            {% if only_changed and is_incremental() -%}
                and ({{ partition }}) in (
                    select {{ partition }} from {{ relation }} where _batch_id in ({{ changed_batches() }})
                )
            {%- endif %}
    ),

    without_history as (
        select distinct system as source_system
        from {{ source('raw', '_sources') }}
        where contract = '{{ contract }}' and history = 'none'
    ),

    kept as (
        select
            *,
            known_at as version_at,
            is_deleted as version_is_deleted,
            false as is_hindsight
        from loaded
        {% if instants %}where _source not in (select source_system from without_history){% endif %}
    ),

    {% if instants %}
        unrolled as (
            {% for instant in instants %}
                select
                    *,
                    cast({{ instant }} as timestamp) as version_at,
                    is_deleted as version_is_deleted,
                    true as is_hindsight
                from loaded
                where
                    _source in (select source_system from without_history)
                    and {{ instant }} is not null
                    and cast({{ instant }} as timestamp) <= known_at
                {{ 'union all' if not loop.last }}
            {% endfor %}
        ),
    {% endif %}

    deliveries_in_order as (
        select
            _source,
            batch_id,
            as_of,
            lead(as_of) over (partition by _source order by as_of, batch_id) as next_as_of
        from (
            select distinct _source, batch_id, as_of
            from {{ source('raw', '_delivered_keys') }}
            where contract = '{{ contract }}' and as_of <= {{ as_of() }}
        )
    ),

    presences as (
        select
            delivered._source,
            delivered.key,
            deliveries_in_order.as_of,
            deliveries_in_order.next_as_of,
            lead(deliveries_in_order.as_of) over (
                partition by delivered._source, delivered.key order by deliveries_in_order.as_of
            ) as next_present_at
        from (select distinct _source, batch_id, key from {{ source('raw', '_delivered_keys') }} where contract = '{{ contract }}') as delivered
        inner join deliveries_in_order
            on delivered._source = deliveries_in_order._source and delivered.batch_id = deliveries_in_order.batch_id
    ),

    absences as (
        select _source, key, next_as_of as absence_at, true as is_absence
        from presences
        where next_as_of is not null and (next_present_at is null or next_present_at > next_as_of)
        union all
        select _source, key, next_present_at as absence_at, false as is_absence
        from presences
        where next_as_of is not null and next_present_at > next_as_of
    ),

    contents as (
        select
            *,
            row_number() over (
                partition by {{ partition }} order by known_at desc, _row_hash desc, _batch_id desc, _row desc
            ) as content_rank
        from loaded
        where _source in (select _source from absences)
    ),

    candidates as (
        select * from kept
        {% if instants %}
            union all
            select * from unrolled
        {% endif %}
        union all
        select
            {{ columns_without('contents', ['content_rank']) }},
            absences.absence_at as version_at,
            absences.is_absence as version_is_deleted,
            false as is_hindsight
        from contents
        inner join absences
            on
                contents._source = absences._source
                and {% for key in keys %}cast(contents.{{ key }} as varchar){{ " || chr(31) || " if not loop.last }}{% endfor %} = absences.key
        where contents.content_rank = 1
    ),

    -- of equal versions the last one in this order is followed by a later instant, and so it stays
    ordered as (
        select
            *,
            lead(version_at) over (
                partition by {{ integer_key(['_source'] + keys) }}
                order by
                    version_at,
                    version_is_deleted,
                    known_at,
                    try_cast(_tie_break as double) nulls first,
                    _tie_break nulls first,
                    _row_hash,
                    _batch_id desc,
                    _row desc
            ) as next_version_at
        from candidates
    )

    select
        *,
        version_at as known_from,
        next_version_at as known_to,
        next_version_at is null as is_newest
    from ordered
    where next_version_at is null or next_version_at > version_at
{% endmacro %}

{# Outcomes later than their own version are leaks of the future: unknown in that version. #}
{% macro known_outcome(instant) -%}
    case when {{ instant }} <= known_from then {{ instant }} end as {{ instant }}
{%- endmacro %}

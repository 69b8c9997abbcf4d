{# Batches that reached raw since the last finished build. The build step hands in the watermark. #}
{% macro changed_batches() -%}
    select _batch_id_ from (select batch_id as _batch_id_ from {{ source('raw', '_batches') }} where load_seq > {{ built_load_seq() }})
{%- endmacro %}

{# Rows to be made again leave an incremental model before their new form comes in, in one transaction. #}
{% macro forget(condition) -%}
    {% if is_incremental() %}delete from {{ this }} where {{ condition }}{% else %}select 1{% endif %}
{%- endmacro %}

{# Weekly models keep the weeks before the first stale one and make the rest again, whole. #}
{% macro forget_stale_weeks() -%}
    {{ forget('week_id >= ' ~ stale_from_week()) }}
{%- endmacro %}

{% macro is_stale_week(week) -%}
    {% if is_incremental() %}{{ week }} >= {{ stale_from_week() }}{% else %}true{% endif %}
{%- endmacro %}

{% macro first_stale_week() -%}
    {% if is_incremental() %}{{ stale_from_week() }}{% else %}-1000000{% endif %}
{%- endmacro %}

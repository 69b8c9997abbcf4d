{#
    Keys of answers and subjects to be made again: their own rows changed, or a question, an
    identity, an event or a promise that they depend on.
#}
{% macro changed_answers() -%}
    select {{ integer_key(['answers._source', 'answers.response_id', 'answers.survey_id', 'answers.question_id']) }}
    from {{ source('raw', 'survey_answers') }} as answers
    where
        answers._batch_id in ({{ changed_batches() }})
        or (answers._source, answers.survey_id) in (
            select _source, survey_id from {{ source('raw', 'survey_questions') }} where _batch_id in ({{ changed_batches() }})
        )
        or (answers._source, answers.account_id) in ({{ changed_identities('account') }})
        or (answers._source, answers.contact_id) in ({{ changed_identities('contact') }})
        or (answers._source, answers.response_id) in (
            select _source, substr(key, 1, instr(key, chr(31)) - 1)
            from {{ source('raw', '_delivered_keys') }}
            where contract = 'survey_answers' and batch_id in ({{ changed_batches() }})
        )
{%- endmacro %}

{% macro changed_identities(kind) -%}
    select source, external_id
    from {{ source('raw', 'identities') }}
    where kind = '{{ kind }}' and _batch_id in ({{ changed_batches() }})
{%- endmacro %}

{% macro changed_tickets() -%}
    select {{ integer_key(['tickets._source', 'tickets.ticket_id']) }}
    from {{ source('raw', 'tickets') }} as tickets
    where
        tickets._batch_id in ({{ changed_batches() }})
        or (tickets._source, tickets.ticket_id) in (
            select _source, ticket_id from {{ source('raw', 'ticket_events') }} where _batch_id in ({{ changed_batches() }})
        )
        or (tickets._source, tickets.ticket_id) in (
            select _source, ticket_id from {{ source('raw', 'ticket_slas') }} where _batch_id in ({{ changed_batches() }})
        )
        or (tickets._source, tickets.account_id) in ({{ changed_identities('account') }})
        or (tickets._source, tickets.contact_id) in ({{ changed_identities('contact') }})
{%- endmacro %}

{% macro changed_deliveries() -%}
    select {{ integer_key(['deliveries._source', 'deliveries.delivery_id']) }}
    from {{ source('raw', 'deliveries') }} as deliveries
    where
        deliveries._batch_id in ({{ changed_batches() }})
        or (deliveries._source, deliveries.delivery_id) in (
            select _source, delivery_id from {{ source('raw', 'delivery_promises') }} where _batch_id in ({{ changed_batches() }})
        )
        or (deliveries._source, deliveries.account_id) in ({{ changed_identities('account') }})
        or (deliveries._source, deliveries.contact_id) in ({{ changed_identities('contact') }})
{%- endmacro %}

{#
    Responses whose ratings are made again: everything said by a voice of which an answer changed,
    under the voice's present name and under the one it had in the last build.
#}
{% macro changed_responses(ratings) -%}
    select response_key
    from {{ ratings }}
    where voice_key in (
        select voice_key
        from {{ ref('int_answers_scored') }}
        where answer_key in ({{ changed_answers() }})
        union all
        select voice_key
        from {{ ratings }}
        where response_key in (
            select response_key from {{ ref('int_answers_scored') }} where answer_key in ({{ changed_answers() }})
        )
    )
{%- endmacro %}

{#
    Columns and joins that give facts the account and contact they belong to: the identity known
    for the source's id, the oldest one standing for the time before it; an id without an entry
    stands for itself. Where an identity is corrected, the fact's version is split at that instant.
#}
{% macro join_identities(facts, with_contact=true) -%}
    left join {{ ref('int_identities_versioned') }} as account_identity
        on
            account_identity.kind = 'account'
            and {{ facts }}._source = account_identity.identity_source
            and {{ facts }}.account_id = account_identity.external_id
            and ({{ facts }}.known_to is null or {{ facts }}.known_to > account_identity.known_from)
            and (account_identity.known_to is null or account_identity.known_to > {{ facts }}.known_from)
    {%- if with_contact %}
        left join {{ ref('int_identities_versioned') }} as contact_identity
            on
                contact_identity.kind = 'contact'
                and {{ facts }}._source = contact_identity.identity_source
                and {{ facts }}.contact_id = contact_identity.external_id
                and ({{ facts }}.known_to is null or {{ facts }}.known_to > contact_identity.known_from)
                and (contact_identity.known_to is null or contact_identity.known_to > {{ facts }}.known_from)
    {%- endif %}
{%- endmacro %}

{% macro identified_account(facts) -%}
    coalesce(account_identity.internal_id, {{ facts }}.account_id)
{%- endmacro %}

{% macro identified_contact(facts) -%}
    coalesce(contact_identity.internal_id, {{ facts }}.contact_id)
{%- endmacro %}

{# `greatest` and `least` skip nulls here: a null start is "always", a null end is "still". #}
{% macro identified_from(facts, with_contact=true) -%}
    greatest({{ facts }}.known_from, account_identity.known_from{{ ', contact_identity.known_from' if with_contact }})
{%- endmacro %}

{% macro identified_to(facts, with_contact=true) -%}
    least({{ facts }}.known_to, account_identity.known_to{{ ', contact_identity.known_to' if with_contact }})
{%- endmacro %}

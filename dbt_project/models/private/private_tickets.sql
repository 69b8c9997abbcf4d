{{ config(materialized='view', alias='tickets') }}

select ticket_id, _source as source, subject
from {{ ref('stg_tickets') }}
where is_newest and subject is not null

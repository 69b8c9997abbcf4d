"""Rows that may not go on: what is kept of them, and how they come back.

``quarantine.rows`` keeps one record for each stopped row, with its rule, file, line, key and content.
``quarantined`` rows need a person; ``waiting`` ones need an account or a question that has not come yet.
Neither is lost: landing still holds the source's text, and a replay reads it with the present mapping.
"""

from __future__ import annotations

import duckdb

from gapwatch.batches import Batch
from gapwatch.casts import identifier, quoted
from gapwatch.gate_stage import UNKNOWN_ACCOUNT, UNKNOWN_QUESTION, known_accounts, one
from gapwatch.mapping import KEY_SEPARATOR, columns_behind, key_text, landed_rows, text_select
from gapwatch.sources import Source


def record(connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch) -> None:
    """Write the rows of ``stopped`` to ``quarantine.rows``; part of the batch's transaction."""
    if not one(connection, "select count(*) from stopped"):
        return
    contract = source.definition
    connection.execute(
        "create or replace temp table stopped_rows as "
        "select s._row, s._column, v.column_name, v.idx, v.rule, v.status "
        "from stopped as v join staged as s on s.idx = v.idx"
    )
    _register_lines(connection, batch)
    # A contact must not stay behind on an anonymous survey, also where the question is not known yet.
    hidden = {"contact_id"} if source.contract == "survey_answers" else set()
    shown = [column for column in contract.columns if column not in hidden]
    typed = ", ".join(f"{identifier(c)} := s.{identifier(c)}" for c in shown)
    texts = " ".join(f"when {quoted(c)} then x.{identifier(f's_{c}')}" for c in shown)
    value = f"case v.column_name {texts} end"
    if "account_id" in shown:
        # Of an account that is waited for, the id as it will be looked for.
        value = f"case when v.rule = {quoted(UNKNOWN_ACCOUNT)} then s.account_id else {value} end"
    secret = {name.lower() for column in hidden for name in columns_behind(source, column)}
    cells = {name.lower() for name in source.questions}
    kept = [c for c in batch.columns if c.lower() not in secret | cells]
    landed = f"{{{', '.join(f'{quoted(c)}: l.{identifier(c)}' for c in kept)}}}" if kept else "null"
    connection.execute(
        "insert into quarantine.rows "
        f"with texts as ({text_select(source, batch, only_rows='stopped_rows')}), "
        f"landed as (select *, file_row_number + 1 as _row from {landed_rows(batch)} "
        "where file_row_number + 1 in (select _row from stopped_rows)) "
        f"select {quoted(source.row_source)}, {quoted(source.name)}, {quoted(source.contract)}, "
        f"{quoted(batch.batch_id)}, {quoted(batch.file)}, v._row, v._column, v._row + n.shift, "
        f"{key_text(contract, 's.')}, v.rule, v.column_name, {value}, "
        f"to_json({{'row': struct_pack({typed}), 'source': {landed}}}), v.status, {_now()}, null "
        "from stopped_rows as v join staged as s on s.idx = v.idx "
        "left join texts as x on x._row = v._row and x._column is not distinct from v._column "
        "left join landed as l on l._row = v._row "
        "asof left join line_shifts as n on v._row >= n.first_row "
        "order by v.idx"
    )


def waiting_that_can_go_on(connection: duckdb.DuckDBPyConnection, source: Source) -> dict[str, int]:
    """Batch id -> number of waiting rows of a source whose account or question has arrived."""
    connection.execute("create or replace temp table ready as " + _ready_query(source))
    rows = connection.execute("select _batch_id, count(*) from ready group by 1 order by 1").fetchall()
    return {str(batch): int(count) for batch, count in rows}


def choose_ready(connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """Fill ``chosen`` with the waiting rows of one batch that can go on (after `waiting_that_can_go_on`)."""
    connection.execute(
        "create or replace temp table chosen as select _row, _column from ready "
        f"where _batch_id = {quoted(batch.batch_id)}"
    )


def choose_open(connection: duckdb.DuckDBPyConnection, batch: Batch) -> int:
    """Fill ``chosen`` with all rows of one batch that are quarantined or wait; returns how many."""
    connection.execute(
        "create or replace temp table chosen as select _row, _column from quarantine.rows "
        f"where _batch_id = {quoted(batch.batch_id)} and status in ('quarantined', 'waiting')"
    )
    return int(one(connection, "select count(*) from chosen"))


def resolve(connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch) -> int:
    """Close the records of replayed rows that passed and renew those that still fail, in the transaction.

    Returns the number of records that changed: 0 means that nothing came of the replay.
    """
    here = f"q._batch_id = {quoted(batch.batch_id)} and q.status in ('quarantined', 'waiting')"
    same = "q._row = s._row and q._column is not distinct from s._column"
    passed = one(
        connection,
        f"select count(*) from quarantine.rows as q join staged as s on {same} where {here} "
        "and s.idx not in (select idx from stopped)",
    )
    connection.execute(
        "update quarantine.rows as q "
        "set status = case q.status when 'waiting' then 'admitted' else 'repaired' end, "
        f"resolved_at = {_now()} from staged as s where {here} and {same} "
        "and s.idx not in (select idx from stopped)"
    )
    # A row that fails as before keeps its record; one that fails for another reason gets a new one.
    unchanged = (
        "select v.idx from stopped as v join staged as s on s.idx = v.idx "
        f"join quarantine.rows as q on {same} where {here} "
        "and q.rule = v.rule and q.column_name is not distinct from v.column_name"
    )
    connection.execute(
        f"create or replace temp table renewed as select * from stopped where idx not in ({unchanged})"
    )
    renewed = one(connection, "select count(*) from renewed")
    if renewed:
        connection.execute(
            f"delete from quarantine.rows as q using staged as s, renewed as v where {here} and {same} "
            "and s.idx = v.idx"
        )
        connection.execute("create or replace temp table stopped as select * from renewed")
        record(connection, source, batch)
    return int(passed) + int(renewed)


def _ready_query(source: Source) -> str:
    questions = (
        f"select survey_id, question_id from raw.survey_questions where _source = {quoted(source.row_source)}"
    )
    # The key of an answer is response, survey and question.
    parts = [f"split_part(key, chr({ord(KEY_SEPARATOR)}), {n})" for n in (2, 3)]
    return (
        "select _batch_id, _row, _column from quarantine.rows "
        f"where source = {quoted(source.name)} and status = 'waiting' and ("
        f"(rule = {quoted(UNKNOWN_ACCOUNT)} and value in ({known_accounts(source)})) or "
        f"(rule = {quoted(UNKNOWN_QUESTION)} and ({', '.join(parts)}) in ({questions})))"
    )


def _register_lines(connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """``line_shifts``: what to add to a record's number to get its line, from which record on."""
    connection.execute("create or replace temp table line_shifts (first_row bigint, shift bigint)")
    if batch.lines is None:
        return
    import pyarrow as pa

    rows, shifts = zip(*batch.lines.breaks, strict=True)
    breaks = pa.table({"first_row": pa.array(rows, pa.int64()), "shift": pa.array(shifts, pa.int64())})
    connection.register("breaks", breaks)
    connection.execute("insert into line_shifts select first_row, shift from breaks")
    connection.unregister("breaks")


def _now() -> str:
    return "(now() at time zone 'UTC')"

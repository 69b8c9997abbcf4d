"""The last step of the gate: what becomes of a judged batch, written in one transaction.

Rows, quarantine, manifest row and marks of stale weeks are committed together, so a batch is in raw
whole or not at all, and a landed batch without a manifest row is simply gated again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

import duckdb

from gapwatch import batch_rules, quarantine
from gapwatch.batches import Batch
from gapwatch.casts import identifier, quoted
from gapwatch.contracts import RAW_COLUMNS
from gapwatch.faults import fault_point
from gapwatch.gate_report import BatchReport
from gapwatch.gate_stage import one
from gapwatch.mapping import key_text
from gapwatch.sources import Source
from gapwatch.warehouse import TABLES

_PASSING = "from staged as s where s.idx not in (select idx from stopped)"
#: A Monday before anything that can be in raw: "since always" for what stands for the time before it.
_ALWAYS = "timestamp '1970-01-05'"
_STANDS_FOR_ALWAYS = frozenset({"survey_questions", "identities"})


def load(connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch, entry: BatchReport) -> None:
    """Write an accepted batch: its passing rows to raw, the others to quarantine."""
    fault_point("gate.before_load")
    with _transaction(connection):
        _load(connection, source, batch, entry)
        fault_point("gate.before_commit")
    fault_point("gate.after_commit")


def load_nothing(
    connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch, entry: BatchReport
) -> None:
    """Write the verdict of a batch that is held or whose check crashed."""
    with _transaction(connection):
        _write_manifest(connection, source, batch, entry, _next_seq(connection))
        fault_point("gate.before_hold")


def forget(connection: duckdb.DuckDBPyConnection, batch_id: str) -> None:
    """Drop the verdict of a held batch that landing no longer has."""
    with _transaction(connection):
        # The mark keeps the number that goes with the verdict from being given again.
        connection.execute(
            "insert into raw._changes select ?, contract, null from raw._batches where batch_id = ?",
            [_next_seq(connection), batch_id],
        )
        connection.execute("delete from raw._batches where batch_id = ?", [batch_id])


def load_replayed(
    connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch, entry: BatchReport
) -> None:
    """Write the replayed rows of a batch that is in raw already; nothing where they fail as before."""
    fault_point("gate.before_replay")
    with _transaction(connection):
        seq = _next_seq(connection)
        stale_from = _stale_from(connection, source, is_full=False)
        _insert_rows(connection, source)
        fault_point("gate.rows_replayed")
        known = _known_between(connection)
        if quarantine.resolve(connection, source, batch):
            if entry.accepted:
                _mark_stale(connection, seq, source, stale_from)
            _update_manifest(connection, source, batch, seq, known)
        fault_point("gate.before_replay_commit")


def write_sources(connection: duckdb.DuckDBPyConnection, sources: list[Source]) -> None:
    """Rewrite ``raw._sources``: what the models need to know of each source."""
    rows = [
        (
            source.name,
            source.row_source,
            source.contract,
            source.time_zone,
            source.calendar,
            source.history,
            source.delivers,
            float(source.arrival_lag_minutes),
            source.ids,
            source.records_first_response,
            source.anonymous,
            source.late_after_days,
        )
        for source in sources
    ]
    with _transaction(connection):
        columns = ", ".join(f"{name} {kind}" for name, kind in TABLES["raw._sources"].items())
        connection.execute(f"create or replace table raw._sources ({columns})")
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            connection.executemany(f"insert into raw._sources values ({marks})", rows)
        fault_point("gate.before_sources_commit")


def _load(connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch, entry: BatchReport) -> None:
    seq = _next_seq(connection)
    stale_from = _stale_from(connection, source, is_full=source.delivers == "full")
    _insert_rows(connection, source)
    fault_point("gate.rows_inserted")
    quarantine.record(connection, source, batch)
    if source.delivers == "full":
        connection.execute(
            f"insert into raw._delivered_keys select _source, {quoted(source.contract)}, _batch_id, "
            f"{_as_of(batch)}, {key_text(source.definition)} from staged"
        )
    if entry.accepted or source.delivers == "full":
        _mark_stale(connection, seq, source, stale_from)
    _write_manifest(connection, source, batch, entry, seq)


def _write_manifest(
    connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch, entry: BatchReport, seq: int
) -> None:
    # In place of an earlier verdict: held or crashed.
    connection.execute(f"delete from raw._batches where batch_id = {quoted(batch.batch_id)}")
    is_taken = entry.outcome in {"pass", "quarantine"}
    oldest, newest = _known_between(connection) if is_taken else (None, None)
    as_of = one(connection, f"select {_as_of(batch)}") if is_taken else batch.as_of
    values: dict[str, object] = {
        "batch_id": batch.batch_id,
        "source": source.name,
        "system": source.row_source,
        "contract": source.contract,
        "file": batch.file,
        "file_sha256": batch.file_sha256,
        "records": batch.records,
        "rows": entry.rows,
        "accepted_rows": entry.accepted,
        "quarantined_rows": entry.quarantined,
        "waiting_rows": entry.waiting,
        "outcome": entry.outcome,
        "message": entry.message or None,
        "as_of": as_of,
        "min_known_at": oldest,
        "max_known_at": newest,
        "landed_at": batch.landed_at,
        "load_seq": seq,
        "is_full": source.delivers == "full",
        "expectations_declared": entry.expectations_declared,
        "expectations_evaluated": entry.expectations_evaluated,
    }
    connection.execute(
        f"insert into raw._batches ({', '.join(values)}, loaded_at) "
        f"values ({', '.join('?' for _ in values)}, now() at time zone 'UTC')",
        list(values.values()),
    )


def _insert_rows(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    columns = [*source.definition.columns, *(c for c in RAW_COLUMNS if c != "_loaded_at")]
    listed = ", ".join(identifier(c) for c in columns)
    has_stopped = one(connection, "select count(*) from stopped")
    passing = _PASSING if has_stopped else "from staged as s"
    connection.execute(
        f"insert into raw.{source.contract} ({listed}, _loaded_at) "
        f"select {listed}, now() at time zone 'UTC' {passing}"
    )


def _mark_stale(
    connection: duckdb.DuckDBPyConnection, seq: int, source: Source, since: datetime | None
) -> None:
    connection.execute("insert into raw._changes values (?, ?, ?)", [seq, source.contract, since])


def _update_manifest(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    batch: Batch,
    seq: int,
    known: tuple[datetime | None, datetime | None],
) -> None:
    here = f"_batch_id = {quoted(batch.batch_id)}"
    message = batch_rules.open_sentence(connection, source, batch)
    number = f"(select count(*) from quarantine.rows where {here} and status = "
    connection.execute(
        f"update raw._batches set load_seq = ?, message = ?, quarantined_rows = {number}'quarantined'), "
        f"waiting_rows = {number}'waiting'), "
        f"accepted_rows = rows - {number}'quarantined') - {number}'waiting'), "
        f"outcome = case when {number}'quarantined') > 0 then 'quarantine' else 'pass' end, "
        "min_known_at = least(min_known_at, ?), max_known_at = greatest(max_known_at, ?), "
        f"loaded_at = now() at time zone 'UTC' where batch_id = {quoted(batch.batch_id)}",
        [seq, message, *known],
    )


def _known_between(connection: duckdb.DuckDBPyConnection) -> tuple[datetime | None, datetime | None]:
    oldest, newest = connection.execute(f"select min(known_at), max(known_at) {_PASSING}").fetchall()[0]
    return oldest, newest


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin")
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):
            connection.execute("rollback")
        raise
    connection.execute("commit")


def _next_seq(connection: duckdb.DuckDBPyConnection) -> int:
    given = "select load_seq from raw._batches union all select load_seq from raw._changes"
    return int(one(connection, f"select coalesce(max(load_seq), 0) + 1 from ({given})"))


def _as_of(batch: Batch) -> str:
    """SQL for a batch's as_of: what its file name tells, else the newest of its column."""
    if batch.as_of is not None:
        return f"timestamp {quoted(batch.as_of.isoformat(sep=' '))}"
    return "(select max(_as_of) from staged)"


def _stale_from(connection: duckdb.DuckDBPyConnection, source: Source, *, is_full: bool) -> datetime | None:
    """Oldest instant at which one of the passing rows counts; the rows are not in raw yet.

    Usually the row's known_at. The oldest version of a question or identity stands for all time before
    it, that of an account or contact back to its start.
    """
    contract = source.definition
    since = f"select min(known_at) {_PASSING}"
    start = {"accounts": "contract_started_on", "contacts": "valid_from"}.get(contract.name)
    if start or contract.name in _STANDS_FOR_ALWAYS:
        keys = ", ".join(identifier(c) for c in contract.key)
        counts_from = _ALWAYS
        if contract.name == "accounts":
            # A first version without a start reaches back to the oldest fact; that fact was waiting for it
            # and marks its own weeks. For a known account the fact may be anywhere.
            unknown_start = f"case when o.known_at is null then p.known_at else {_ALWAYS} end"
            counts_from = f"coalesce(cast({start} as timestamp), {unknown_start})"
        elif contract.name == "contacts":
            counts_from = f"coalesce(cast({start} as timestamp), {_ALWAYS})"
        elif contract.name == "survey_questions":
            counts_from = (
                "case when exists (select 1 from raw.survey_answers as a "
                f"where a._source = {quoted(source.row_source)} and a.survey_id = p.survey_id "
                f"and a.question_id = p.question_id) then {_ALWAYS} else p.known_at end"
            )
        since = (
            f"with passing as (select * {_PASSING}), older as (select {keys}, min(known_at) as known_at "
            f"from raw.{contract.name} where _source = {quoted(source.row_source)} group by {keys}) "
            "select min(case when o.known_at is null or p.known_at < o.known_at "
            f"then least(p.known_at, {counts_from}) else p.known_at end) "
            f"from passing as p left join older as o using ({keys})"
        )
    oldest: datetime | None = one(connection, since)
    as_of: datetime | None = one(connection, "select max(_as_of) from staged") if is_full else None
    return min((instant for instant in (oldest, as_of) if instant is not None), default=None)

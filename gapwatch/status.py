"""What is there: sources, batches, quarantine, failures and the snapshot, without changing anything."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any, ClassVar

from gapwatch import snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from gapwatch.alerts.store import Counts
    from gapwatch.workspace import Workspace

RUNS_LOOKED_AT = 20
DONE = (0, 10, 11)
REFUSED = ("held", "growing")


@dataclass(frozen=True)
class SourceStatus:
    """One source of the workspace; instants are naive UTC, None before its first batch."""

    source: str
    contract: str
    batches: int
    rows_accepted: int
    rows_quarantined: int
    rows_waiting: int
    batches_held: int
    last_loaded_at: datetime | None
    last_outcome: str | None
    newest_known_at: datetime | None


@dataclass(frozen=True)
class Status:
    """The state of a workspace.

    ``busy`` says who is writing where the warehouse could not be looked into; its counts are empty then.
    ``age_hours`` is the time since the snapshot was published. ``alerts`` are counts of those in the ledger
    (open, overdue, by state, owner and kind).
    """

    workspace: str
    sources: list[SourceStatus]
    reasons: dict[str, int]
    held: list[dict[str, Any]]
    refused_files: list[dict[str, Any]]
    failures: list[dict[str, Any]]
    snapshot_id: str | None
    published_at: datetime | None
    as_of: datetime | None
    age_hours: float | None
    alerts: dict[str, Any]
    busy: str | None

    exit_code: ClassVar[int] = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {key: _plain(value) for key, value in asdict(self).items()}


def status(ws: Workspace) -> Status:
    """Look into the warehouse, the ledger and the published folder."""
    from gapwatch import locks

    info = snapshots.current(ws.published_path)
    holder = locks.holder_of(ws, "warehouse")
    age = datetime.now(UTC).replace(tzinfo=None) - info.created_at if info else None
    with reading(ws) as connection:
        loaded = {row.pop("source"): row for row in _rows(connection, _SOURCES)}
        held = _rows(connection, _HELD)
        kept = _reasons(connection)
    return Status(
        workspace=ws.name,
        sources=[
            SourceStatus(source=source.name, contract=source.contract, **loaded.get(source.name, _NOTHING))
            for source in ws.sources
        ],
        reasons=kept,
        held=held,
        refused_files=_refused_files(ws),
        failures=_failures(ws),
        snapshot_id=info.snapshot_id if info else None,
        published_at=info.created_at if info else None,
        as_of=info.as_of if info else None,
        alerts=alert_counts(ws).as_dict(),
        age_hours=round(age.total_seconds() / 3600, 2) if age is not None else None,
        busy=f"{holder.command} (process {holder.pid}), since {holder.since}" if holder else None,
    )


def reasons(ws: Workspace) -> dict[str, int]:
    """Rule -> rows that it keeps out of raw now (quarantined or waiting), most first."""
    with reading(ws) as connection:
        return _reasons(connection)


def alert_counts(ws: Workspace) -> Counts:
    """How many alerts there are; none where there is no ledger yet."""
    from gapwatch.alerts import store
    from gapwatch.ledger import Ledger

    if not Ledger.is_made(ws):
        return store.Counts()
    with Ledger.of(ws) as ledger:
        return store.counts(ledger)


@contextmanager
def reading(ws: Workspace) -> Iterator[duckdb.DuckDBPyConnection | None]:
    """The warehouse, read-only; None where there is none yet, or another process is writing to it."""
    import duckdb

    if not ws.warehouse_path.exists():
        yield None
        return
    try:
        connection = duckdb.connect(str(ws.warehouse_path), read_only=True)
    except duckdb.IOException:
        yield None
        return
    try:
        yield connection
    finally:
        connection.close()


_NOTHING: dict[str, Any] = {
    "batches": 0,
    "rows_accepted": 0,
    "rows_quarantined": 0,
    "rows_waiting": 0,
    "batches_held": 0,
    "last_loaded_at": None,
    "last_outcome": None,
    "newest_known_at": None,
}
_SOURCES = """
select
    source,
    count(*) as batches,
    coalesce(sum(accepted_rows), 0)::bigint as rows_accepted,
    coalesce(sum(quarantined_rows), 0)::bigint as rows_quarantined,
    coalesce(sum(waiting_rows), 0)::bigint as rows_waiting,
    count(*) filter (where outcome not in ('pass', 'quarantine')) as batches_held,
    max(loaded_at) as last_loaded_at,
    arg_max(outcome, load_seq) as last_outcome,
    max(max_known_at) as newest_known_at
from raw._batches
group by source
"""
_HELD = """
select batch_id, source, file, outcome, message, loaded_at
from raw._batches
where outcome not in ('pass', 'quarantine')
order by loaded_at desc
"""
_REASONS = """
select rule, count(*) as n from quarantine.rows
where status in ('quarantined', 'waiting')
group by rule order by n desc, rule
"""


def _refused_files(ws: Workspace) -> list[dict[str, Any]]:
    """Files whose newest content is not taken: held, or growing."""
    from gapwatch.ledger import Ledger

    if not Ledger.is_made(ws):
        return []
    with Ledger.of(ws) as ledger:
        newest = {(row["source"], row["file"]): row for row in sorted(ledger.files(), key=_seen)}
    wanted = ("source", "file", "rule", "message", "seen_at")
    return [{key: row[key] for key in wanted} for row in newest.values() if row["outcome"] in REFUSED]


def _seen(row: dict[str, Any]) -> Any:
    return row["seen_at"], row["file_version_id"]


def _failures(ws: Workspace) -> list[dict[str, Any]]:
    """What failed since the newest whole run that did not."""
    from gapwatch.ledger import Ledger

    if not Ledger.is_made(ws):
        return []
    with Ledger.of(ws) as ledger:
        newest = ledger.newest_runs(RUNS_LOOKED_AT)
    newest = list(takewhile(lambda row: not _is_whole_run(row), newest))
    failed = [row for row in newest if row["finished_at"] is not None and row["exit_code"] not in DONE]
    wanted = ("command", "finished_at", "exit_code", "message")
    return [{key: row[key] for key in wanted} for row in failed]


def _is_whole_run(row: dict[str, Any]) -> bool:
    return row["command"] == "run" and row["exit_code"] in DONE


def _reasons(connection: duckdb.DuckDBPyConnection | None) -> dict[str, int]:
    return {row["rule"]: row["n"] for row in _rows(connection, _REASONS)}


def _rows(connection: duckdb.DuckDBPyConnection | None, query: str) -> list[dict[str, Any]]:
    if connection is None:
        return []
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value

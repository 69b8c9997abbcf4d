"""Reading files: a CSV of tickets through landing and gate, beside DuckDB reading and typing it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from gapwatch import gate, landing
from gapwatch.contracts import CONTRACTS
from gapwatch.workspace import Workspace

TICKETS = "inbox/tickets.csv"
ACCOUNTS = "inbox/accounts.csv"

_TICKET_COLUMNS = tuple(c for c in CONTRACTS["tickets"].columns if not c.startswith("csat_"))
_ACCOUNT_COLUMNS = ("account_id", "account_name", "updated_at")


@dataclass(frozen=True)
class Reading:
    """Seconds of one way to read the file: in all, of which the gate's checks and its start-up."""

    rows: int
    seconds: float
    seconds_ingest: float = 0.0
    seconds_loading: float = 0.0
    seconds_gate: float = 0.0
    seconds_starting: float = 0.0


def write_workspace(folder: Path, warehouse: Path, rows: int) -> None:
    """A workspace with two sources, its files taken from the benchmark's own raw tables."""
    (folder / "inbox").mkdir(parents=True, exist_ok=True)
    sources = [
        _source("accounts", "accounts", ACCOUNTS, _ACCOUNT_COLUMNS),
        _source("tickets", "tickets", TICKETS, _TICKET_COLUMNS),
    ]
    # JSON is YAML: no quoting of its own is needed.
    (folder / "gapwatch.yml").write_text(
        json.dumps({"version": 1, "name": "Reading", "limits": {"quiet_seconds": 0}, "sources": sources}),
        encoding="utf-8",
    )
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for table, columns, name, limit in (
            ("raw.tickets", _TICKET_COLUMNS, TICKETS, rows),
            ("raw.accounts", _ACCOUNT_COLUMNS, ACCOUNTS, None),
        ):
            selected = f"select {', '.join(columns)} from {table}" + (f" limit {limit}" if limit else "")
            target = str(folder / name).replace("'", "''")
            connection.execute(f"copy ({selected}) to '{target}' (format csv, header true)")


def pipeline(ws: Workspace) -> Reading:
    """Land and load the tickets; their accounts are known before the clock starts."""
    landing.ingest(ws, sources=["accounts"])
    gate.gate(ws)
    began = time.perf_counter()
    landed = landing.ingest(ws, sources=["tickets"])
    ingested = time.perf_counter()
    report = gate.gate(ws)
    ended = time.perf_counter()
    if landed.exit_code or report.exit_code:
        raise RuntimeError(f"the tickets were not taken whole: {report.as_dict()}")
    return Reading(
        rows=sum(batch.accepted for batch in report.batches),
        seconds=ended - began,
        seconds_ingest=ingested - began,
        seconds_loading=ended - ingested - report.seconds_gate - report.seconds_starting,
        seconds_gate=report.seconds_gate,
        seconds_starting=report.seconds_starting,
    )


def plain(ws: Workspace) -> Reading:
    """DuckDB alone: read_csv with declared types into a table of a new file."""
    target = ws.folder / "plain.duckdb"
    target.unlink(missing_ok=True)
    types = {column: CONTRACTS["tickets"].types[column] for column in _TICKET_COLUMNS}
    listed = ", ".join(f"'{column}': '{kind}'" for column, kind in types.items())
    source = str(ws.folder / TICKETS).replace("'", "''")
    config: dict[str, Any] = {"memory_limit": ws.limits.memory, "threads": ws.limits.threads}
    began = time.perf_counter()
    with duckdb.connect(str(target), config=config) as connection:
        connection.execute(
            f"create table tickets as select * from read_csv('{source}', header = true, delim = ',', "
            f"quote = '\"', auto_detect = false, columns = {{{listed}}})"
        )
        found = connection.execute("select count(*) from tickets").fetchone()
    return Reading(rows=found[0] if found else 0, seconds=time.perf_counter() - began)


def _source(name: str, contract: str, path: str, columns: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": name,
        "contract": contract,
        "system": "desk",
        "reader": "csv",
        "path": path,
        "time_zone": "UTC",
        "columns": {column: column for column in columns},
    }

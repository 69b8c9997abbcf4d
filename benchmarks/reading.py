"""Reading files: a CSV of tickets through landing and gate, beside DuckDB reading and typing it.

``python -m benchmarks.reading --rows 10000000`` does nothing but that: it generates a million tickets,
repeats their rows under other keys until the file is long enough, and reads it in turn by DuckDB alone and
by the pipeline, each run in a process and a folder of its own. The quickest run of each counts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from gapwatch import gate, landing
from gapwatch.contracts import CONTRACTS
from gapwatch.workspace import Workspace, load_workspace

ROOT = Path(__file__).resolve().parent.parent
TICKETS = "inbox/tickets.csv"
ACCOUNTS = "inbox/accounts.csv"

_TICKET_COLUMNS = tuple(c for c in CONTRACTS["tickets"].columns if not c.startswith("csat_"))
_ACCOUNT_COLUMNS = ("account_id", "account_name", "updated_at")


@dataclass(frozen=True)
class Reading:
    """Seconds of one way to read the file, in all and apart.

    ``seconds_ingest`` is all of landing, ``seconds_gate`` the checks of rows and batches with the frames
    that are made for them, ``seconds_starting`` the import of their library. ``seconds_loading`` is the rest:
    opening the warehouse, typing, the name of each rule that a value broke, writing to raw, the commit,
    closing with a checkpoint.
    """

    rows: int
    seconds: float
    seconds_ingest: float = 0.0
    seconds_loading: float = 0.0
    seconds_gate: float = 0.0
    seconds_starting: float = 0.0


def write_workspace(folder: Path, warehouse: Path, rows: int) -> None:
    """A workspace with two sources, its files taken from the benchmark's own raw tables.

    Where there are fewer tickets than ``rows``, they come again under keys that are not taken yet.
    """
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
        found = connection.execute("select count(*) from raw.tickets").fetchall()[0][0]
        columns = ", ".join(_TICKET_COLUMNS)
        again = f"select ticket_id || '.' || copy as ticket_id, {columns.removeprefix('ticket_id, ')}"
        copies = "".join(
            f" union all {again} from raw.tickets, (select {copy} as copy)"
            for copy in range(1, -(-rows // found))
        )
        for selected, name in (
            (f"select {columns} from raw.tickets{copies} limit {rows}", TICKETS),
            (f"select {', '.join(_ACCOUNT_COLUMNS)} from raw.accounts", ACCOUNTS),
        ):
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


def main(arguments: list[str] | None = None) -> int:
    """Read the file in turn by both, as often as asked; print the quickest of each and all ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the file")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, in turn")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "reading", help="replaced whole")
    options = parser.parse_args(arguments)
    shutil.rmtree(options.folder, ignore_errors=True)
    files = options.folder / "files"
    (options.folder / "generated").mkdir(parents=True)
    (options.folder / "generated" / "gapwatch.yml").write_text(
        "version: 1\nname: Tickets\n", encoding="utf-8"
    )
    generated = load_workspace(options.folder / "generated")
    _phase("generate", generated.folder, min(options.rows, 1_000_000), 1_000)
    write_workspace(files, generated.warehouse_path, options.rows)
    shutil.rmtree(generated.folder)
    runs: dict[str, list[dict[str, Any]]] = {"reading_plain": [], "reading_pipeline": []}
    for _ in range(options.runs):
        for phase, found in runs.items():
            load = os.getloadavg()[0]
            found.append(_alone(phase, files, options.folder / "run"))
            sys.stderr.write(f"{phase}, load {load:.1f} before it: {json.dumps(found[-1])}\n")
    plain, own = (min(found, key=_seconds_counted) for found in runs.values())
    sys.stdout.write(
        f"{plain['rows']:,} rows; DuckDB alone {plain['seconds']:.2f} s, peak {plain['peak_mb']:,} MB\n"
        f"landing {own['seconds_ingest']:.2f} s, typing and loading {own['seconds_loading']:.2f} s, "
        f"the gate's checks {own['seconds_gate']:.2f} s, peak {own['peak_mb']:,} MB\n"
        f"landing + loading / plain: {_seconds_counted(own) / plain['seconds']:.2f}\n"
    )
    return 0


def _seconds_counted(run: dict[str, Any]) -> float:
    return float(run["seconds_ingest"] + run["seconds_loading"] or run["seconds"])


def _alone(phase: str, files: Path, folder: Path) -> dict[str, Any]:
    """One run in a process of its own, over the same files in a folder that was never read."""
    shutil.copytree(files, folder, copy_function=os.link)
    result = _phase(phase, folder)
    shutil.rmtree(folder)
    return result


def _phase(name: str, folder: Path, *numbers: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.phase", name, str(folder), *map(str, numbers)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


if __name__ == "__main__":
    sys.exit(main())

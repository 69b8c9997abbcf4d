"""The build step: one dbt build from raw to marts, incremental where it can be, whole where it must.

What changed since the last finished build is told by the load sequence of the batches; which weeks
it makes stale, by ``raw._changes``. A changed seed, model, source declaration or an earlier ``as_of``
rebuilds everything, so that an incremental result always equals a full one.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gapwatch import calendars, ledger_export, locks, seeds
from gapwatch.errors import GapwatchError, ResourceError, UserError
from gapwatch.faults import fault_point
from gapwatch.warehouse import write_connection

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from gapwatch.workspace import Workspace

Progress = Callable[[str, int, int], None]

EPOCH = datetime.fromisoformat("1970-01-05")
_RECORD = "\x1e"
NOTHING = ("none", "nothing new")


class BuildFailedError(GapwatchError):
    """A model or a test of the build failed; the snapshot that was published before stays."""

    exit_code = 1


@dataclass
class BuildReport:
    """What a build did. Seconds: the whole step, and the SQL of models, seeds and tests alone."""

    build_id: str
    mode: str
    as_of: datetime
    load_seq: int
    stale_from: datetime | None = None
    reason: str = ""
    models: int = 0
    tests: int = 0
    seconds: float = 0.0
    seconds_sql: float = 0.0
    seconds_models: float = 0.0
    slowest: list[tuple[str, float]] = field(default_factory=list)
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        values = asdict(self)
        values["as_of"] = self.as_of.isoformat()
        values["stale_from"] = self.stale_from.isoformat() if self.stale_from else None
        return values


@dataclass(frozen=True)
class _Plan:
    mode: str
    reason: str
    as_of: datetime
    load_seq: int
    built_load_seq: int
    stale_week: int
    fingerprint: str
    is_redefined: bool = False


def build(ws: Workspace, *, full_refresh: bool = False, progress: Progress | None = None) -> BuildReport:
    """Bring the marts up to date. The caller holds the warehouse lock.

    Raises UserError when nothing has been admitted yet, BuildFailedError when a model or a test
    fails, ResourceError when memory or disk ran out.
    """
    began = time.monotonic()
    folder = seeds.assemble(ws)
    thresholds = seeds.settings(ws)
    calendars.check(ws)
    with write_connection(ws) as connection:
        ledger_export.export(ws, connection)
        plan = _plan(ws, connection, _fingerprint(folder, thresholds, connection), full_refresh)
    report = BuildReport(
        build_id=uuid.uuid4().hex[:12],
        mode=plan.mode,
        as_of=plan.as_of,
        load_seq=plan.load_seq,
        reason=plan.reason,
        stale_from=EPOCH + timedelta(weeks=plan.stale_week) if plan.mode == "incremental" else None,
    )
    if plan.mode == "none":
        report.seconds = time.monotonic() - began
        return report
    if plan.mode == "records":
        with write_connection(ws) as connection:
            _note(connection, report, plan)
        report.seconds = time.monotonic() - began
        return report
    with write_connection(ws) as connection:
        connection.execute("delete from meta.builds_begun")
        connection.execute("insert into meta.builds_begun values (?, ?)", [plan.fingerprint, _now()])
    fault_point("build.before_dbt")
    results = _run_dbt(ws, plan, thresholds, folder, progress)
    _raise_on_failure(ws, results)
    fault_point("build.after_dbt")
    with write_connection(ws) as connection:
        _note(connection, report, plan)
    fault_point("build.after_record")
    models = [r for r in results if r["resource_type"] in {"model", "seed"}]
    report.models = len(models)
    report.tests = sum(r["resource_type"] == "test" for r in results)
    report.seconds_models = sum(r["seconds"] for r in models)
    report.seconds_sql = sum(r["seconds"] for r in results)
    report.slowest = sorted(((r["node"].split(".")[-1], r["seconds"]) for r in models), key=lambda x: -x[1])[
        :8
    ]
    report.seconds = time.monotonic() - began
    return report


def _note(connection: duckdb.DuckDBPyConnection, report: BuildReport, plan: _Plan) -> None:
    """The build is finished: what it stands on."""
    connection.execute(
        "insert into meta.builds values (?, ?, ?, ?, ?, ?)",
        [report.build_id, _now(), plan.fingerprint, plan.load_seq, plan.as_of, plan.mode],
    )
    ledger_export.note_built(connection)
    connection.execute("delete from meta.builds_begun")


def unit_tests(ws: Workspace) -> list[dict[str, Any]]:
    """Run dbt's unit tests of the models; the workspace has been built once. One result per test:
    ``node``, ``status`` (pass, fail, error) and ``message``.
    """
    folder = seeds.assemble(ws)
    about = _run_values(EPOCH, -1, -1_000_000, False)
    return _dbt(ws, ["test", "--select", "test_type:unit"], seeds.settings(ws), about, folder)


def _plan(
    ws: Workspace, connection: duckdb.DuckDBPyConnection, fingerprint: str, full_refresh: bool
) -> _Plan:
    connection.execute(
        "create table if not exists meta.builds "
        "(build_id varchar, finished_at timestamp, fingerprint varchar, "
        "load_seq bigint, as_of timestamp, mode varchar)"
    )
    connection.execute(
        "create table if not exists meta.builds_begun (fingerprint varchar, begun_at timestamp)"
    )
    # A version dated years ahead by mistake would make as many empty weeks: now is landing or a day later.
    newest = connection.execute(
        "select max(load_seq), max(least(max_known_at, landed_at + interval 1 day)) "
        "filter (where accepted_rows > 0) from raw._batches"
    ).fetchone()
    if newest is None or newest[1] is None:
        raise UserError(
            "No row has been admitted yet, so there is nothing to build from",
            where=str(ws.warehouse_path),
            rule="something_admitted",
            next_step="gapwatch ingest && gapwatch gate",
        )
    load_seq, as_of = int(newest[0]), ws.as_of or newest[1]
    last = connection.execute(
        "select load_seq, as_of, fingerprint from meta.builds order by rowid desc limit 1"
    ).fetchone()
    running_week = _week(as_of)

    def full(reason: str) -> _Plan:
        redefined = last is not None and last[2] != fingerprint
        return _Plan("full", reason, as_of, load_seq, -1, -1_000_000, fingerprint, redefined)

    if full_refresh:
        return full("asked for")
    if last is None:
        return full("first build")
    ledger = connection.execute(
        "select count(*) from information_schema.tables "
        "where table_schema = 'intermediate' and table_name = 'int_promises_unioned'"
    ).fetchone()
    if ledger == (0,):
        # What feeds it would hand over the changed promises alone.
        return full("the promise ledger is missing")
    if last[2] != fingerprint:
        return full("models, seeds, thresholds or source declarations changed")
    begun = connection.execute("select fingerprint from meta.builds_begun").fetchone()
    if begun is not None and begun[0] != fingerprint:
        # It may have left weeks of its own definitions among the others.
        return full("a rebuild with other definitions did not finish")
    if as_of < last[1]:
        return full("as_of went back")
    if as_of > last[1] and _passes_over_facts(connection, last[0], last[1], as_of):
        return full("as_of moved on over facts that were admitted before")
    scored_from = ledger_export.weeks_to_score(connection)
    is_same = last[0] == load_seq and last[1] == as_of
    if is_same and scored_from is None:
        mode, reason = ("records", "a new replay") if ledger_export.has_new_records(connection) else NOTHING
        return _Plan(mode, reason, as_of, load_seq, load_seq, running_week, fingerprint)
    stale = connection.execute(
        "select min(stale_from) from raw._changes where load_seq > ?", [last[0]]
    ).fetchone()
    weeks = [_week(last[1])] + ([_week(stale[0])] if stale and stale[0] else [])
    weeks += [scored_from] if scored_from is not None else []
    reason = "a churn model was published" if is_same else "new batches"
    return _Plan("incremental", reason, as_of, load_seq, int(last[0]), min(weeks), fingerprint)


def _passes_over_facts(
    connection: duckdb.DuckDBPyConnection, load_seq: int, earlier: datetime, as_of: datetime
) -> bool:
    """Whether rows that the last build had, and did not count yet, became known between the two instants.

    A row dated years ahead by mistake is beyond both, and no reason to make everything anew each day.
    """
    batches = connection.execute(
        "select distinct contract from raw._batches where load_seq <= ? and max_known_at > ?",
        [load_seq, earlier],
    ).fetchall()
    return any(
        connection.execute(
            f"select 1 from raw.{contract} where known_at > ? and known_at <= ? and _batch_id in "
            "(select batch_id from raw._batches where load_seq <= ? and max_known_at > ?) limit 1",
            [earlier, as_of, load_seq, earlier],
        ).fetchone()
        for (contract,) in batches
    )


def _run_dbt(
    ws: Workspace, plan: _Plan, thresholds: dict[str, float], seed_folder: Path, progress: Progress | None
) -> list[dict[str, Any]]:
    about = _run_values(plan.as_of, plan.built_load_seq, plan.stale_week, plan.is_redefined)
    what = ["build", "--exclude-resource-type", "unit_test"]
    if plan.mode == "full":
        what.append("--full-refresh")
    else:
        # A changed seed makes a full build: here they are loaded as they stand.
        what += ["--exclude-resource-type", "seed"]
    return _dbt(ws, what, thresholds, about, seed_folder, progress)


def _dbt(
    ws: Workspace,
    what: list[str],
    thresholds: dict[str, float],
    about: dict[str, str],
    seed_folder: Path,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Run dbt in a process of its own; its results, node by node. Raises BuildFailedError without any."""
    project = str(seeds.DBT_PROJECT)
    state = ws.state_path / "dbt"
    state.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "gapwatch.dbt_child"]
    command += ["--quiet", "--no-use-colors", "--log-path", str(state / "logs"), "--log-level-file", "info"]
    command += [
        *what,
        "--target-path",
        str(state / "target"),
        "--project-dir",
        project,
        "--profiles-dir",
        project,
    ]
    command += ["--vars", json.dumps(_variables(thresholds))]
    done: list[dict[str, Any]] = []
    error, finished = "", 0
    with subprocess.Popen(
        command,
        env=_environment(ws, state, seed_folder) | about,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # The child ends when this pipe does, and holds the lock until it has: see dbt_child.
        stdin=subprocess.PIPE,
        pass_fds=locks.held_descriptors(),
        text=True,
        encoding="utf-8",
    ) as child:
        assert child.stdout is not None
        tail: list[str] = []
        for line in child.stdout:
            if not line.startswith(_RECORD):
                tail = [*tail[-20:], line]
                continue
            record = json.loads(line[1:])
            if "finished" in record:
                finished += 1
                if progress is not None:
                    progress(record["finished"].split(".")[2], finished, 0)
            error = record.get("error", error)
            done = record.get("results", done)
    if error or (not done and child.returncode != 0):
        raise BuildFailedError(
            f"dbt could not build: {(error or ''.join(tail)).strip()}",
            where=str(state / "logs" / "dbt.log"),
            rule="build",
            next_step="gapwatch doctor",
        )
    return done


def _variables(thresholds: dict[str, float]) -> dict[str, float]:
    return {name: int(value) if value.is_integer() else value for name, value in thresholds.items()}


def _run_values(as_of: datetime, built_load_seq: int, stale_week: int, is_redefined: bool) -> dict[str, str]:
    """What differs from build to build, by its name in the environment: as vars of dbt they would make it
    parse the whole project again each time.
    """
    return {
        "GAPWATCH_AS_OF": as_of.isoformat(sep=" "),
        "GAPWATCH_BUILT_LOAD_SEQ": str(built_load_seq),
        "GAPWATCH_STALE_FROM_WEEK": str(stale_week),
        "GAPWATCH_IS_REDEFINED": str(int(is_redefined)),
    }


def _environment(ws: Workspace, state: Path, seed_folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "GAPWATCH_WAREHOUSE": str(ws.warehouse_path),
        "GAPWATCH_SEEDS": str(seed_folder),
        "GAPWATCH_MEMORY": ws.limits.memory,
        "GAPWATCH_THREADS": str(ws.limits.threads),
        "GAPWATCH_TEMP": str(ws.tmp_path),
        "GAPWATCH_TEMP_SIZE": ws.limits.temp_directory_size,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def _raise_on_failure(ws: Workspace, results: list[dict[str, Any]]) -> None:
    failed = [r for r in results if r["status"] in {"error", "fail", "runtime error"}]
    if not failed:
        return
    first = failed[0]
    kind = (
        ResourceError
        if "Out of Memory" in first["message"] or "No space left" in first["message"]
        else BuildFailedError
    )
    message = _broken_rules(ws, first) or " ".join(first["message"].split())
    others = f" ({len(failed) - 1} more failed)" if len(failed) > 1 else ""
    raise kind(
        f"The build failed at {first['node'].split('.')[2]}: {message[:600]}{others}",
        where=first["path"],
        rule=first["resource_type"],
        next_step="mend it, then gapwatch build; the snapshot published before stays as it is",
    )


def _broken_rules(ws: Workspace, test: dict[str, Any]) -> str:
    """The rules that a failed test of several found broken, with their rows; empty for any other failure."""
    if "broken_rule" not in (test["sql"] or ""):
        return ""
    with write_connection(ws) as connection:
        found = connection.execute(
            f"select broken_rule, count(*) from ({test['sql']}) group by 1 order by 2 desc, 1 limit 3"
        ).fetchall()
    return "; ".join(f"{rows} {'row breaks' if rows == 1 else 'rows break'} {rule}" for rule, rows in found)


def _fingerprint(
    seed_folder: Path, thresholds: dict[str, float], connection: duckdb.DuckDBPyConnection
) -> str:
    """Digest of everything but the data that decides the marts: a change rebuilds them whole."""
    digest = hashlib.sha256()
    sources = [
        path
        for pattern in ("models/**/*.sql", "models/**/*.py", "macros/**/*.sql", "dbt_project.yml")
        for path in sorted(seeds.DBT_PROJECT.glob(pattern))
    ]
    for path in sources + sorted(seed_folder.glob("*.csv")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(json.dumps(thresholds, sort_keys=True).encode())
    declared = connection.execute("select * from raw._sources order by all").fetchall()
    digest.update(repr(declared).encode())
    return digest.hexdigest()


def _week(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(weeks=1)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)

"""The build step: one dbt build from raw to marts, incremental where it can be, whole where it must.

What there is to do is told by :mod:`gapwatch.build_plan`; dbt does it, in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gapwatch import build_plan, calendars, ledger_export, locks, seeds
from gapwatch.build_plan import NO_LOAD, NO_WEEK, Plan
from gapwatch.errors import GapwatchError, ResourceError
from gapwatch.faults import fault_point
from gapwatch.warehouse import write_connection
from gapwatch.weeks import start_of

if TYPE_CHECKING:
    from pathlib import Path

    from gapwatch.workspace import Workspace

Progress = Callable[[str, int, int], None]

_RECORD = "\x1e"


class BuildFailedError(GapwatchError):
    """A model or a test of the build failed; the snapshot that was published before stays."""

    exit_code = 1


@dataclass
class BuildReport:
    """What a build did. Seconds: the whole step (``seconds``), and in it the database's for models and seeds
    (``seconds_models``), dbt's own for the same nodes between their statements (``seconds_between``) and the
    tests' (``seconds_tests``). ``timings``: model or seed -> the first two of these.
    """

    build_id: str
    mode: str
    as_of: datetime
    load_seq: int
    stale_from: datetime | None = None
    reason: str = ""
    models: int = 0
    tests: int = 0
    seconds: float = 0.0
    seconds_models: float = 0.0
    seconds_between: float = 0.0
    seconds_tests: float = 0.0
    timings: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False)
    slowest: list[tuple[str, float]] = field(default_factory=list)
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        values = asdict(self)
        del values["timings"]
        values["as_of"] = self.as_of.isoformat()
        values["stale_from"] = self.stale_from.isoformat() if self.stale_from else None
        return values


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
        fingerprint = build_plan.fingerprint_of(folder, thresholds, connection)
        plan = build_plan.plan(ws, connection, fingerprint, full_refresh)
    report = BuildReport(
        build_id=uuid.uuid4().hex[:12],
        mode=plan.mode,
        as_of=plan.as_of,
        load_seq=plan.load_seq,
        reason=plan.reason,
        stale_from=start_of(plan.stale_week) if plan.mode == "incremental" else None,
    )
    if plan.mode == "none":
        report.seconds = time.monotonic() - began
        return report
    if plan.mode == "records":
        with write_connection(ws) as connection:
            build_plan.finish(connection, report.build_id, plan)
        report.seconds = time.monotonic() - began
        return report
    with write_connection(ws) as connection:
        build_plan.begin(connection, plan)
    fault_point("build.before_dbt")
    results = _run_dbt(ws, plan, thresholds, folder, progress)
    _raise_on_failure(ws, results)
    fault_point("build.after_dbt")
    with write_connection(ws) as connection:
        build_plan.finish(connection, report.build_id, plan)
    fault_point("build.after_record")
    _tell_seconds(report, results)
    report.seconds = time.monotonic() - began
    return report


def _tell_seconds(report: BuildReport, results: list[dict[str, Any]]) -> None:
    models = [r for r in results if r["resource_type"] in {"model", "seed"}]
    tests = [r for r in results if r["resource_type"] == "test"]
    report.models, report.tests = len(models), len(tests)
    report.timings = {
        r["node"].split(".")[-1]: (r["seconds_sql"], r["seconds"] - r["seconds_sql"]) for r in models
    }
    report.seconds_models = sum(sql for sql, _ in report.timings.values())
    report.seconds_between = sum(between for _, between in report.timings.values())
    report.seconds_tests = sum(r["seconds"] for r in tests)
    slowest = sorted(report.timings.items(), key=lambda entry: -entry[1][0])[:8]
    report.slowest = [(name, sql) for name, (sql, _) in slowest]


def unit_tests(ws: Workspace) -> list[dict[str, Any]]:
    """Run dbt's unit tests of the models; the workspace has been built once. One result per test:
    ``node``, ``status`` (pass, fail, error) and ``message``.
    """
    folder = seeds.assemble(ws)
    about = _run_values(start_of(0), NO_LOAD, NO_WEEK, False)
    return _dbt(ws, ["test", "--select", "test_type:unit"], seeds.settings(ws), about, folder)


def _run_dbt(
    ws: Workspace, plan: Plan, thresholds: dict[str, float], seed_folder: Path, progress: Progress | None
) -> list[dict[str, Any]]:
    about = _run_values(plan.as_of, plan.built_load_seq, plan.stale_week, plan.is_redefined)
    what = ["build", "--exclude-resource-type", "unit_test"]
    if plan.mode == "full":
        what.append("--full-refresh")
    elif not plan.is_after_a_death:
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
        next_step=f"{_mending(first['message'])}, then gapwatch build; "
        "the snapshot published before stays as it is",
    )


def _mending(message: str) -> str:
    """What to do about a failed step."""
    if "Out of Memory" in message:
        return "raise limits.memory or limits.temp_directory_size in gapwatch.yml"
    if "No space left" in message:
        return "free disk space"
    return "mend it"


def _broken_rules(ws: Workspace, test: dict[str, Any]) -> str:
    """The rules that a failed test of several found broken, with their rows; empty for any other failure."""
    if "broken_rule" not in (test["sql"] or ""):
        return ""
    with write_connection(ws) as connection:
        found = connection.execute(
            f"select broken_rule, count(*) from ({test['sql']}) group by 1 order by 2 desc, 1 limit 3"
        ).fetchall()
    return "; ".join(f"{rows} {'row breaks' if rows == 1 else 'rows break'} {rule}" for rule, rows in found)

"""One phase of the benchmark in a process of its own, so that its peak memory is its own.

``python -m benchmarks.phase <phase> <folder> [number ...]`` prints one line of JSON at the end.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import by_hand, reading
from benchmarks.compare import APART, KEYS, compare
from benchmarks.generate import Size, add_a_day, generate
from gapwatch import seeds, transform
from gapwatch.locks import warehouse_lock
from gapwatch.workspace import Workspace, load_workspace

BY_HAND = "by_hand.duckdb"
INCREMENTAL = "incremental.duckdb"


def main(phase: str, folder: Path, numbers: list[int]) -> None:
    """Run one phase and print what it measured."""
    ws = load_workspace(folder)
    result = PHASES[phase](ws, numbers)
    result["peak_mb"] = _peak_mb()
    sys.stdout.write(json.dumps(result) + "\n")


def _generate(ws: Workspace, numbers: list[int]) -> dict[str, Any]:
    return {"rows": generate(ws, Size(*numbers))}


def _add_a_day(ws: Workspace, _: list[int]) -> dict[str, Any]:
    return {"rows": add_a_day(ws)}


def _build(ws: Workspace, numbers: list[int]) -> dict[str, Any]:
    with warehouse_lock(ws):
        report = transform.build(ws, full_refresh=bool(numbers and numbers[0]))
    apart = [seconds for name, seconds in report.timings.items() if name in APART]
    return report.as_dict() | {
        "seconds_apart": sum(sql for sql, _ in apart),
        "seconds_between_apart": sum(between for _, between in apart),
        "timings": report.timings,
    }


def _script(ws: Workspace, _: list[int]) -> dict[str, Any]:
    target = ws.folder / BY_HAND
    target.unlink(missing_ok=True)
    # The settings of the build: see dbt_project/profiles.yml.
    config: dict[str, Any] = {
        "memory_limit": ws.limits.memory,
        "threads": ws.limits.threads,
        "temp_directory": str(ws.tmp_path),
        "max_temp_directory_size": ws.limits.temp_directory_size,
        "checkpoint_threshold": "16GB",
    }
    with duckdb.connect(str(target), config=config) as connection:
        connection.execute("load icu")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {_text(ws.warehouse_path)} as warehouse (read_only)")
        connection.execute(f"set variable seeds = {_text(seeds.assemble(ws))}")
        seconds = by_hand.run(connection)
    slowest = sorted(seconds, key=lambda entry: -entry[1])[:8]
    return {"seconds": sum(spent for _, spent in seconds), "slowest": slowest}


def _compare(ws: Workspace, _: list[int]) -> dict[str, Any]:
    return _told(ws, ws.warehouse_path, ws.folder / BY_HAND)


def _keep(ws: Workspace, _: list[int]) -> dict[str, Any]:
    """Put the incremental result aside, views and all, before a full build replaces it."""
    shutil.copyfile(ws.warehouse_path, ws.folder / INCREMENTAL)
    return {}


def _compare_incremental(ws: Workspace, _: list[int]) -> dict[str, Any]:
    return _told(ws, ws.folder / INCREMENTAL, ws.warehouse_path)


def _told(ws: Workspace, left: Path, right: Path) -> dict[str, Any]:
    found = compare(left, right, tables=KEYS, memory=ws.limits.memory, temporary=ws.tmp_path)
    return {
        "rows": {difference.table: difference.rows for difference in found},
        "differences": [str(difference) for difference in found if not difference.is_equal],
    }


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _peak_mb() -> int:
    """Most memory of this process or of one it started (the build runs dbt in a child), in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return round(max(peaks) * unit / 1e6)


PHASES: dict[str, Callable[[Workspace, list[int]], dict[str, Any]]] = {
    "generate": _generate,
    "build": _build,
    "script": _script,
    "compare": _compare,
    "add_a_day": _add_a_day,
    "keep": _keep,
    "compare_incremental": _compare_incremental,
    "reading_plain": lambda ws, _: asdict(reading.plain(ws)),
    "reading_pipeline": lambda ws, _: asdict(reading.pipeline(ws)),
}

if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), [int(number) for number in sys.argv[3:]])

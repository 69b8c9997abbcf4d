"""``python -m benchmarks``: generate, build, compare with the script, add a day, read files; print ratios."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import reading, report

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Run everything; 0 when all outputs agree (whatever the timings), 1 when a row differs."""
    options = _options(arguments)
    results = run(
        options.folder,
        tickets=options.tickets,
        answers=options.answers,
        accounts=options.accounts,
        weeks=options.weeks,
        with_reading=not options.skip_reading,
    )
    (options.folder / "report.json").write_text(json.dumps(results, indent=2), encoding="utf-8")
    sys.stdout.write(report.text(results))
    return 1 if report.differences(results) else 0


def run(
    folder: Path,
    *,
    tickets: int,
    answers: int | None = None,
    accounts: int | None = None,
    weeks: int = 156,
    with_reading: bool = True,
) -> dict[str, Any]:
    """All phases in order, each in its own process. Returns what each of them measured, by name."""
    answers = tickets // 2 if answers is None else answers
    accounts = max(20, tickets // 1000) if accounts is None else accounts
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "gapwatch.yml").write_text("version: 1\nname: Benchmark\n", encoding="utf-8")
    results: dict[str, Any] = {
        "size": {"tickets": tickets, "answers": answers, "accounts": accounts, "weeks": weeks},
        "machine": _machine(),
    }
    results["generate"] = _phase("generate", folder, tickets, answers, accounts, weeks)
    results["full"] = _phase("build", folder)
    results["script"] = _phase("script", folder)
    results["compare"] = _phase("compare", folder)
    if with_reading:
        files = folder / "reading"
        reading.write_workspace(files, folder / "warehouse.duckdb", tickets)
        results["reading_plain"] = _phase("reading_plain", files)
        results["reading_pipeline"] = _phase("reading_pipeline", files)
    results["day"] = _phase("add_a_day", folder)
    results["incremental"] = _phase("build", folder)
    _phase("keep", folder)
    results["full_again"] = _phase("build", folder, 1)
    results["script_at_the_end"] = _phase("script", folder)
    results["compare_incremental"] = _phase("compare_incremental", folder)
    return results


def _phase(name: str, folder: Path, *numbers: int) -> dict[str, Any]:
    began = time.monotonic()
    sys.stderr.write(f"{name} ... ")
    sys.stderr.flush()
    command = [sys.executable, "-m", "benchmarks.phase", name, str(folder), *map(str, numbers)]
    # Byte code is kept as in any installed environment: else every Python model compiles its libraries again.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise SystemExit(f"benchmark: the phase {name} failed (exit code {done.returncode}); see above")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    result["seconds_phase"] = time.monotonic() - began
    sys.stderr.write(f"{result['seconds_phase']:.1f} s, {result['peak_mb']} MB\n")
    return result


def _machine() -> dict[str, Any]:
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpus": os.cpu_count(),
        "memory_gb": round(pages / 1e9),
        "system": platform.system(),
        "processor": _processor(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--tickets", type=int, default=1_000_000, help="tickets, in about 1.4 versions each")
    parser.add_argument("--answers", type=int, default=None, help="answers (default: half the tickets)")
    parser.add_argument("--accounts", type=int, default=None, help="accounts (default: a thousandth)")
    parser.add_argument("--weeks", type=int, default=156, help="weeks of history")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "benchmark", help="replaced whole")
    parser.add_argument("--skip-reading", action="store_true", help="leave the reading of files out")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""The sample company in a workspace of its own, simulated once for each set of parameters."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from gapwatch.pipeline import Progress, RunReport
    from gapwatch.workspace import Workspace


def prepare(folder: Path, *, accounts: int, months: int, seed: int, progress: Progress | None = None) -> bool:
    """Have the sample company's files in ``folder``; True where they were made now.

    Files made with other parameters are replaced, and what a run made from them goes away with them.
    Raises UserError for impossible sizes and for a folder that holds a workspace of somebody's own.
    """
    from gapwatch.simulate import simulate

    wanted = {"accounts": accounts, "months": months, "seed": seed}
    settings = folder / "truth" / "simulation.json"
    made = _read(settings)
    if wanted.items() <= made.items():
        return False
    if settings.exists():
        # From here on the folder counts as unfinished, also if this process ends half-way.
        settings.write_text("{}\n", encoding="utf-8")
        _clear(folder)
    simulate(folder, accounts=accounts, months=months, seed=seed, progress=progress)
    return True


def show_record(ws: Workspace, report: RunReport, progress: Progress | None = None) -> None:
    """Replay what a run has just published, and publish again with the record; ``report`` takes it up.

    A run that published nothing new leaves the record as it is.
    """
    from gapwatch import pipeline
    from gapwatch.publish import PublishReport
    from gapwatch.summary import summarise

    published = report.steps.get("publish")
    if not isinstance(published, PublishReport) or not published.is_new:
        return
    began = time.monotonic()
    report.steps["backtest"] = pipeline.backtest(
        ws, ws.folder / "reports" / "backtest.html", progress=progress
    )
    pipeline.build(ws, progress=progress)
    report.steps["publish"] = pipeline.publish(ws, progress=progress)
    report.seconds["backtest"] = round(time.monotonic() - began, 2)
    report.summary = summarise(ws, exit_code=report.exit_code, seconds=report.seconds)


def _read(path: Path) -> dict[str, object]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _clear(folder: Path) -> None:
    for name in ("landing", "published", ".gapwatch"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for pattern in ("warehouse.duckdb*", "ledger.sqlite*"):
        for path in folder.glob(pattern):
            path.unlink()

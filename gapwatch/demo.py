"""The sample company in a workspace of its own, simulated once for each set of parameters."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from gapwatch.pipeline import Progress


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

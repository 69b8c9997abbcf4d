"""The board paper: all clients or one, as one HTML file that asks no network for anything, and as PDF.

Made by a child process that reads the published snapshot as the screens do, so that paper and screen say
the same; nothing here imports them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gapwatch.errors import GapwatchError, InternalError, UserError
from gapwatch.serve import environment
from gapwatch.snapshots import find

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace

SECONDS = 600.0


@dataclass(frozen=True)
class Report:
    """What was written: the finding it begins with, the snapshot it is made from, the files."""

    title: str
    snapshot: str
    files: list[str]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def report(
    workspace: Workspace,
    out: Path | None = None,
    *,
    account: str | None = None,
    language: str = "en",
    snapshot_id: str | None = None,
    with_pdf: bool = False,
) -> Report:
    """Write the paper to ``out`` (``report.html`` or ``report-ACCOUNT.html`` where None), PDF beside it.

    Raises SnapshotMissingError, and UserError for a client nobody knows, a folder that is not there, and a
    PDF without a browser.
    """
    out = out or Path(_name(account))
    if not out.absolute().parent.is_dir():
        raise UserError(f"There is no folder {out.parent}", where="--out", next_step=f"mkdir -p {out.parent}")
    found = find(workspace.published_path, snapshot_id)
    line = [sys.executable, "-m", "dashboards.report", str(out), "--lang", language]
    # After an equals sign an id may begin with a hyphen.
    line += [f"--snapshot={found.snapshot_id}"]
    line += [f"--account={account}"] if account is not None else []
    line += ["--pdf"] if with_pdf else []
    child = subprocess.run(
        line,
        env={**os.environ, **environment(workspace), "STREAMLIT_LOGGER_LEVEL": "error"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=SECONDS,
    )
    try:
        told: dict[str, Any] = json.loads(child.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        last = (child.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise InternalError(
            f"The report was not written: {last}",
            where="dashboards.report",
            rule="internal",
            next_step="gapwatch doctor",
        ) from None
    if "error" in told:
        kinds: dict[int, type[GapwatchError]] = {UserError.exit_code: UserError}
        fields = told["error"]
        raise kinds.get(told["exit_code"], InternalError)(fields.pop("what"), **fields)
    return Report(told["title"], told["snapshot"], told["files"])


def _name(account: str | None) -> str:
    if account is None:
        return "report.html"
    safe = "".join(each if each.isalnum() or each in "-_" else "_" for each in account)
    return f"report-{safe}.html"

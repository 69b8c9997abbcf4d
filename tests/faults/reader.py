"""A reader that opens the newest snapshot all the time, checks it, and remembers which ones it saw.

Run as a program with the workspace as its last argument, until the file ``stop-reading`` is there.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path

from gapwatch import snapshots
from gapwatch.errors import UserError


def look(published: Path) -> str | None:
    """Open the newest snapshot and check that it is whole; its id, or None before the first one."""
    if snapshots.current(published) is None:
        return None
    with snapshots.open_snapshot(published, private=True) as connection:
        row = connection.execute("select snapshot_id, build_id from meta.snapshot").fetchone()
        other = connection.execute(
            "select snapshot_id, build_id from private_snapshot.meta.snapshot"
        ).fetchone()
        assert row is not None
        assert row == other, f"a mixture: {row} beside {other}"
        weeks = connection.execute(
            "select count(*) from marts.fct_satisfaction_weekly "
            "where week_id not in (select week_id from marts.dim_weeks)"
        ).fetchone()
        assert weeks == (0,), "weeks of another build"
    return str(row[0])


def check_digests(published: Path) -> None:
    """Every file that a description names fits its digest, as long as it is there."""
    for info in snapshots.available(published):
        try:
            digest = hashlib.sha256((published / info.file).read_bytes()).hexdigest()
        except FileNotFoundError:
            assert info not in snapshots.available(published), f"{info.file} is named and not there"
            continue
        assert digest == info.sha256, f"{info.file} does not fit its digest"


def main(workspace: Path) -> None:
    """Look until told to stop."""
    published = workspace / "published"
    seen: list[str] = []
    looks = 0
    while not (workspace / "stop-reading").exists():
        try:
            snapshot = look(published)
            check_digests(published)
        except UserError as error:
            sys.exit(f"a reader was refused: {error}")
        looks += 1
        if snapshot is not None and seen[-1:] != [snapshot]:
            seen.append(snapshot)
        time.sleep(0.005)
    print(json.dumps({"looks": looks, "snapshots": seen}))


if __name__ in {"__main__", "child"}:
    main(Path(sys.argv[-1]))

"""Published snapshots of a small made-up company, in the layout and with the columns of the marts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from gapwatch.snapshots import POINTER, SnapshotInfo, digest

SQL = Path(__file__).with_suffix(".sql")


def recent_instant() -> datetime:
    """Three hours ago, on the minute: a snapshot as of then is fresh."""
    return datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0) - timedelta(hours=3)


def publish(workspace: Path, *changes: str, snapshot_id: str = "0f3a", as_of: datetime | None = None) -> Path:
    """Publish the made-up company, after SQL ``changes`` to it; returns the workspace."""
    published = workspace / "published"
    published.mkdir(parents=True, exist_ok=True)
    as_of = as_of or recent_instant()
    path = published / f"snapshot-{snapshot_id}.duckdb"
    with duckdb.connect(str(path)) as connection:
        # Parameters cannot be bound to a script of several statements.
        script = SQL.read_text(encoding="utf-8")
        connection.execute(script.replace("$as_of", f"'{as_of}'").replace("$snapshot_id", f"'{snapshot_id}'"))
        for change in changes:
            connection.execute(change)
        connection.execute("CHECKPOINT")
    info = SnapshotInfo(
        snapshot_id=snapshot_id,
        file=path.name,
        private_file=f"private-{snapshot_id}.duckdb",
        sha256=digest(path),
        private_sha256="",
        build_id=f"build-{snapshot_id}",
        created_at=as_of,
        as_of=as_of,
    )
    (published / f"snapshot-{snapshot_id}.json").write_text(info.to_json(), encoding="utf-8")
    pointer = published / f"{POINTER}.new"
    pointer.write_text(info.to_json(), encoding="utf-8")
    pointer.replace(published / POINTER)
    return workspace

"""Published snapshots, seen from the reader's side: the one module that attaches them.

A reader never opens the file that is being written. It opens a database in memory, attaches one
published file read-only and locks the door behind itself: no external files, no changed settings.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from gapwatch.errors import UserError

POINTER = "current.json"
_TRIES = 5


class SnapshotMissingError(UserError):
    """No snapshot is published, or the one asked for was pruned or never existed."""


class PointerUnreadableError(UserError):
    """The pointer to the newest snapshot is damaged; publishing writes it anew."""


@dataclass(frozen=True)
class SnapshotInfo:
    """One published snapshot; instants are naive UTC, files are names within ``published/``."""

    snapshot_id: str
    file: str
    private_file: str
    sha256: str
    private_sha256: str
    build_id: str
    created_at: datetime
    as_of: datetime | None

    def to_json(self) -> str:
        """Text of the pointer and of the snapshot's own description."""
        return json.dumps(
            {
                key: value.isoformat() if isinstance(value, datetime) else value
                for key, value in asdict(self).items()
            },
            indent=2,
        )

    @classmethod
    def from_json(cls, text: str) -> SnapshotInfo:
        """Read what :meth:`to_json` wrote; raises ValueError or KeyError on anything else."""
        fields = json.loads(text)
        fields["created_at"] = datetime.fromisoformat(fields["created_at"])
        fields["as_of"] = datetime.fromisoformat(fields["as_of"]) if fields["as_of"] else None
        return cls(**fields)


def current(published: Path) -> SnapshotInfo | None:
    """The newest published snapshot, or None before the first publish; raises PointerUnreadableError."""
    try:
        return SnapshotInfo.from_json((published / POINTER).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise PointerUnreadableError(
            f"{POINTER} cannot be understood",
            where=published.name,
            rule="published files are never changed by hand",
            next_step="gapwatch publish",
        ) from error


def available(published: Path) -> list[SnapshotInfo]:
    """All kept snapshots, newest first. A snapshot counts once its description stands beside it."""
    found = []
    for path in published.glob("snapshot-*.json"):
        with suppress(FileNotFoundError):  # pruned after it was listed
            found.append(SnapshotInfo.from_json(path.read_text(encoding="utf-8")))
    return sorted(found, key=lambda info: (info.created_at, info.snapshot_id), reverse=True)


def find(published: Path, snapshot_id: str | None = None) -> SnapshotInfo:
    """The named snapshot, or the current one; raises :class:`SnapshotMissingError`."""
    if snapshot_id is None:
        info = current(published)
        if info is None:
            raise SnapshotMissingError(
                "No snapshot is published yet",
                where=str(published.name),
                next_step="gapwatch run",
            )
        return info
    for info in available(published):
        if info.snapshot_id == snapshot_id:
            return info
    raise SnapshotMissingError(
        f"Snapshot {snapshot_id!r} is not kept any more, or never was",
        where=str(published.name),
        rule="the last limits.keep_snapshots are kept",
        next_step="gapwatch status",
    )


def open_snapshot(
    published: Path, snapshot_id: str | None = None, *, private: bool = False
) -> duckdb.DuckDBPyConnection:
    """Attach a snapshot read-only in a new in-memory database and make it the default.

    With ``private`` the sibling with names and comments is attached as ``private_snapshot`` too;
    only the client page and the alert writer ask for it, for roles that may. The attached file
    stays readable for this connection even if it is pruned meanwhile.
    """
    for _ in range(_TRIES):
        info = find(published, snapshot_id)
        try:
            return _opened(published, info, private)
        except SnapshotMissingError:
            # pruned between the look at the pointer and the opening: the pointer names a newer one by now
            if snapshot_id is not None or current(published) == info:
                raise
    return _opened(published, find(published, snapshot_id), private)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(published: Path, info: SnapshotInfo, private: bool) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone='UTC'")
        _attach(connection, published / info.file, "snapshot")
        if private:
            _attach(connection, published / info.private_file, "private_snapshot")
        connection.execute("USE snapshot")
        connection.execute("SET enable_external_access=false")
        connection.execute("SET lock_configuration=true")
    except Exception:
        connection.close()
        raise
    return connection


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    escaped = str(path).replace("'", "''")
    try:
        if path.is_file():
            connection.execute(f"ATTACH '{escaped}' AS {name} (READ_ONLY)")
            return
    except duckdb.IOException:
        if path.is_file():
            raise
    # Also where it was pruned between the look and the opening.
    raise SnapshotMissingError(
        f"The snapshot file {path.name} is gone",
        where=path.parent.name,
        rule="published files are never changed by hand",
        next_step="gapwatch publish",
    )

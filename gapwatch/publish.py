"""The publish step: marts become a read-only snapshot, swapped in whole or not at all.

A snapshot is written under a temporary name, checkpointed, closed, checked at the border out and
synced to disk before its description and, last, the pointer name it. Whoever reads sees the old one
until that rename and the new one after it. Names, e-mail addresses, comments and subjects go into a
private sibling that only its owner may read.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gapwatch import seeds
from gapwatch.errors import GapwatchError, UserError
from gapwatch.faults import fault_point
from gapwatch.snapshots import POINTER, PointerUnreadableError, SnapshotInfo, available, current, digest
from gapwatch.warehouse import write_connection

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from gapwatch.workspace import Workspace


#: Millions of rows, of which a page wants one client's: in the order of clients they lie in a few row groups.
_READ_BY_CLIENT = frozenset(
    {"fct_promises", "fct_ratings", "fct_satisfaction_change", "fct_survey_coverage", "rpt_client_evidence"}
)


class BorderOutError(GapwatchError):
    """The marts break a rule of the border out; nothing is published and the old snapshot stays."""

    exit_code = 1


@dataclass(frozen=True)
class PublishReport:
    """What was published. ``is_new`` is false where the build was published before."""

    snapshot_id: str
    build_id: str
    is_new: bool
    bytes: int
    tables: dict[str, int]
    pruned: list[str]
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return asdict(self)


def publish(ws: Workspace, *, force: bool = False) -> PublishReport:
    """Publish the newest finished build. The caller holds the warehouse lock.

    Raises UserError before the first build and BorderOutError when the marts suite fails or cannot
    be evaluated; the snapshot published before then stays as it is.
    """
    folder = ws.published_path
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in snapshots_left_behind(ws):
        leftover.unlink(missing_ok=True)
    with write_connection(ws) as connection:
        build_id, as_of = _newest_build(ws, connection)
        before = _pointed_at(folder)
        if before is not None and before.build_id == build_id and not force and _is_whole(folder, before):
            # A publish that was killed after its pointer has not pruned.
            pruned = _prune(ws, folder, before.snapshot_id)
            return PublishReport(before.snapshot_id, build_id, False, 0, {}, pruned)
        created_at = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        snapshot_id = f"{created_at:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        info = SnapshotInfo(
            snapshot_id=snapshot_id,
            file=f"snapshot-{snapshot_id}.duckdb",
            private_file=f"private-{snapshot_id}.duckdb",
            sha256="",
            private_sha256="",
            build_id=build_id,
            created_at=created_at,
            as_of=as_of,
        )
        try:
            tables = _write(ws, connection, folder / f"{info.file}.tmp", "marts", info)
        except BorderOutError:
            (folder / f"{info.file}.tmp").unlink(missing_ok=True)
            raise
        fault_point("publish.after_snapshot_file")
        # Nobody else's from its first byte on, not only once it is whole.
        mask = os.umask(0o077)
        try:
            _write(ws, connection, folder / f"{info.private_file}.tmp", "private", info)
        finally:
            os.umask(mask)
        fault_point("publish.after_private_file")
    public, private = folder / f"{info.file}.tmp", folder / f"{info.private_file}.tmp"
    private.chmod(0o600)
    for path in (public, private):
        _sync(path)
    info = SnapshotInfo(
        **{**vars(info), "sha256": digest(public), "private_sha256": digest(private)},
    )
    size = public.stat().st_size
    private.rename(folder / info.private_file)
    public.rename(folder / info.file)
    fault_point("publish.after_rename")
    _replace(folder / f"snapshot-{snapshot_id}.json", info.to_json())
    fault_point("publish.before_pointer")
    _replace(folder / POINTER, info.to_json())
    fault_point("publish.after_pointer")
    return PublishReport(snapshot_id, build_id, True, size, tables, _prune(ws, folder, snapshot_id))


def _newest_build(ws: Workspace, connection: duckdb.DuckDBPyConnection) -> tuple[str, datetime]:
    with suppress(Exception):  # the table is made by the first build
        row = connection.execute(
            "select build_id, as_of from meta.builds order by rowid desc limit 1"
        ).fetchone()
        if row is not None:
            return str(row[0]), row[1]
    raise UserError(
        "Nothing has been built yet, so there is nothing to publish",
        where=str(ws.warehouse_path),
        rule="build_before_publish",
        next_step="gapwatch build",
    )


def _write(
    ws: Workspace, connection: duckdb.DuckDBPyConnection, path: Path, schema: str, info: SnapshotInfo
) -> dict[str, int]:
    """Copy one schema into a new file; returns rows per table. The file is checkpointed and closed."""
    name = connection.execute("select current_database()").fetchone()
    assert name is not None
    tables = [
        str(row[0])
        for row in connection.execute(
            "select table_name from information_schema.tables "
            "where table_catalog = ? and table_schema = ? order by 1",
            [name[0], schema],
        ).fetchall()
    ]
    escaped = str(path).replace("'", "''")
    connection.execute(f"attach '{escaped}' as going_out")
    try:
        counts: dict[str, int] = {}
        connection.execute(f"create schema going_out.{schema}")
        for table in tables:
            together = " order by account_id" if table in _READ_BY_CLIENT else ""
            connection.execute(
                f'create table going_out.{schema}."{table}" as select * from {schema}."{table}"{together}'
            )
            counted = connection.execute(f'select count(*) from going_out.{schema}."{table}"').fetchone()
            counts[table] = int(counted[0]) if counted else 0
        thresholds = seeds.settings(ws)
        connection.execute("create schema going_out.meta")
        connection.execute(
            "create table going_out.meta.snapshot as select ? as snapshot_id, ? as build_id, "
            "?::timestamp as created_at, ?::timestamp as as_of, ? as workspace_name, "
            "?::boolean as is_as_of_fixed, "
            "?::integer as window_weeks, ?::double as wide_gap_points",
            [
                info.snapshot_id,
                info.build_id,
                info.created_at,
                info.as_of,
                ws.name,
                ws.as_of is not None,
                int(thresholds["window_weeks"]),
                thresholds["wide_gap_points"],
            ],
        )
        _write_settings(ws, connection, thresholds)
        if schema == "marts":
            _check(ws, connection)
        connection.execute("checkpoint going_out")
    finally:
        connection.execute("detach going_out")
    if path.with_name(path.name + ".wal").exists():
        raise BorderOutError(
            "The new snapshot could not be written to its end",
            where=str(path),
            rule="checkpointed",
            next_step="gapwatch publish",
        )
    return counts


def _write_settings(
    ws: Workspace, connection: duckdb.DuckDBPyConnection, thresholds: dict[str, float]
) -> None:
    """``meta.settings``: the thresholds these numbers were made with, and why each is as it is."""
    connection.execute(
        "create table going_out.meta.settings "
        "(name varchar, value double, unit varchar, reason varchar, is_own boolean)"
    )
    connection.executemany(
        "insert into going_out.meta.settings values (?, ?, ?, ?, ?)",
        [
            (row["name"], thresholds[row["name"]], row["unit"], row["reason"], row["name"] in ws.vars)
            for row in seeds.rows(ws, "settings")
        ],
    )


def _check(ws: Workspace, connection: duckdb.DuckDBPyConnection) -> None:
    from gapwatch.border_out import check_marts

    failures = check_marts(connection, catalog="going_out")
    if failures:
        raise BorderOutError(
            f"The marts are not fit to be published: {'; '.join(failures[:5])}"
            + (f"; and {len(failures) - 5} more" if len(failures) > 5 else ""),
            where=str(ws.warehouse_path),
            rule="border_out",
            next_step="gapwatch build --full-refresh; the snapshot published before stays as it is",
        )


def _prune(ws: Workspace, folder: Path, published: str) -> list[str]:
    """Remove all but the newest snapshots, descriptions first, so that none is found half.

    The one just ``published`` stays, also where a clock that went back makes it look older than others.
    """
    pruned = []
    others = [info for info in available(folder) if info.snapshot_id != published]
    for info in others[ws.limits.keep_snapshots - 1 :]:
        (folder / f"snapshot-{info.snapshot_id}.json").unlink(missing_ok=True)
        fault_point("publish.inside_prune")
        (folder / info.file).unlink(missing_ok=True)
        (folder / info.private_file).unlink(missing_ok=True)
        pruned.append(info.snapshot_id)
    return pruned


def snapshots_left_behind(ws: Workspace) -> list[Path]:
    """What a killed publish left: temporary files, and files that no description names."""
    folder = ws.published_path
    named = {name for info in available(folder) for name in (info.file, info.private_file)}
    pointed = _pointed_at(folder)
    if pointed is not None:
        named |= {pointed.file, pointed.private_file}
    files = [*folder.glob("snapshot-*.duckdb"), *folder.glob("private-*.duckdb")]
    return [*folder.glob("*.tmp*"), *(path for path in files if path.name not in named)]


def _is_whole(folder: Path, info: SnapshotInfo) -> bool:
    """Both files are there as they were published."""
    files = ((info.file, info.sha256), (info.private_file, info.private_sha256))
    return all((folder / name).is_file() and digest(folder / name) == expected for name, expected in files)


def _pointed_at(folder: Path) -> SnapshotInfo | None:
    """The snapshot that readers get; None where nothing tells: publishing is what mends the pointer."""
    try:
        return current(folder)
    except PointerUnreadableError:
        return None


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    _sync(temporary)
    temporary.replace(path)
    _sync_folder(path.parent)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

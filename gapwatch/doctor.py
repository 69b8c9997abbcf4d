"""Look for what would stop a run, or has stopped one; each finding says the fix. Changes nothing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gapwatch.errors import GapwatchError

if TYPE_CHECKING:
    from gapwatch.files import FoundFile
    from gapwatch.workspace import Source, Workspace

LOW_DISK_BYTES = 2_000_000_000
NO_DISK_BYTES = 200_000_000
#: What the steps import, by the name that is imported.
MODULES = ("dbt", "duckdb", "great_expectations", "pandas", "pyarrow", "pydantic", "sqlalchemy", "streamlit")

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``fix`` is the next command or edit, None where all is well."""

    level: Level
    subject: str
    what: str
    fix: str | None = None


@dataclass(frozen=True)
class Examination:
    """All findings, in the order in which they were looked for."""

    findings: list[Finding]

    @property
    def exit_code(self) -> int:
        """2 where something would stop a run, else 0."""
        return 2 if any(finding.level == "error" for finding in self.findings) else 0

    def as_dict(self) -> dict[str, Any]:
        """The findings as JSON-ready values."""
        return {"findings": [asdict(finding) for finding in self.findings]}


def examine(folder: Path) -> Examination:
    """Look at the environment, and at the workspace in ``folder`` as far as it can be read."""
    from gapwatch.workspace import load_workspace

    findings = [*_environment()]
    try:
        workspace = load_workspace(folder)
    except GapwatchError as error:
        return Examination([*findings, _of(error, "workspace")])
    findings.append(Finding("ok", "workspace", f"{workspace.name}, {len(workspace.sources)} sources"))
    for look in (_paths, _disk, _sources, _seeds, _lock, _ledger, _snapshot, _owners):
        findings += look(workspace)
    return Examination(findings)


def _environment() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == (3, 11):
        yield Finding("ok", "python", version)
    else:
        yield Finding("error", "python", f"{version} is not 3.11", "make PYTHON=/path/to/python3.11 setup")
    wrong = [*_packages(), *(f"{m} cannot be found" for m in MODULES if importlib.util.find_spec(m) is None)]
    if wrong:
        yield Finding("error", "packages", "; ".join(wrong), "make setup")
    else:
        yield Finding("ok", "packages", "all installed, in the versions asked for")


def _packages() -> Iterator[str]:
    from packaging.requirements import Requirement

    try:
        lines = importlib.metadata.requires("gapwatch") or []
    except importlib.metadata.PackageNotFoundError:
        yield "gapwatch itself is not installed"
        return
    for requirement in map(Requirement, lines):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            yield f"{requirement.name} is missing"
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            yield f"{requirement.name} {version} is not {requirement.specifier}"


def _paths(ws: Workspace) -> Iterator[Finding]:
    for root, path in zip(ws.roots, ws.root_paths, strict=True):
        if not path.is_dir():
            yield Finding(
                "error",
                f"roots: {root}",
                "is no folder",
                f"mkdir -p {path}, or correct roots in gapwatch.yml",
            )
        elif not os.access(path, os.R_OK | os.X_OK):
            yield Finding("error", f"roots: {root}", "cannot be read", f"chmod u+rx {path}")
    for key, path in (
        ("landing", ws.landing_path),
        ("published", ws.published_path),
        ("warehouse", ws.warehouse_path),
        ("ledger", ws.ledger_path),
        ("state", ws.state_path),
    ):
        there = next(place for place in (path, *path.parents) if place.exists())
        if not os.access(there, os.W_OK):
            yield Finding("error", f"paths.{key}", f"{there} cannot be written", f"chmod u+w {there}")


def _disk(ws: Workspace) -> Iterator[Finding]:
    free = shutil.disk_usage(ws.folder).free
    level: Level = "error" if free < NO_DISK_BYTES else "warning" if free < LOW_DISK_BYTES else "ok"
    fix = None if level == "ok" else "free disk space, or set paths in gapwatch.yml to a larger disk"
    yield Finding(level, "disk", f"{free / 1e9:.1f} GB free", fix)


def _sources(ws: Workspace) -> Iterator[Finding]:
    if not ws.sources:
        yield Finding(
            "warning", "sources", "none is declared", "gapwatch init --force, or add one to gapwatch.yml"
        )
    for source in ws.sources:
        try:
            yield _source(ws, source)
        except GapwatchError as error:
            yield _of(error, f"source {source.name}")


def _source(ws: Workspace, source: Source) -> Finding:
    """The mapping parses, and the newest file has the columns that it names."""
    from gapwatch import files, mapping

    subject = f"source {source.name}"
    wanted = mapping.referenced_columns(source)
    found = files.find(ws, source)
    if not found:
        return Finding(
            "warning", subject, "no file matches its path", f"look at path: {', '.join(source.path)}"
        )
    for file in found:
        if isinstance(file, files.RefusedFile):
            raise file.error
    newest = max((f for f in found if isinstance(f, files.FoundFile)), key=lambda f: f.stamp.mtime_ns)
    try:
        _open(ws, source, newest, wanted)
    except files.GrowingError as error:
        return Finding(
            "warning", subject, f"{newest.name}: {error}", "wait until it is written, then look again"
        )
    counted = "1 file" if len(found) == 1 else f"{len(found)} files"
    return Finding("ok", subject, f"{counted}; the newest has all mapped columns")


def _open(ws: Workspace, source: Source, file: FoundFile, wanted: list[str]) -> None:
    import duckdb

    from gapwatch import files
    from gapwatch.readers import READERS

    with duckdb.connect() as connection, files.opened(ws, source, file) as ready:
        READERS[source.reader](ready, source, wanted, connection)


def _seeds(ws: Workspace) -> Iterator[Finding]:
    from gapwatch import calendars, seeds

    try:
        seeds.settings(ws)
        calendars.check(ws)
        named = "; ".join(calendars.described(ws)) or "no source names one"
        yield Finding("ok", "calendars", named)
    except GapwatchError as error:
        yield _of(error, "seeds")


def _lock(ws: Workspace) -> Iterator[Finding]:
    from gapwatch import locks

    holder = locks.holder_of(ws, "warehouse")
    if holder is None:
        yield Finding("ok", "lock", "nobody is writing")
    else:
        yield Finding(
            "warning",
            "lock",
            f"held by {holder.command} (process {holder.pid})",
            f"wait for it, or end it: kill {holder.pid}",
        )


def _ledger(ws: Workspace) -> Iterator[Finding]:
    from gapwatch.ledger import Ledger

    try:
        if not Ledger.is_made(ws):
            yield Finding("ok", "ledger", "not there yet; the first run makes it")
            return
        with Ledger.of(ws) as ledger:
            ledger.newest_runs(1)
            read_only = ledger.is_read_only
    except GapwatchError as error:
        yield _of(error, "ledger")
    else:
        if read_only:
            fix = f"chmod u+w {ws.ledger_path}, or run as the user who owns it"
            yield Finding("warning", "ledger", "can only be read: nothing can be noted", fix)
        else:
            yield Finding("ok", "ledger", "can be read and written")


def _snapshot(ws: Workspace) -> Iterator[Finding]:
    from gapwatch import snapshots

    try:
        info = snapshots.current(ws.published_path)
    except snapshots.PointerUnreadableError as error:
        yield Finding("error", "snapshot", f"{error.what}: {error.__cause__}", "gapwatch publish")
        return
    if info is None:
        yield Finding("warning", "snapshot", "none is published yet", "gapwatch run")
        return
    for name, expected in ((info.file, info.sha256), (info.private_file, info.private_sha256)):
        path = ws.published_path / name
        if not path.is_file():
            yield Finding("error", "snapshot", f"{name} is gone", "gapwatch publish")
        elif snapshots.digest(path) != expected:
            yield Finding(
                "error", "snapshot", f"{name} is not the file that was published", "gapwatch publish"
            )
        else:
            yield Finding(
                "ok", "snapshot", f"{name} is whole, published {info.created_at:%Y-%m-%d %H:%M} UTC"
            )


def _owners(ws: Workspace) -> Iterator[Finding]:
    """Whether each alert would reach somebody."""
    import duckdb

    from gapwatch import seeds, snapshots
    from gapwatch.alerts import owners

    try:
        connection = snapshots.open_snapshot(ws.published_path)
    except (GapwatchError, ValueError, KeyError, TypeError, duckdb.Error):
        return  # said of the snapshot already
    with connection:
        rows = connection.execute(
            f"select account_id, {', '.join(owners.ACCOUNT_ROLES)} from marts.dim_accounts where is_active"
        ).fetchall()
    accounts = {row[0]: dict(zip(owners.ACCOUNT_ROLES, row[1:], strict=True)) for row in rows}
    named = [*seeds.rows(ws, "service_dimensions"), *seeds.rows(ws, "alert_rules")]
    found = list(owners.gaps(ws, accounts, {row["owner_role"] for row in named if row["owner_role"]}))
    for what, fix in found:
        yield Finding("warning", "alerts", what, fix)
    if not found:
        yield Finding("ok", "alerts", "each has an owner whom a channel reaches")


def _of(error: GapwatchError, subject: str) -> Finding:
    where = f" ({error.where})" if error.where else ""
    return Finding("error", subject, f"{error.what}{where}", error.next_step)

"""The ledger: which runs and steps there were, and which files were seen. SQLite (WAL), many writers.

Every write is one short transaction; a writer that finds the file busy waits. Instants are naive UTC.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateTable

from gapwatch.errors import ResourceError
from gapwatch.workspace import Workspace

BUSY_MILLISECONDS = 30_000
#: A disk with less room than this is full.
FULL_BYTES = 1 << 20

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("command", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("host", String, nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("finished_at", DateTime),
    Column("exit_code", Integer),
    Column("message", Text),
)

steps = Table(
    "steps",
    metadata,
    Column("step_id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String, nullable=False, index=True),
    Column("step", String, nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("finished_at", DateTime, nullable=False),
    Column("outcome", String, nullable=False),
    Column("message", Text),
    Column("report", Text),
)

file_versions = Table(
    "file_versions",
    metadata,
    Column("file_version_id", Integer, primary_key=True, autoincrement=True),
    Column("source", String, nullable=False),
    Column("file", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False),
    # Empty where a file was held before it was read to its end.
    Column("sha256", String, nullable=False),
    Column("dialect_fingerprint", String, nullable=False),
    Column("batch_id", String),
    Column("outcome", String, nullable=False),
    Column("rule", String),
    Column("message", Text),
    Column("records", BigInteger),
    Column("seen_at", DateTime, nullable=False),
    UniqueConstraint("source", "file", "sha256", "dialect_fingerprint"),
)


@dataclass(frozen=True)
class FileVersion:
    """One content of one file, as it was last seen; ``outcome`` is landed, duplicate, held or growing."""

    source: str
    file: str
    size: int
    mtime_ns: int
    ctime_ns: int
    sha256: str
    dialect_fingerprint: str
    batch_id: str | None
    outcome: str
    rule: str | None = None
    message: str | None = None
    records: int | None = None


class Ledger:
    """The ledger of one workspace; made on first use. Close it, or use it as a context manager."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.engine = _engine(path)
        try:
            self._create_tables()
        except DatabaseError as error:
            self.engine.dispose()
            raise _unusable(path, error) from None

    @classmethod
    def of(cls, ws: Workspace) -> Ledger:
        """The ledger of a workspace."""
        return cls(ws.ledger_path)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()

    def record_run(self, run_id: str, command: str, pid: int, host: str) -> None:
        """A run begins."""
        values = {"run_id": run_id, "command": command, "pid": pid, "host": host, "started_at": now()}
        self._write(insert(runs).values(values))

    def finish_run(self, run_id: str, exit_code: int, message: str | None = None) -> None:
        """A run ended by itself; a run without an end was killed, or still goes on."""
        values = {"finished_at": now(), "exit_code": exit_code, "message": message}
        self._write(update(runs).where(runs.c.run_id == run_id).values(values))

    def record_step(
        self,
        run_id: str,
        step: str,
        started_at: datetime,
        outcome: str,
        message: str | None = None,
        report: Mapping[str, Any] | None = None,
    ) -> None:
        """A step ended, with its report as JSON."""
        text = json.dumps(report, default=str, ensure_ascii=False) if report is not None else None
        self._write(
            insert(steps).values(
                run_id=run_id,
                step=step,
                started_at=started_at,
                finished_at=now(),
                outcome=outcome,
                message=message,
                report=text,
            )
        )

    def newest_runs(self, count: int = 10) -> list[dict[str, Any]]:
        """The newest runs, newest first, as dictionaries of the table's columns."""
        return self._rows(select(runs).order_by(runs.c.started_at.desc(), runs.c.run_id.desc()).limit(count))

    def steps_of(self, run_id: str) -> list[dict[str, Any]]:
        """The steps of a run in order."""
        return self._rows(select(steps).where(steps.c.run_id == run_id).order_by(steps.c.step_id))

    def record_file(self, version: FileVersion) -> None:
        """Note what became of a file; the same content seen again replaces what was noted.

        A look at the file that was not carried to its end (no ``sha256``) is forgotten with the next one.
        """
        values = {**version.__dict__, "seen_at": now()}
        key = ("source", "file", "sha256", "dialect_fingerprint")
        changed = {name: value for name, value in values.items() if name not in key}
        statement = sqlite.insert(file_versions).values(values)
        c = file_versions.c
        unfinished = (c.source == version.source) & (c.file == version.file) & (c.sha256 == "")
        self._write(
            delete(file_versions).where(unfinished),
            statement.on_conflict_do_update(index_elements=key, set_=changed),
        )

    def file_by_stat(
        self, source: str, file: str, fingerprint: str, size: int, mtime_ns: int, ctime_ns: int
    ) -> FileVersion | None:
        """What became of a file whose size and times have not changed since."""
        c = file_versions.c
        return self._version(
            (c.source == source)
            & (c.file == file)
            & (c.dialect_fingerprint == fingerprint)
            & (c.size == size)
            & (c.mtime_ns == mtime_ns)
            & (c.ctime_ns == ctime_ns)
        )

    def file_by_content(self, source: str, file: str, fingerprint: str, sha256: str) -> FileVersion | None:
        """What became of this content under this name."""
        c = file_versions.c
        return self._version(
            (c.source == source)
            & (c.file == file)
            & (c.dialect_fingerprint == fingerprint)
            & (c.sha256 == sha256)
        )

    def files(self, source: str | None = None) -> list[dict[str, Any]]:
        """All file versions (of a source), in the order they were first seen."""
        query = select(file_versions).order_by(file_versions.c.file_version_id)
        return self._rows(query.where(file_versions.c.source == source) if source else query)

    def _create_tables(self) -> None:
        # Not create_all, which looks first and then creates: of five first runs at once, four would fail.
        with self.engine.begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(CreateIndex(index, if_not_exists=True))

    def _version(self, condition: Any) -> FileVersion | None:
        query = select(file_versions).where(condition).order_by(file_versions.c.seen_at.desc()).limit(1)
        for row in self._rows(query):
            return FileVersion(**{name: row[name] for name in FileVersion.__dataclass_fields__})
        return None

    def _rows(self, query: Any) -> list[dict[str, Any]]:
        try:
            with self.engine.connect() as connection:
                return [dict(row) for row in connection.execute(query).mappings()]
        except DatabaseError as error:
            raise _unusable(self.path, error) from None

    def _write(self, *statements: Any) -> None:
        try:
            with self.engine.begin() as connection:
                for statement in statements:
                    connection.execute(statement)
        except DatabaseError as error:
            raise _unusable(self.path, error) from None


def now() -> datetime:
    """The present instant, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    return engine


def _unusable(path: Path, error: DatabaseError) -> ResourceError:
    # What SQLite cannot do now is an OperationalError; any other one speaks of what is in the file.
    is_passing = isinstance(error, OperationalError)
    mend = "check the disk and the file's permissions (`gapwatch doctor`), then try again"
    # A full disk is "full", or an I/O error where the write-ahead log is mapped into memory.
    if "full" in str(error.orig) or shutil.disk_usage(path.parent).free < FULL_BYTES:
        mend = "free disk space, then run the same command again"
    renew = f"move {path.name} away, then `gapwatch run` makes a new one; past runs are forgotten, no row is"
    return ResourceError(
        f"The ledger {'cannot be used' if is_passing else 'is damaged'}: {error.orig}",
        where=str(path),
        rule="ledger",
        next_step=mend if is_passing else renew,
    )

"""The ledger: what was done. Runs, steps and files seen here; alerts by :mod:`gapwatch.alerts.store`.

Every write is one short transaction; a writer that finds the database busy waits. Instants are naive UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Select,
    Table,
    Text,
    case,
    cast,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError

from gapwatch import ledger_database
from gapwatch.ledger_tables import file_versions, runs, steps
from gapwatch.workspace import Workspace


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
    """The ledger of one workspace; made on first use. Close it, or use it as a context manager.

    Raises ResourceError where the database cannot be used, UserError where its version does not fit.
    """

    def __init__(self, where: Path | URL) -> None:
        self.url = ledger_database.file_url(where) if isinstance(where, Path) else where
        self.engine, self.is_read_only = ledger_database.opened(self.url)
        try:
            ledger_database.upgrade(self.engine, is_read_only=self.is_read_only)
        except DatabaseError as error:
            self.engine.dispose()
            raise ledger_database.unusable(self.url, error) from None
        except BaseException:
            self.engine.dispose()
            raise

    @classmethod
    def of(cls, ws: Workspace) -> Ledger:
        """The ledger of a workspace."""
        return cls(ledger_database.url_of(ws))

    @staticmethod
    def is_made(ws: Workspace) -> bool:
        """False where the ledger is a file that is not there yet."""
        return ledger_database.is_made(ledger_database.url_of(ws))

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent look: a transaction that only reads."""
        try:
            with self.engine.connect() as connection, connection.begin():
                yield connection
        except DatabaseError as error:
            raise ledger_database.unusable(self.url, error) from None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction as the only writer, from its first statement on; committed at its end.

        Whatever is read in it stays true until then. Keep it short, and send nothing in it.
        """
        try:
            with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
                yield connection
        except DatabaseError as error:
            raise ledger_database.unusable(self.url, error) from None

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that knows ``on_conflict_do_update`` and ``on_conflict_do_nothing``."""
        is_file = self.engine.dialect.name == "sqlite"
        return sqlite.insert(table) if is_file else postgresql.insert(table)

    def as_one_value(self, query: Select[Any]) -> Select[Any]:
        """The rows of a query as one JSON text, a list of lists; PostgreSQL has none where there is no row.

        Doubles are texts that ``float`` reads: JSON has no infinity, and SQLite writes 15 digits of it.
        SQLite's driver lets other threads run before each row: where many do, a thousand rows take a
        thousand turns.
        """
        is_file = self.engine.dialect.name == "sqlite"

        def exact(column: ColumnElement[Any]) -> ColumnElement[Any]:
            if not isinstance(column.type, Double):
                return column
            digits = func.printf("%!.17g", column) if is_file else cast(column, Text)
            return case((column.is_not(None), digits))

        columns = [exact(column) for column in query.subquery().c]
        if is_file:
            return select(func.json_group_array(func.json_array(*columns)))
        return select(cast(func.json_agg(func.json_build_array(*columns)), Text))

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
        statement = self.insert(file_versions).values(values)
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

    def _version(self, condition: Any) -> FileVersion | None:
        query = select(file_versions).where(condition).order_by(file_versions.c.seen_at.desc()).limit(1)
        for row in self._rows(query):
            return FileVersion(**{name: row[name] for name in FileVersion.__dataclass_fields__})
        return None

    def _rows(self, query: Any) -> list[dict[str, Any]]:
        with self.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _write(self, *statements: Any) -> None:
        with self.writing() as connection:
            for statement in statements:
                connection.execute(statement)


def now() -> datetime:
    """The present instant, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)

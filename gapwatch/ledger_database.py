"""Where the ledger is kept: a SQLite file (WAL) by default, PostgreSQL by URL; brought up to date here.

SQLite has one writer at a time. On PostgreSQL every writing transaction takes the same advisory lock, so
that what is read and then written within one is as safe there.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

from gapwatch.errors import GapwatchError, ResourceError, UserError
from gapwatch.ledger_tables import REVISION
from gapwatch.workspace import Workspace

VARIABLE = "GAPWATCH_LEDGER_URL"
BUSY_MILLISECONDS = 30_000
CONNECT_SECONDS = 10
#: A disk with less room than this is full.
FULL_BYTES = 1 << 20
#: Names the one lock of all writers of a ledger on PostgreSQL ("gapwatch" as a number).
ADVISORY_LOCK = 0x6761707761746368
#: The ledger as it was before it had migrations.
UNVERSIONED = "0001"


def url_of(ws: Workspace) -> URL:
    """Where a workspace's ledger is.

    ``paths.ledger_url`` names an environment variable; without it ``GAPWATCH_LEDGER_URL`` is looked at,
    then the file ``paths.ledger``. Raises UserError for a variable that is not set, and for a URL of
    another database.
    """
    wanted = ws.paths.ledger_url
    name = wanted.removeprefix("env:") if wanted else VARIABLE
    given = os.environ.get(name, "").strip()
    if not given:
        if wanted:
            raise UserError(
                f"The ledger's address is to be in the environment variable {name}, which is not set",
                where=f"{ws.file}, key paths.ledger_url",
                rule="ledger_url",
                next_step=f"export {name}=postgresql://user:password@host/database",
            )
        return file_url(ws.ledger_path)
    try:
        url = make_url(given)
    except ArgumentError:
        url = URL.create("unreadable")
    kind = url.get_backend_name() if url.drivername != "unreadable" else "unreadable"
    if kind in {"postgresql", "postgres"} and url.database:
        return url.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and url.database:
        return url
    # The value may hold a password: it is never repeated.
    raise UserError(
        "The ledger's address is not one of a PostgreSQL database",
        where=f"environment variable {name}",
        rule="ledger_url",
        next_step=f"export {name}=postgresql://user:password@host/database",
    )


def file_url(path: Path) -> URL:
    """The URL of a SQLite file."""
    return URL.create("sqlite", database=str(path))


def is_made(url: URL) -> bool:
    """False where the ledger is a file that is not there yet."""
    return url.get_backend_name() != "sqlite" or Path(str(url.database)).exists()


def identity(url: URL) -> tuple[int, int, str | None] | None:
    """What an engine opened on a file holds for: device, inode, and the way to it where it may only be read.

    None for PostgreSQL. Raises FileNotFoundError where there is no file.
    """
    if url.get_backend_name() != "sqlite":
        return None
    path = Path(str(url.database))
    found = path.stat()
    return found.st_dev, found.st_ino, None if os.access(path, os.W_OK) else _read_only_url(path)


def shown(url: URL) -> str:
    """The address without its password, for messages; a file's path for SQLite."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


def opened(url: URL) -> tuple[Engine, bool]:
    """An engine, and whether this process may only read. No connection is kept open.

    A file that may not be written to is opened as it stands. Raises nothing; the first use does.
    """
    if url.get_backend_name() != "sqlite":
        # Values of parameters stand in SQLAlchemy's messages otherwise, and end in logs.
        engine = create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "gapwatch"},
        )
        event.listen(engine, "begin", _take_advisory_lock)
        return engine, False
    path = Path(str(url.database))
    is_read_only = path.exists() and not os.access(path, os.W_OK)
    if not is_read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        _read_only_url(path) if is_read_only else url, poolclass=NullPool, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # The driver would begin transactions by itself, and later than they are meant to.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        if not is_read_only:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes later would fail where another wrote in between.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine, is_read_only


def upgrade(engine: Engine, *, is_read_only: bool = False) -> None:
    """Make the tables, or bring older ones up to date; cheap where there is nothing to do.

    Of several that find an old ledger at once one migrates and the others wait. A migration is one
    transaction: killed in the middle, it did not begin. Raises UserError for a ledger that is newer than
    this program, or too old and not to be written to.
    """
    with engine.connect() as connection:
        version = _version(connection)
    if version == REVISION:
        return
    if is_read_only:
        raise UserError(
            f"The ledger is of version {version}, this program's is {REVISION}, and it may only be read",
            where=shown(engine.url),
            rule="ledger_version",
            next_step="run any gapwatch command as the user who owns the ledger",
        )
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        version = _version(connection)
        if version != REVISION:
            _migrate(connection, version, engine.url)


def unusable(url: URL, error: DatabaseError) -> GapwatchError:
    """What to say where the database refused; never holds a password or the values of a row."""
    said = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    if url.get_backend_name() != "sqlite":
        return ResourceError(
            f"The ledger cannot be used: {said}",
            where=shown(url),
            rule="ledger",
            next_step="see that the database is up and lets this user in (`gapwatch doctor`), then try again",
        )
    path = Path(str(url.database).removeprefix("file:").partition("?")[0])
    # What SQLite cannot do now is an OperationalError; any other one speaks of what is in the file.
    is_passing = isinstance(error, OperationalError)
    mend = "check the disk and the file's permissions (`gapwatch doctor`), then try again"
    # A full disk is "full", or an I/O error where the write-ahead log is mapped into memory.
    if "full" in said or shutil.disk_usage(path.parent).free < FULL_BYTES:
        mend = "free disk space, then run the same command again"
    renew = (
        f"put back a copy, or move {path.name} away, then `gapwatch run` makes a new one; "
        "past runs and alerts are forgotten, no row is"
    )
    return ResourceError(
        f"The ledger {'cannot be used' if is_passing else 'is damaged'}: {said}",
        where=str(path),
        rule="ledger",
        next_step=mend if is_passing else renew,
    )


def _version(connection: Connection) -> str | None:
    """The revision that the ledger says of itself; UNVERSIONED for one from before, None for an empty one."""
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" in tables:
        return connection.execute(text("select version_num from alembic_version")).scalar()
    return UNVERSIONED if "runs" in tables else None


def _migrate(connection: Connection, version: str | None, url: URL) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise UserError(
            f"The ledger is of version {version}, which this program does not know",
            where=shown(url),
            rule="ledger_version",
            next_step="use the newer gapwatch that wrote it, or put back a copy from before",
        )
    if version == UNVERSIONED and "alembic_version" not in inspect(connection).get_table_names():
        command.stamp(config, UNVERSIONED)
    command.upgrade(config, REVISION)


def _take_advisory_lock(connection: Connection) -> None:
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({ADVISORY_LOCK})")


def _read_only_url(path: Path) -> str:
    # Beside a write-ahead log SQLite needs shared memory; without one, and in a folder that is closed as
    # well, the file is complete and cannot change.
    is_alone = not path.with_name(f"{path.name}-wal").exists() and not os.access(path.parent, os.W_OK)
    return f"sqlite:///file:{path}?mode=ro{'&immutable=1' if is_alone else ''}&uri=true"

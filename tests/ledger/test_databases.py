"""The ledger is the same on SQLite and on PostgreSQL, carries older ones over, and lets nobody be lost."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateTable

import gapwatch
from gapwatch import ledger_database, ledger_tables
from gapwatch.errors import ResourceError, UserError
from gapwatch.ledger import FileVersion, Ledger, now
from gapwatch.workspace import load_workspace
from tests.ledger.postgres import PASSWORD, open_way

pytestmark = pytest.mark.xdist_group("ledger")

MIGRATIONS = Path(gapwatch.__file__).parent / "migrations"


def test_migrations_make_exactly_the_tables_that_are_declared(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, ledger_tables.metadata) == []


def test_the_newest_migration_is_the_one_that_a_ledger_is_brought_to() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [ledger_tables.REVISION]


def test_five_first_uses_at_once_all_succeed(url: URL) -> None:
    def note(number: int) -> None:
        with Ledger(url) as ledger:
            ledger.record_run(f"run-{number}", "run", number, "host")

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(note, range(5)))

    with Ledger(url) as ledger:
        assert len(ledger.newest_runs()) == 5


def test_a_ledger_from_before_migrations_is_carried_over(url: URL) -> None:
    old = create_engine(url)
    with old.begin() as connection:
        for table in (ledger_tables.runs, ledger_tables.steps, ledger_tables.file_versions):
            connection.execute(CreateTable(table))
        connection.execute(text("create index ix_steps_run_id on steps (run_id)"))
        connection.execute(
            ledger_tables.runs.insert().values(
                run_id="old", command="run", pid=1, host="h", started_at=now(), exit_code=0
            )
        )
    old.dispose()

    with Ledger(url) as ledger:
        assert [run["run_id"] for run in ledger.newest_runs()] == ["old"]
        with ledger.reading() as connection:
            assert compare_metadata(MigrationContext.configure(connection), ledger_tables.metadata) == []


def test_a_migration_killed_in_the_middle_did_not_begin(url: URL) -> None:
    code = (
        "import os, signal, sys\n"
        "from sqlalchemy import event\n"
        "from sqlalchemy.engine import Engine, make_url\n"
        "from gapwatch.ledger import Ledger\n"
        "@event.listens_for(Engine, 'before_cursor_execute')\n"
        "def _(conn, cursor, statement, *rest):\n"
        "    if 'outbox' in statement and 'TABLE' in statement:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "Ledger(make_url(os.environ['URL']))\n"
    )
    address = url.render_as_string(hide_password=False)
    ended = subprocess.run([sys.executable, "-c", code], env={**os.environ, "URL": address})
    assert ended.returncode == -9
    left = create_engine(url)
    assert inspect(left).get_table_names() == []
    left.dispose()

    with Ledger(url) as ledger:
        ledger.record_run("r", "run", 1, "host")


def test_a_start_that_finds_the_ledger_up_to_date_does_not_load_alembic(url: URL) -> None:
    Ledger(url).close()
    code = (
        "import os, sys\nfrom sqlalchemy.engine import make_url\nfrom gapwatch.ledger import Ledger\n"
        "Ledger(make_url(os.environ['URL'])).close()\nsys.exit('alembic' in sys.modules)"
    )
    address = url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "URL": address}, check=True)


def test_a_ledger_of_a_newer_program_is_refused(url: URL) -> None:
    with Ledger(url) as ledger, ledger.writing() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(UserError, match="version 9999, which this program does not know"):
        Ledger(url)


def test_the_same_content_again_replaces_what_was_noted(ledger: Ledger) -> None:
    seen = FileVersion("s", "f", 1, 2, 3, "abc", "print", "b1", "landed")
    ledger.record_file(seen)
    ledger.record_file(FileVersion(**{**seen.__dict__, "mtime_ns": 9}))
    assert [row["mtime_ns"] for row in ledger.files()] == [9]


def test_writers_take_turns_so_that_what_was_read_stays_true(ledger: Ledger) -> None:
    def add_one(_: int) -> None:
        with Ledger(ledger.url) as mine, mine.writing() as connection:
            seen = connection.execute(text("select count(*) from runs")).scalar_one()
            time.sleep(0.01)
            values = {"run_id": f"run-{seen}", "command": "c", "pid": 1, "host": "h", "started_at": now()}
            connection.execute(ledger_tables.runs.insert().values(values))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_one, range(24)))
    assert len(ledger.newest_runs(100)) == 24


def test_the_database_itself_refuses_to_change_the_audit(ledger: Ledger) -> None:
    event = {
        "event_id": 1,
        "at": now(),
        "actor": "a",
        "action": "x",
        "subject_kind": "alert",
        "subject_id": "1",
        "details": "{}",
        "previous_hash": "",
        "hash": "h",
    }
    with ledger.writing() as connection:
        connection.execute(ledger_tables.audit.insert().values(event))
    for change in ("update audit set actor = 'b'", "delete from audit"):
        with pytest.raises(ResourceError, match="append-only"), ledger.writing() as connection:
            connection.execute(text(change))


def test_the_setting_names_a_variable_and_the_variable_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    (tmp_path / "gapwatch.yml").write_text(
        "version: 1\nname: X\npaths: {ledger_url: env:OUR_LEDGER}\n", encoding="utf-8"
    )
    ws = load_workspace(tmp_path)
    with pytest.raises(UserError, match="OUR_LEDGER, which is not set"):
        Ledger.of(ws)
    monkeypatch.setenv("OUR_LEDGER", postgres_url)
    with Ledger.of(ws) as ledger:
        assert ledger.engine.dialect.name == "postgresql"
    assert not (tmp_path / "ledger.sqlite").exists()


def test_an_address_in_the_settings_or_a_wrong_one_is_refused_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gapwatch.yml"
    file.write_text(f"version: 1\nname: X\npaths: {{ledger_url: 'postgresql://u:{PASSWORD}@h/d'}}\n")
    with pytest.raises(UserError, match="has to be `env:NAME`") as said:
        load_workspace(tmp_path)
    assert PASSWORD not in str(said.value)

    file.write_text("version: 1\nname: X\n")
    for wrong in (f"mysql://u:{PASSWORD}@h/d", PASSWORD):
        monkeypatch.setenv(ledger_database.VARIABLE, wrong)
        with pytest.raises(UserError, match="not one of a PostgreSQL database") as said:
            Ledger.of(load_workspace(tmp_path))
        assert PASSWORD not in str(said.value)


def test_a_database_that_refuses_says_so_without_its_password(postgres_url: str) -> None:
    wrong = ledger_database.make_url(postgres_url).set(drivername="postgresql+psycopg", database="elsewhere")
    with pytest.raises(ResourceError, match="The ledger cannot be used") as said:
        Ledger(wrong)
    assert PASSWORD not in str(said.value)
    assert "elsewhere" in str(said.value)


def test_a_ledger_that_may_only_be_read_is_read_and_never_written(tmp_path: Path) -> None:
    file = tmp_path / "there" / "ledger.sqlite"
    with Ledger(file) as ledger:
        ledger.record_run("r", "run", 1, "host")
    file.parent.chmod(0o555)
    file.chmod(0o444)
    open_way(file.parent)
    try:
        # Root may write everything, so a child that is nobody looks.
        child = os.fork()
        if child == 0:
            os._exit(_look_as_nobody(file))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        file.parent.chmod(0o755)


def _look_as_nobody(file: Path) -> int:
    try:
        if os.geteuid() == 0:
            os.setuid(pwd.getpwnam("nobody").pw_uid)
        with Ledger(file) as ledger:
            if not ledger.is_read_only or len(ledger.newest_runs()) != 1:
                return 1
            ledger.record_run("s", "run", 1, "host")
    except ResourceError as error:
        return 0 if "readonly" in str(error) else 2
    except BaseException:
        return 3
    return 4


def test_values_of_a_row_stand_in_no_message(ledger: Ledger) -> None:
    values = {"run_id": PASSWORD, "command": None, "pid": 1, "host": "h", "started_at": now()}
    with ledger.engine.begin() as connection, pytest.raises(DatabaseError) as said:
        connection.execute(ledger_tables.runs.insert().values(values))
    # What the database itself adds below its first line is never shown: see `unusable`.
    assert PASSWORD not in str(ledger_database.unusable(ledger.url, said.value))

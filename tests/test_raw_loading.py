"""What reaches raw arrives exactly once, with where it came from and from when on it counts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from gate_workspace import GOOD, Company, at, digest

import gapwatch
from gapwatch.contracts import CONTRACTS, raw_columns
from gapwatch.errors import ResourceError
from gapwatch.faults import FAULT_POINTS, VARIABLE
from gapwatch.gate import gate
from gapwatch.locks import warehouse_lock
from gapwatch.warehouse import TABLES, write_connection
from gapwatch.workspace import Workspace

GATE_POINTS = [name for name in FAULT_POINTS if name.startswith("gate.")]

#: Forks one gate a fault point, so that the library that checks is loaded once and not nine times.
KILLED = """
import os, sys
from pathlib import Path
from gapwatch.validation import Checker
from gapwatch.workspace import load_workspace
from gapwatch.gate import gate
Checker()
for name in sys.argv[2:]:
    child = os.fork()
    if child == 0:
        os.environ["GAPWATCH_FAULT"] = name
        gate(load_workspace(Path(sys.argv[1]) / name))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(name, os.WTERMSIG(status) if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}")
"""


def changes(company: Company) -> list[tuple[Any, ...]]:
    return company.query("select contract, stale_from from raw._changes order by load_seq")


def test_the_warehouse_has_every_table_before_anything_is_in_it(tmp_path: Path) -> None:
    company = Company(tmp_path / "empty", ["accounts"])
    with write_connection(company.load()) as connection:
        for name, contract in CONTRACTS.items():
            found = connection.execute(f"describe raw.{name}").fetchall()
            assert {column: kind for column, kind, *_ in found} == raw_columns(contract)
        for name, columns in TABLES.items():
            assert {c: k for c, k, *_ in connection.execute(f"describe {name}").fetchall()} == columns
        settings = connection.execute(
            "select current_setting('TimeZone'), current_setting('threads'), "
            "current_setting('autoload_known_extensions'), current_setting('autoinstall_known_extensions'), "
            "current_setting('temp_directory')"
        ).fetchall()
        assert settings == [("UTC", 2, False, False, str(company.folder / ".gapwatch" / "tmp"))]


def test_running_out_of_memory_says_what_to_change(tmp_path: Path) -> None:
    company = Company(tmp_path / "small", ["accounts"], memory="20MB", temp_directory_size="1MB")
    with (
        pytest.raises(ResourceError, match=r"limits\.memory") as caught,
        write_connection(company.load()) as connection,
    ):
        connection.execute(
            "create temp table t as select uuid() as a, uuid() as b from range(3_000_000) order by 1"
        )
    assert caught.value.exit_code == 12


def test_a_row_in_raw_says_where_it_came_from(tmp_path: Path) -> None:
    company = Company(tmp_path / "company", ["accounts", "tickets"])
    company.source("tickets")["arrival_lag_minutes"] = 30
    company.source("tickets")["tie_break"] = "subject"
    company.deliver("accounts", {})
    file = company.deliver("tickets", {}, {"ticket_id": "T2"})
    company.gate()
    ((batch,),) = company.query("select batch_id from raw._batches where source = 'tickets'")
    assert company.query(
        "select ticket_id, known_at, is_deleted, _source, _batch_id, _file, _row, _column, _tie_break "
        "from raw.tickets order by _row"
    ) == [
        (key, at("2025-01-01 10:30"), False, "desk", batch, file, row, None, "printer")
        for key, row in (("T1", 1), ("T2", 2))
    ]
    assert company.query(
        "select count(*) from raw.tickets where _row_hash is null or _loaded_at is null"
    ) == [(0,)]


def test_the_batch_and_its_source_are_described(tmp_path: Path) -> None:
    company = Company(tmp_path / "company", ["accounts"])
    company.source("accounts").update(calendar="office", time_zone="Europe/Berlin", arrival_lag_minutes=5)
    file = company.deliver("accounts", {}, {"account_id": "A2", "updated_at": "2025-03-01T00:00:00Z"})
    company.gate()
    assert company.query(
        "select source, system, contract, file, records, rows, accepted_rows, outcome, as_of, min_known_at, "
        "max_known_at, load_seq, is_full from raw._batches"
    ) == [
        (
            *("accounts", "crm", "accounts", file, 2, 2, 2, "pass", None),
            *(at("2025-01-01 00:05"), at("2025-03-01 00:05"), 1, False),
        )
    ]
    assert company.query("select * from raw._sources") == [
        (
            "accounts",
            "crm",
            "accounts",
            "Europe/Berlin",
            "office",
            "versions",
            "changes",
            5.0,
            "self",
            True,
            False,
            None,
        )
    ]
    company.source("accounts").update(calendar=None, name="customers", path="inbox/none-*.csv")
    gate(company.load())
    assert company.query("select source, calendar_id from raw._sources") == [("customers", None)]


def test_a_large_file_lies_in_raw_in_whole_row_groups(tmp_path: Path) -> None:
    company = Company(tmp_path / "company", ["accounts"])
    rows = "".join(f"A{n:07d},Client {n},,,,2025-01-01T00:00:00Z\n" for n in range(600_000))
    company.deliver_text("accounts", ",".join(GOOD["accounts"]) + "\n" + rows)
    assert company.gate().exit_code == 0
    sizes = company.query(
        "select max(count) from pragma_storage_info('raw.accounts') where column_name = 'account_id' "
        "group by row_group_id order by row_group_id"
    )
    assert sum(rows for (rows,) in sizes) == 600_000
    # Small ones in between would be written again, with all that stands beside them, by the next checkpoint.
    assert [rows for (rows,) in sizes[:-1] if rows < 100_000] == []


def test_every_version_is_kept(tmp_path: Path) -> None:
    company = Company(tmp_path / "company", ["accounts"])
    company.deliver("accounts", {"tier": "A", "updated_at": "2025-02-01T00:00:00Z"})
    company.gate()
    company.deliver("accounts", {"tier": "B"}, {"tier": "B"})
    company.gate()
    assert company.query("select tier from raw.accounts order by _loaded_at, _row") == [
        ("A",),
        ("B",),
        ("B",),
    ]


class TestStaleFrom:
    """Each load says from which instant on it changes what was known."""

    def test_a_fact_counts_from_when_it_was_known(self, tmp_path: Path) -> None:
        company = Company(tmp_path / "company", ["ticket_events"])
        company.deliver("ticket_events", {}, {"event_id": "E2", "occurred_at": "2024-05-01T00:00:00Z"})
        company.gate()
        assert changes(company) == [("ticket_events", at("2024-05-01"))]

    def test_the_first_version_of_an_account_counts_from_its_contracts_start(self, tmp_path: Path) -> None:
        company = Company(tmp_path / "company", ["accounts"])
        company.deliver("accounts", {}, {"account_id": "A2", "contract_started_on": "2021-01-01"})
        company.gate()
        company.deliver("accounts", {"tier": "A", "updated_at": "2025-02-01T00:00:00Z"})
        company.gate()
        company.deliver("accounts", {"tier": "B", "updated_at": "2024-02-01T00:00:00Z"})
        company.gate()
        company.deliver("accounts", {"account_id": "A3", "contract_started_on": ""})
        company.gate()
        company.deliver(
            "accounts", {"account_id": "A3", "contract_started_on": "", "updated_at": "2024-12-31T00:00:00Z"}
        )
        company.gate()
        assert [instant for _, instant in changes(company)] == [
            at("2020-01-01"),
            # A later version counts from itself on, an older one takes the place of the first.
            at("2025-02-01"),
            at("2020-01-01"),
            # No start, and unknown till now: the facts that waited mark their own weeks.
            at("2025-01-01"),
            at("1970-01-05"),
        ]

    def test_a_contact_counts_from_its_first_day_or_always(self, tmp_path: Path) -> None:
        company = Company(tmp_path / "company", ["accounts", "contacts"])
        company.deliver("accounts", {})
        company.deliver("contacts", {})
        company.gate()
        company.deliver("contacts", {"contact_id": "C2", "valid_from": ""})
        company.gate()
        assert changes(company)[1:] == [("contacts", at("2024-01-01")), ("contacts", at("1970-01-05"))]

    def test_a_question_counts_always_once_it_has_answers(self, tmp_path: Path) -> None:
        company = Company(tmp_path / "company", ["accounts", "survey_questions", "survey_answers"])
        company.deliver("accounts", {})
        company.deliver("survey_questions", {})
        company.deliver("survey_answers", {})
        company.gate()
        company.deliver("survey_questions", {"updated_at": "2023-01-01T00:00:00Z"})
        company.gate()
        company.deliver("survey_questions", {"updated_at": "2025-05-01T00:00:00Z"})
        company.gate()
        assert changes(company)[1:] == [
            ("survey_questions", at("2024-01-01")),
            ("survey_answers", at("2025-01-02")),
            ("survey_questions", at("1970-01-05")),
            ("survey_questions", at("2025-05-01")),
        ]

    def test_an_identity_counts_always_and_its_correction_from_then_on(self, tmp_path: Path) -> None:
        company = Company(tmp_path / "company", ["identities"])
        company.deliver("identities", {})
        company.gate()
        company.deliver("identities", {"internal_id": "A2", "updated_at": "2025-04-01T00:00:00Z"})
        company.gate()
        assert changes(company) == [("identities", at("1970-01-05")), ("identities", at("2025-04-01"))]

    def test_rows_that_go_on_later_count_from_when_they_were_known(self, tmp_path: Path) -> None:
        company = Company(tmp_path / "company", ["accounts", "tickets"])
        company.deliver("tickets", {})
        company.gate()
        assert changes(company) == []
        company.deliver("accounts", {})
        company.gate()
        assert changes(company) == [("accounts", at("2020-01-01")), ("tickets", at("2025-01-01 10:00"))]
        assert company.query(
            "select max(load_seq), min_known_at from raw._batches where source = 'tickets' group by 2"
        ) == [(3, at("2025-01-01 10:00"))]


class TestFullDeliveries:
    """A delivery of everything leaves the keys that it held."""

    def test_all_keys_of_the_file_are_kept_whatever_became_of_the_rows(self, tmp_path: Path) -> None:
        company = Company(tmp_path / "company", ["accounts", "tickets"])
        company.source("tickets").update(
            delivers="full", as_of={"file_pattern": r"tickets-(\d{4}-\d\d-\d\d)", "format": "%Y-%m-%d"}
        )
        company.deliver("accounts", {})
        company.deliver(
            "tickets",
            {},
            {"ticket_id": "T2", "status": "odd"},
            {"ticket_id": "T3", "account_id": "A404"},
            name="2024-06-30",
        )
        company.gate()
        assert company.query("select contract, as_of, key from raw._delivered_keys order by key") == [
            ("tickets", at("2024-06-30"), key) for key in ("T1", "T2", "T3")
        ]
        assert company.query("select as_of, is_full from raw._batches where source = 'tickets'") == [
            (at("2024-06-30"), True)
        ]
        # What is missing is deleted from the delivery's instant on.
        assert changes(company)[1] == ("tickets", at("2024-06-30"))

    def test_the_instant_may_stand_in_a_column(self, tmp_path: Path) -> None:
        company = Company(tmp_path / "company", ["identities"])
        company.source("identities").update(delivers="full", as_of={"column": "updated_at"})
        company.deliver("identities", {}, {"external_id": "desk-2", "updated_at": "2025-02-01T00:00:00Z"})
        company.gate()
        assert company.query("select key, as_of from raw._delivered_keys order by key") == [
            (f"desk\x1faccount\x1fdesk-{n}", at("2025-02-01")) for n in (1, 2)
        ]


def test_a_gate_waits_for_the_lock_within_the_same_process(tmp_path: Path) -> None:
    company = Company(tmp_path / "company", ["accounts"])
    company.deliver("accounts", {})
    ws: Workspace = company.ingest()
    with warehouse_lock(ws):
        assert gate(ws).exit_code == 0


def test_what_raw_lacks_is_loaded_again_from_landing(tmp_path: Path) -> None:
    company = Company(tmp_path / "company", ["accounts"])
    company.deliver("accounts", {})
    company.gate()
    before = digest(company)
    (company.folder / "warehouse.duckdb").unlink()
    gate(company.load())
    assert digest(company) == before


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, dict[str, str]]:
    """A company that was gated in peace, and beside it one for each fault point, killed there."""
    folder = tmp_path_factory.mktemp("kill")
    company = Company(folder / "undisturbed")
    company.source("accounts").update(delivers="full", as_of={"column": "updated_at"})
    company.deliver("accounts", {})
    company.deliver(
        "tickets", {}, {"ticket_id": "T2", "status": "odd"}, {"ticket_id": "T3", "account_id": "A2"}
    )
    company.gate()
    company.deliver("ticket_events", {}, {"event_id": "E2"})
    company.deliver("accounts", {"account_id": "A2"})
    # So many bad rows that the batch is held.
    company.deliver("interactions", *[{"interaction_id": f"N{n}", "kind": "odd"} for n in range(100)])
    ws = company.ingest()
    for name in GATE_POINTS:
        shutil.copytree(company.folder, folder / name)
    gate(ws)
    finished = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), *GATE_POINTS],
        env={**os.environ, "PYTHONPATH": str(Path(gapwatch.__file__).parents[1])},
        check=True,
        capture_output=True,
        text=True,
    )
    ends = dict(line.rsplit(" ", 1) for line in finished.stdout.splitlines())
    return company, ends


@pytest.mark.parametrize("name", GATE_POINTS)
def test_a_gate_that_was_killed_anywhere_ends_like_one_that_was_not(
    disturbed: tuple[Company, dict[str, str]], name: str
) -> None:
    company, ends = disturbed
    assert ends[name] == str(int(signal.SIGKILL))
    killed = Company(company.folder.parent / name)
    killed.settings = company.settings
    gate(killed.load())
    assert digest(killed) == digest(company)
    for contract in ("accounts", "tickets", "ticket_events"):
        assert killed.query(f"select count(*), count(distinct (_batch_id, _row)) from raw.{contract}") == [
            (2, 2)
        ]
    assert VARIABLE not in os.environ


def test_every_fault_point_of_the_gate_is_tried() -> None:
    sources = Path(gapwatch.__file__).parent
    named = {
        part.split('"')[1]
        for file in ("gate.py", "gate_load.py", "gate_stage.py", "quarantine.py")
        for part in (sources / file).read_text(encoding="utf-8").split("fault_point(")[1:]
        if part.startswith('"')
    }
    assert named == set(GATE_POINTS)


def test_a_failed_load_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    company = Company(tmp_path / "company", ["accounts"])
    company.deliver("accounts", {}, {"tier": "Z"})
    ws = company.ingest()

    def failing(*arguments: Any) -> None:
        raise duckdb.IOException("IO Error: Could not write file: No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("gapwatch.gate_load._write_manifest", failing)
        with pytest.raises(ResourceError, match="disk is full"):
            gate(ws)
    for table in ("raw.accounts", "raw._batches", "raw._changes", "quarantine.rows"):
        assert company.query(f"select count(*) from {table}") == [(0,)]
    assert gate(ws).exit_code == 10

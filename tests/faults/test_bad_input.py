"""Bad files, each a source of its own beside four good ones: one run says what is wrong with each."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.faults import tiny_company
from tests.faults.commands import Commands, Ended
from tests.faults.oracles import current_file, half_published

pytestmark = pytest.mark.xdist_group("faults")

GOOD = ("accounts", "contacts", "survey_questions", "survey_answers")
HEADER = "id,name,tier,value,started,updated"
COLUMNS = {
    "account_id": "id",
    "account_name": "name",
    "tier": "tier",
    "annual_value": "value",
    "contract_started_on": "started",
    "updated_at": "updated",
}


def line(number: int, **changes: str) -> str:
    """One good client, its id made of the file's name in `write_all`."""
    row = {
        "id": f"@{number}",
        "name": f"Firm {number}",
        "tier": "A",
        "value": "1000.5",
        "started": "2024-05-01",
        "updated": "2025-02-01T00:00:00Z",
    }
    return ",".join({**row, **changes}.values())


def file_of(*lines: str, header: str = HEADER) -> str:
    """A file of these lines."""
    return "\n".join([header, *lines]) + "\n"


@dataclass(frozen=True)
class Case:
    """A file and what must become of it.

    ``outcome`` is that of the file (held, growing) or, where it landed, of its batch (pass, quarantine,
    held at the gate). ``said`` must be in the message or notice; ``accepted`` are the clients let in.
    """

    name: str
    content: str | bytes
    outcome: str
    rule: str | None = None
    said: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    at_gate: bool = False
    suffix: str = ".csv"
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Name within the workspace."""
        return f"inbox/{self.name}{self.suffix}"


PLAIN = file_of(line(1), line(2))
CASES = (
    Case(
        "truncated", gzip.compress(PLAIN.encode() * 40, mtime=0)[:-20], "held", "truncated", suffix=".csv.gz"
    ),
    Case("growing", PLAIN, "growing", "growing", said=("changed within",)),
    Case(
        "encoding",
        file_of(line(1), line(2, name="Müller")).encode("cp1252"),
        "held",
        "not_decodable",
        said=("line 3", "0xfc", "encoding"),
    ),
    Case(
        "renamed",
        PLAIN.replace("updated", "updated_on", 1),
        "held",
        "columns_present",
        said=("'updated'", "close to it: 'updated_on'", "sources.renamed.columns"),
    ),
    Case(
        "extra",
        file_of(line(1) + ",10.0.0.7", header=HEADER + ",ip"),
        "pass",
        said=("column_extra", "'ip'"),
        accepted=("@1",),
    ),
    Case("empty", "", "held", "empty_file"),
    Case("header_only", file_of(), "held", "empty_file", at_gate=True, said=("no records",)),
    Case(
        "too_many",
        file_of(line(1), line(2) + ",surplus", line(3)),
        "held",
        "row_shape",
        said=("line 3", "7 fields", "6"),
    ),
    Case("nul", PLAIN.replace("Firm 2", "Fi\0rm 2"), "held", "nul_byte", said=("line 3",)),
    Case(
        "blanks",
        file_of(line(1, id=" @1\u00a0"), line(2)),
        "pass",
        accepted=("@1", "@2"),
    ),
    Case(
        "year_9999",
        file_of(line(1), line(2, started="9999-12-31"), line(3)),
        "quarantine",
        "instant_window",
        said=("line 3", "contract_started_on"),
        accepted=("@1", "@3"),
    ),
    Case(
        "comma",
        file_of(line(1), line(2, value='"1000,5"')),
        "quarantine",
        "value_type",
        said=("line 3", "annual_value"),
        accepted=("@1",),
    ),
    Case("doubled", PLAIN.replace("name", "id", 1), "held", "duplicate_header", said=("'id'",)),
    Case("pipe", "", "held", "file_kind", said=("regular file",)),
    Case("link", "", "held", "file_kind", said=("outside", "roots")),
    Case("glob[1]", file_of(line(1)), "pass", accepted=("@1",)),
)
by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@dataclass(frozen=True)
class Ran:
    """A workspace after its one run."""

    folder: Path
    ended: Ended
    report: dict[str, Any]

    def file(self, case: Case) -> dict[str, Any]:
        return self._one("ingest", "files", case)

    def batch(self, case: Case) -> dict[str, Any]:
        return self._one("gate", "batches", case)

    def _one(self, step: str, key: str, case: Case) -> dict[str, Any]:
        found = [one for one in self.report["steps"][step][key] if one["file"] == case.file]
        assert len(found) == 1, found
        return dict(found[0])

    def clients(self) -> set[str]:
        """Clients in the published snapshot."""
        with duckdb.connect(str(current_file(self.folder)), read_only=True) as connection:
            rows = connection.execute("select account_id from marts.dim_accounts").fetchall()
        return {account_id for (account_id,) in rows}


@pytest.fixture(scope="module")
def ran(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All good and all bad files, in one run."""
    top = tmp_path_factory.mktemp("bad_input")
    folder = tiny_company.make(top / "company", sources=GOOD, quiet_seconds=3600)
    for contract in GOOD:
        rows = tiny_company.first_delivery()[contract]
        tiny_company.write(folder, f"{contract}-1.csv", tiny_company.text(contract, rows))
    tiny_company.change_settings(folder, add_sources)
    write_all(folder, top / "elsewhere.csv")
    ended = commands.run(folder, "run", "--json")
    assert ended.code == 11, ended
    return Ran(folder, ended, ended.json())


def add_sources(settings: dict[str, Any]) -> None:
    settings["sources"] += [
        {
            "name": source_name(case),
            "contract": "accounts",
            "system": "crm",
            "reader": "csv",
            "path": case.file,
            "columns": COLUMNS,
        }
        for case in CASES
    ]


def source_name(case: Case) -> str:
    return "".join(c if c.isalnum() else "_" for c in case.name)


def write_all(folder: Path, elsewhere: Path) -> None:
    """All files of the cases; every file but the growing one was last written long ago."""
    elsewhere.write_text(PLAIN, encoding="utf-8")
    # What the name would match, were it taken for a pattern.
    (folder / "inbox" / "glob1.csv").write_text(file_of(line(9)), encoding="utf-8")
    for case in CASES:
        path = folder / case.file
        content = case.content if isinstance(case.content, bytes) else case.content.encode()
        if case.name == "pipe":
            os.mkfifo(path)
        elif case.name == "link":
            path.symlink_to(elsewhere)
        else:
            path.write_bytes(content.replace(b"@", case.name.encode() + b"-"))
    for path in (folder / "inbox").iterdir():
        if path.is_file() and path.stem != "growing":
            os.utime(path, (1_700_000_000, 1_700_000_000))


@by_name
def test_each_file_gets_its_outcome_and_a_message_to_act_on(ran: Ran, case: Case) -> None:
    if case.outcome in {"held", "growing"} and not case.at_gate:
        found = ran.file(case)
        message = found["message"]
        rule = found["rule"]
    else:
        assert ran.file(case)["outcome"] == "landed"
        found = ran.batch(case)
        message = found["message"]
        rule = next(iter(found["rules"]), None)
        notices = [*ran.file(case)["notices"], *found["notices"]]
        message = " ".join([message or "", *notices])

    assert (found["outcome"], rule) == (case.outcome, case.rule)
    for words in case.said:
        assert words in message
    if case.rule:
        assert case.file in message
        assert case.rule in message
        assert "Next: " in message
        assert "gapwatch" in message


@by_name
def test_what_is_right_of_each_file_is_published_and_nothing_else(ran: Ran, case: Case) -> None:
    clients = {client for client in ran.clients() if client.startswith(f"{case.name}-")}

    assert clients == {client.replace("@", f"{case.name}-") for client in case.accepted}


def test_the_good_sources_are_published(ran: Ran) -> None:
    good = {f"A{n}" for n in range(4)}

    assert good <= ran.clients()
    assert half_published(ran.folder) == []
    with duckdb.connect(str(current_file(ran.folder)), read_only=True) as connection:
        scored = connection.execute(
            "select count(distinct account_id) from marts.fct_satisfaction_weekly where satisfaction_gap < 0"
        ).fetchone()
    assert scored == (4,)


def test_an_unmapped_column_never_lands(ran: Ran) -> None:
    landed = b"".join(path.read_bytes() for path in ran.folder.glob("landing/extra/*.parquet"))

    assert landed
    assert b"10.0.0.7" not in landed
    assert b"10.0.0.7" not in (ran.folder / "warehouse.duckdb").read_bytes()


def test_a_person_reads_the_same_messages_in_the_status(ran: Ran, commands: Commands) -> None:
    said = " ".join(commands.run(ran.folder, "status").out.split())

    for case in CASES:
        if case.outcome == "held":
            assert case.rule
            assert case.file.split("/")[1] in said, case
            assert case.rule in said, case


def test_rows_in_quarantine_alone_end_with_10_and_a_held_file_with_11(
    commands: Commands, tmp_path: Path
) -> None:
    folder = tiny_company.make(tmp_path / "company", sources=())
    case = next(case for case in CASES if case.name == "comma")
    tiny_company.change_settings(folder, add_sources)
    (folder / case.file).write_bytes(bytes(str(case.content), "utf-8"))
    assert commands.run(folder, "ingest").code == 0
    assert commands.run(folder, "gate").code == 10

    (folder / "inbox" / "empty.csv").touch()
    ended = commands.run(folder, "ingest")
    assert ended.code == 11
    assert "inbox/empty.csv" in ended.out

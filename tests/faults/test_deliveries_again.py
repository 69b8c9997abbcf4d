"""The same contents again change nothing; a source that changes its shape holds itself and no other."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import Any

import pytest

from gapwatch import snapshots
from tests.faults import tiny_company
from tests.faults.commands import Commands
from tests.faults.conftest import Undisturbed
from tests.faults.oracles import rows_unaccounted, tables, unlike

pytestmark = pytest.mark.xdist_group("faults")


def test_the_same_contents_renamed_zipped_and_reordered_change_nothing(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = shutil.copytree(undisturbed.second, tmp_path / "company")
    before, pointer = tables(folder), snapshots.find(folder / "published")
    inbox = folder / "inbox"
    tiny_company.change_settings(
        folder, lambda s: [one.update(path=f"inbox/{one['name']}-*") for one in s["sources"]]
    )
    (inbox / "accounts-1.csv").rename(inbox / "accounts-renamed.csv")
    shutil.copy(inbox / "tickets-1.csv", inbox / "tickets-again.csv")
    plain = (inbox / "contacts-1.csv").read_bytes()
    (inbox / "contacts-1.csv").unlink()
    (inbox / "contacts-zipped.csv.gz").write_bytes(gzip.compress(plain, 1))
    rows = tiny_company.first_delivery()["survey_answers"]
    turned = tiny_company.text("survey_answers", rows, reversed(tiny_company.CONTRACTS["survey_answers"]))
    tiny_company.write(folder, "survey_answers-turned.csv", turned)

    ended = commands.run(folder, "run", "--json")

    assert ended.code == 11, "the batch held before is held still"
    (still_held,) = ended.json()["steps"]["gate"]["still_held"]
    assert still_held["file"] == "inbox/interactions-1.csv"
    assert ended.json()["summary"]["held"] == [f"interactions: {still_held['message']}"]
    steps = ended.json()["steps"]
    assert steps["ingest"]["counts"]["duplicate"] == 4
    assert steps["ingest"]["counts"]["landed"] == 0
    assert steps["gate"]["batches"] == []
    assert steps["build"]["mode"] == "none"
    assert snapshots.find(folder / "published") == pointer
    after = tables(folder)
    del before["ledger"], after["ledger"]
    assert unlike(before, after) == {}


def test_drift_holds_what_cannot_be_read_and_lets_the_rest_go_on(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = shutil.copytree(undisturbed.first, tmp_path / "company")
    columns = tiny_company.CONTRACTS
    contacts = [{"contact_id": "C20", "account_id": "A1"}]
    without = [c for c in columns["contacts"] if c != "relationship"]
    tiny_company.write(folder, "contacts-2.csv", _text("contacts", contacts, without))
    more = [{**tiny_company.delivery("D90", "A1", 20), "carrier": "rail"}]
    tiny_company.write(
        folder, "deliveries-2.csv", _text("deliveries", more, [*columns["deliveries"], "carrier"])
    )
    words = [
        {**row, "answer_value": "often"}
        for n in range(30)
        for row in tiny_company.response(f"R-{n}", "A1", "C1", 30, n)
    ]
    tiny_company.write(folder, "survey_answers-2.csv", _text("survey_answers", words))
    tickets = [tiny_company.ticket(f"U{n}", "A1", n) for n in range(20)]
    tickets[7]["status"] = "parked"
    tiny_company.write(folder, "tickets-2.csv", _text("tickets", tickets))

    landing = commands.run(folder, "ingest", "--json")
    gate = commands.run(folder, "gate", "--json")

    assert (landing.code, gate.code) == (11, 11)
    held = [one for one in landing.json()["files"] if one["outcome"] == "held"]
    assert [(one["file"], one["rule"]) for one in held] == [("inbox/contacts-2.csv", "columns_present")]
    assert "'relationship'" in held[0]["message"]
    batches = {one["source"]: one for one in gate.json()["batches"]}
    assert {name: one["outcome"] for name, one in batches.items()} == {
        "deliveries": "pass",
        "survey_answers": "held",
        "tickets": "quarantine",
    }
    assert any(
        "column_extra" in notice and "'carrier'" in notice for notice in batches["deliveries"]["notices"]
    )
    retyped = batches["survey_answers"]["message"]
    assert "value_type" in retyped
    assert "line 2, column answer_value" in retyped
    assert "Rule: rejected_share" in retyped
    assert batches["tickets"]["rules"] == {"unknown_value": 1}
    assert "line 9, column status" in batches["tickets"]["message"]
    assert rows_unaccounted(folder) == []


def test_a_held_retyped_column_goes_in_whole_after_the_mapping_is_mended(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = shutil.copytree(undisturbed.first, tmp_path / "company")

    def carrier_pigeons_are_calls(settings: dict[str, Any]) -> None:
        source = next(one for one in settings["sources"] if one["name"] == "interactions")
        source["columns"]["kind"] = "case kind when 'carrier pigeon' then 'call' else kind end"

    tiny_company.change_settings(folder, carrier_pigeons_are_calls)
    ended = commands.run(folder, "gate", "repair", "--json")

    assert ended.code == 10, ended
    repaired = {one["source"]: one for one in ended.json()["batches"]}["interactions"]
    assert (repaired["outcome"], repaired["accepted"]) == ("pass", 104)
    assert rows_unaccounted(folder) == []


def _text(contract: str, rows: list[dict[str, Any]], columns: list[str] | None = None) -> str:
    return tiny_company.text(contract, rows, columns)

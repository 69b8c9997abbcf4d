"""A batch passes, leaves rows in quarantine, is held, or its check crashed: nothing else, nothing silent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gate_workspace import Company, csv

from gapwatch.errors import UserError
from gapwatch.gate import GateReport, repair
from gapwatch.landing import list_batches
from gapwatch.validation import Checker, Verdict

CompanyFactory = Callable[..., Company]


@pytest.fixture
def company(tmp_path: Path) -> CompanyFactory:
    def make(*contracts: str, **limits: Any) -> Company:
        return Company(tmp_path / "company", contracts, **limits)

    return make


def told(report: GateReport) -> list[tuple[Any, ...]]:
    """What a report says of its batches, in short."""
    return [(b.source, b.outcome, b.action, b.accepted, b.quarantined, b.waiting) for b in report.batches]


def tickets(count: int, **change: str) -> list[dict[str, str]]:
    return [{"ticket_id": f"T{number}", **change} for number in range(count)]


def test_a_good_batch_passes_whole(company: CompanyFactory) -> None:
    desk = company("accounts", "tickets")
    desk.deliver("accounts", {})
    desk.deliver("tickets", *tickets(3))
    report = desk.gate()
    assert told(report) == [("accounts", "pass", "loaded", 1, 0, 0), ("tickets", "pass", "loaded", 3, 0, 0)]
    assert report.exit_code == 0
    assert report.as_dict()["accepted"] == 4
    assert desk.query("select count(*) from quarantine.rows") == [(0,)]


def test_bad_rows_are_set_aside_and_the_message_says_what_to_do(company: CompanyFactory) -> None:
    desk = company("accounts", "tickets")
    desk.deliver("accounts", {})
    file = desk.deliver(
        "tickets", {}, {"ticket_id": "T2", "status": "gone\nfor good"}, {"ticket_id": "T3", "status": "lost"}
    )
    report = desk.gate()
    assert told(report)[1] == ("tickets", "quarantine", "loaded", 1, 2, 0)
    assert report.exit_code == 10
    assert report.rules == {"unknown_value": 2}
    batch = report.batches[1]
    for part in (
        file,
        "unknown_value 2",
        "line 3",
        "column status",
        f"gapwatch gate repair --batch {batch.batch_id}",
    ):
        assert part in batch.message
    # The line is that of the file, also after a value of two lines.
    assert desk.query("select line, key, value from quarantine.rows order by _row") == [
        (3, "T2", "gone\nfor good"),
        (5, "T3", "lost"),
    ]
    content = json.loads(desk.query("select content from quarantine.rows where key = 'T3'")[0][0])
    assert content["row"]["opened_at"] == "2025-01-01 08:00:00"
    assert content["source"]["status"] == "lost"


def test_rows_of_a_batch_are_accepted_quarantined_or_waiting(company: CompanyFactory) -> None:
    desk = company("accounts", "tickets")
    desk.deliver("accounts", {})
    desk.deliver("tickets", *tickets(5), {"status": "gone"}, {"account_id": "A404"})
    desk.gate()
    assert desk.query(
        "select rows, accepted_rows, quarantined_rows, waiting_rows, outcome from raw._batches "
        "where source = 'tickets'"
    ) == [(7, 5, 1, 1, "quarantine")]


def test_the_same_contents_delivered_twice_change_nothing(company: CompanyFactory) -> None:
    desk = company("accounts")
    desk.deliver("accounts", {})
    desk.gate()
    before = desk.query("select * from raw.accounts")
    desk.deliver("accounts", {}, name="again")
    report = desk.gate()
    assert report.batches == []
    assert report.exit_code == 0
    assert desk.query("select * from raw.accounts") == before


class TestShare:
    """Too many rejected rows hold the whole batch."""

    def test_a_batch_with_too_many_bad_rows_is_held_whole(self, company: CompanyFactory) -> None:
        desk = company("accounts", "tickets", "ticket_events")
        desk.deliver("accounts", {})
        desk.deliver("tickets", *tickets(94), *tickets(6, status="gone"))
        desk.deliver("ticket_events", {})
        report = desk.gate()
        assert told(report) == [
            ("accounts", "pass", "loaded", 1, 0, 0),
            ("tickets", "held", "loaded", 0, 0, 0),
            ("ticket_events", "pass", "loaded", 1, 0, 0),
        ]
        assert report.exit_code == 11
        message = report.batches[1].message
        for part in ("6 of 100 rows", "unknown_value", "line 96", "gapwatch gate repair --batch"):
            assert part in message
        assert desk.query("select count(*) from raw.tickets") == [(0,)]
        assert desk.query("select count(*) from quarantine.rows") == [(0,)]
        assert desk.query(
            "select rows, accepted_rows, outcome from raw._batches where source = 'tickets'"
        ) == [(100, 0, "held")]

    def test_five_of_a_hundred_pass_and_small_batches_are_not_tested(self, company: CompanyFactory) -> None:
        desk = company("accounts", "tickets")
        desk.deliver("accounts", {})
        desk.deliver("tickets", *tickets(95), *tickets(5, status="gone"))
        desk.deliver("tickets", *tickets(99, status="gone"))
        assert [b.outcome for b in desk.gate().batches] == ["pass", "quarantine", "quarantine"]

    def test_waiting_rows_are_no_rejected_ones(self, company: CompanyFactory) -> None:
        desk = company("accounts", "tickets")
        desk.deliver("accounts", {})
        desk.deliver("tickets", *tickets(200, account_id="A404"))
        assert told(desk.gate())[1] == ("tickets", "pass", "loaded", 0, 0, 200)

    def test_a_held_batch_stays_held_until_it_is_repaired(self, company: CompanyFactory) -> None:
        desk = company("accounts", "tickets")
        desk.deliver("accounts", {})
        desk.deliver("tickets", *tickets(100, status="gone"))
        first = desk.gate().batches[1]
        again = desk.gate()
        assert again.batches == []
        assert [(b.batch_id, b.rows, b.message) for b in again.still_held] == [
            (first.batch_id, 100, first.message)
        ]
        assert again.exit_code == 11
        desk.source("tickets")["columns"]["status"] = "case status when 'gone' then 'closed' end"
        report = repair(desk.load())
        assert told(report) == [("tickets", "pass", "loaded", 100, 0, 0)]
        assert desk.query("select outcome, accepted_rows from raw._batches where source = 'tickets'") == [
            ("pass", 100)
        ]
        assert desk.gate().exit_code == 0

    def test_a_held_batch_taken_out_of_landing_is_forgotten_and_its_number_never_given_again(
        self, company: CompanyFactory
    ) -> None:
        desk = company("accounts", "tickets")
        desk.deliver("accounts", {})
        file = desk.deliver("tickets", *tickets(100, status="gone"))
        held = desk.gate().batches[1].batch_id
        seen = desk.query("select max(load_seq) from raw._batches")[0][0]
        for path in (desk.load().landing_path / "tickets").glob(f"{held}.*"):
            path.unlink()
        (desk.folder / file).unlink()
        report = desk.gate()
        assert (report.exit_code, report.still_held) == (0, [])
        assert desk.query("select source from raw._batches") == [("accounts",)]
        desk.deliver("tickets", *tickets(3))
        assert desk.gate().exit_code == 0
        assert desk.query("select max(load_seq) from raw._batches")[0][0] > seen


class TestVolume:
    """A batch of an unusual size is held, unless it is known to be one."""

    @staticmethod
    def events(first: int, count: int, day: str) -> list[dict[str, str]]:
        return [
            {"event_id": f"E{first + n}", "occurred_at": f"2025-01-{day}T00:00:00Z"} for n in range(count)
        ]

    @pytest.fixture
    def desk(self, company: CompanyFactory) -> Company:
        desk = company("ticket_events")
        for number in range(3):
            desk.deliver("ticket_events", *self.events(100 * number, 20, f"1{number}"))
        assert [b.outcome for b in desk.gate().batches] == ["pass"] * 3
        return desk

    @pytest.mark.parametrize("rows", [1, 201])
    def test_far_less_or_far_more_than_usual_is_held(self, desk: Company, rows: int) -> None:
        desk.deliver("ticket_events", *self.events(1000, rows, "20"))
        report = desk.gate()
        assert report.exit_code == 11
        assert f"{rows} rows, the last 3 batches had 20" in report.batches[0].message
        assert "Rule: volume" in report.batches[0].message

    @pytest.mark.parametrize("rows", [2, 10, 40, 200])
    def test_half_and_double_are_usual(self, desk: Company, rows: int) -> None:
        desk.deliver("ticket_events", *self.events(1000, rows, "20"))
        assert [b.outcome for b in desk.gate().batches] == ["pass"]

    def test_a_back_fill_only_gives_notice(self, desk: Company) -> None:
        desk.deliver("ticket_events", *self.events(1000, 1, "20"))
        report = desk.gate(backfill=True)
        assert [b.outcome for b in report.batches] == ["pass"]
        assert report.batches[0].notices[0].startswith("volume: ")

    def test_a_batch_of_older_facts_only_gives_notice(self, desk: Company) -> None:
        desk.deliver("ticket_events", *self.events(1000, 1, "05"))
        report = desk.gate()
        assert [b.outcome for b in report.batches] == ["pass"]
        assert report.batches[0].notices[0].startswith("volume: ")

    def test_a_person_can_vouch_for_a_held_batch(self, desk: Company) -> None:
        desk.deliver("ticket_events", *self.events(1000, 1, "20"))
        held = desk.gate().batches[0].batch_id
        assert [b.outcome for b in repair(desk.load()).batches] == ["held"]
        assert [b.outcome for b in repair(desk.load(), batches=[held]).batches] == ["pass"]

    def test_the_first_batches_have_no_usual_size(self, company: CompanyFactory) -> None:
        desk = company("ticket_events")
        desk.deliver("ticket_events", *self.events(0, 500, "10"))
        desk.deliver("ticket_events", *self.events(1000, 1, "20"))
        assert [b.outcome for b in desk.gate().batches] == ["pass", "pass"]


class TestCrash:
    """A check that says nothing is neither good nor bad."""

    def test_a_crashed_check_loads_nothing_and_is_tried_again(
        self, company: CompanyFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk = company("accounts", "ticket_events")
        desk.deliver("accounts", {})
        desk.deliver("ticket_events", {})
        check = Checker.check

        def crashing(self: Checker, expectations: Any, frame: Any) -> Verdict:
            if "event_id" in frame:
                return Verdict(len(expectations), 3, crash="3 of 9 expectations were evaluated")
            return check(self, expectations, frame)

        with monkeypatch.context() as patched:
            patched.setattr(Checker, "check", crashing)
            report = desk.gate()
        assert [(b.source, b.outcome) for b in report.batches] == [
            ("accounts", "pass"),
            ("ticket_events", "crashed"),
        ]
        assert report.exit_code == 11
        assert "3 of 9 expectations" in report.batches[1].message
        assert desk.query("select count(*) from raw.ticket_events") == [(0,)]
        assert desk.query("select outcome from raw._batches where source = 'ticket_events'") == [("crashed",)]
        assert [(b.source, b.outcome) for b in desk.gate().batches] == [("ticket_events", "pass")]
        assert desk.query("select outcome from raw._batches where source = 'ticket_events'") == [("pass",)]

    def test_a_vacuous_suite_is_a_crash(
        self, company: CompanyFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk = company("ticket_events")
        desk.deliver("ticket_events", {})
        monkeypatch.setattr("expectations.suite_of", lambda contract, history, rows: [])
        report = desk.gate()
        assert [b.outcome for b in report.batches] == ["crashed"]
        assert desk.query("select count(*) from raw.ticket_events") == [(0,)]

    def test_a_check_that_fails_itself_is_a_crash(
        self, company: CompanyFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk = company("ticket_events")
        desk.deliver("ticket_events", {})

        def failing(self: Any, *arguments: Any, **more: Any) -> Any:
            raise RuntimeError("list index out of range")

        monkeypatch.setattr(
            "great_expectations.expectations.ExpectColumnValuesToNotBeNull._validate", failing
        )
        report = desk.gate()
        assert [b.outcome for b in report.batches] == ["crashed"]
        assert "list index out of range" in report.batches[0].message

    def test_all_expectations_are_counted(self, company: CompanyFactory) -> None:
        desk = company("ticket_events")
        desk.deliver("ticket_events", {})
        desk.gate()
        ((declared, evaluated),) = desk.query(
            "select expectations_declared, expectations_evaluated from raw._batches"
        )
        assert declared == evaluated > 8


class TestWaiting:
    """Rows of an unknown account or question wait, and go on by themselves."""

    def test_rows_of_an_unknown_account_go_on_when_it_arrives(self, company: CompanyFactory) -> None:
        desk = company("accounts", "contacts", "tickets")
        desk.deliver("accounts", {})
        desk.deliver(
            "tickets",
            {},
            {"ticket_id": "T2", "account_id": " A2\u00a0"},
            {"ticket_id": "T3", "account_id": "A3"},
        )
        report = desk.gate()
        assert told(report)[1] == ("tickets", "pass", "loaded", 1, 0, 2)
        assert report.exit_code == 10
        before = report.batches[1].message
        assert "unknown_account 2. First: line 3, column account_id" in before
        assert "go on by themselves" in before
        desk.deliver("accounts", {"account_id": "A2"})
        report = desk.gate()
        assert told(report) == [
            ("accounts", "pass", "loaded", 1, 0, 0),
            ("tickets", "pass", "admitted", 1, 0, 0),
        ]
        assert report.exit_code == 0
        assert desk.query("select ticket_id, account_id from raw.tickets order by all") == [
            ("T1", "A1"),
            ("T2", "A2"),
        ]
        assert desk.query("select key, status from quarantine.rows order by key") == [
            ("T2", "admitted"),
            ("T3", "waiting"),
        ]
        assert desk.query(
            "select rows, accepted_rows, waiting_rows from raw._batches where source = 'tickets'"
        ) == [(3, 2, 1)]
        # What is still outside is told as if the batch had been judged now.
        assert desk.query("select message from raw._batches where source = 'tickets'") == [
            (before.replace("unknown_account 2. First: line 3,", "unknown_account 1. First: line 4,"),)
        ]
        assert desk.gate().batches == []

    def test_rows_that_carry_no_account_do_not_wait(self, company: CompanyFactory) -> None:
        desk = company("ticket_events", "ticket_slas", "delivery_promises")
        for contract in ("ticket_events", "ticket_slas", "delivery_promises"):
            desk.deliver(contract, {})
        assert {b.outcome for b in desk.gate().batches} == {"pass"}

    def test_answers_of_an_unknown_question_go_on_when_it_arrives(self, company: CompanyFactory) -> None:
        desk = company("accounts", "survey_questions", "survey_answers")
        desk.deliver("accounts", {})
        desk.deliver("survey_answers", {}, {"question_id": "Q2", "answer_value": "9"}, {"question_id": "Q3"})
        assert told(desk.gate())[1] == ("survey_answers", "pass", "loaded", 0, 0, 3)
        desk.deliver("survey_questions", {}, {"question_id": "Q2"})
        report = desk.gate()
        # The scale is known now, and one of the answers is off it.
        assert told(report)[1] == ("survey_answers", "quarantine", "admitted", 1, 1, 0)
        assert desk.query("select question_id from raw.survey_answers") == [("Q1",)]
        assert desk.query("select rule, status from quarantine.rows order by key") == [
            ("unknown_question", "admitted"),
            ("answer_on_scale", "quarantined"),
            ("unknown_question", "waiting"),
        ]

    def test_a_row_that_waits_for_two_things_waits_for_both(self, company: CompanyFactory) -> None:
        desk = company("accounts", "survey_questions", "survey_answers")
        desk.deliver("survey_answers", {})
        desk.gate()
        desk.deliver("accounts", {})
        assert told(desk.gate())[1] == ("survey_answers", "pass", "admitted", 0, 0, 1)
        assert desk.query("select rule, status from quarantine.rows") == [("unknown_question", "waiting")]
        desk.deliver("survey_questions", {})
        assert told(desk.gate())[1] == ("survey_answers", "pass", "admitted", 1, 0, 0)
        assert desk.query(
            "select waiting_rows, accepted_rows from raw._batches where contract = 'survey_answers'"
        ) == [(0, 1)]

    def test_an_identity_makes_an_account_known_under_another_name(self, company: CompanyFactory) -> None:
        desk = company("accounts", "identities", "tickets")
        desk.deliver("accounts", {})
        desk.deliver("tickets", {"account_id": "desk-1"}, {"ticket_id": "T2", "account_id": "desk-2"})
        assert told(desk.gate())[1] == ("tickets", "pass", "loaded", 0, 0, 2)
        desk.deliver("identities", {}, {"external_id": "desk-2", "internal_id": "A404"})
        assert told(desk.gate())[1:] == [("tickets", "pass", "admitted", 1, 0, 0)]
        # Raw keeps the source's own name for it.
        assert desk.query("select account_id from raw.tickets") == [("desk-1",)]

    def test_where_ids_are_mapped_an_id_does_not_stand_for_itself(self, company: CompanyFactory) -> None:
        desk = company("accounts", "identities", "tickets")
        desk.source("tickets")["ids"] = "mapped"
        desk.deliver("accounts", {})
        desk.deliver("tickets", {})
        assert told(desk.gate())[1] == ("tickets", "pass", "loaded", 0, 0, 1)
        desk.deliver("identities", {"external_id": "A1"})
        assert told(desk.gate())[1:] == [("tickets", "pass", "admitted", 1, 0, 0)]

    def test_an_account_that_waits_for_its_identity_lets_its_facts_follow(
        self, company: CompanyFactory
    ) -> None:
        desk = company("accounts", "identities", "tickets")
        desk.source("accounts")["ids"] = "mapped"
        desk.deliver("accounts", {"account_id": "crm-1"})
        desk.deliver("tickets", {"account_id": "A1"})
        assert [b.waiting for b in desk.gate().batches] == [1, 1]
        desk.deliver("identities", {"source": "crm", "external_id": "crm-1"})
        assert told(desk.gate())[1:] == [
            ("accounts", "pass", "admitted", 1, 0, 0),
            ("tickets", "pass", "admitted", 1, 0, 0),
        ]

    def test_referred_to_contracts_go_first_whatever_arrived_first(self, company: CompanyFactory) -> None:
        desk = company("survey_answers", "survey_questions", "contacts", "accounts")
        for contract in ("survey_answers", "survey_questions", "contacts", "accounts"):
            desk.deliver(contract, {})
        report = desk.gate()
        assert [b.contract for b in report.batches] == [
            "accounts",
            "contacts",
            "survey_questions",
            "survey_answers",
        ]
        assert report.exit_code == 0


class TestRepair:
    """After a fix, what landed is read again: the original file is not needed."""

    def test_rows_are_replayed_after_a_fix_of_the_mapping(self, company: CompanyFactory) -> None:
        desk = company("accounts", "tickets")
        desk.deliver("accounts", {})
        file = desk.deliver(
            "tickets", {}, {"ticket_id": "T2", "status": "done"}, {"ticket_id": "T3", "status": "odd"}
        )
        desk.gate()
        (desk.folder / file).unlink()
        desk.source("tickets")["columns"]["status"] = "case status when 'done' then 'closed' else status end"
        report = repair(desk.load())
        assert told(report) == [("tickets", "quarantine", "repaired", 1, 1, 0)]
        assert desk.query("select ticket_id, status from raw.tickets order by all") == [
            ("T1", "resolved"),
            ("T2", "closed"),
        ]
        assert desk.query("select key, status from quarantine.rows order by key") == [
            ("T2", "repaired"),
            ("T3", "quarantined"),
        ]
        ((rows, accepted, quarantined, message),) = desk.query(
            "select rows, accepted_rows, quarantined_rows, message from raw._batches where source = 'tickets'"
        )
        assert (rows, accepted, quarantined) == (3, 2, 1)
        assert "unknown_value 1" in message

    def test_a_replay_that_changes_nothing_leaves_everything_as_it_was(self, company: CompanyFactory) -> None:
        desk = company("accounts", "tickets")
        desk.deliver("accounts", {})
        desk.deliver("tickets", {}, {"ticket_id": "T2", "status": "done"})
        desk.gate()
        tables = ("quarantine.rows", "raw._batches", "raw._changes", "raw.tickets")
        before = [desk.query(f"select * from {table} order by all") for table in tables]
        report = repair(desk.load())
        assert told(report) == [("tickets", "quarantine", "repaired", 0, 1, 0)]
        assert [desk.query(f"select * from {table} order by all") for table in tables] == before

    def test_a_fix_can_uncover_the_next_rule(self, company: CompanyFactory) -> None:
        desk = company("accounts", "tickets")
        desk.deliver("accounts", {})
        desk.deliver("tickets", {"status": "done", "account_id": "A404"})
        desk.gate()
        desk.source("tickets")["columns"]["status"] = "'closed'"
        assert told(repair(desk.load())) == [("tickets", "pass", "repaired", 0, 0, 1)]
        assert desk.query("select rule, status from quarantine.rows") == [("unknown_account", "waiting")]

    def test_a_row_that_breaks_another_rule_after_the_fix_is_recorded_under_it(
        self, company: CompanyFactory
    ) -> None:
        desk = company("accounts", "tickets")
        desk.deliver("accounts", {})
        desk.deliver("tickets", {"opened_at": "soon", "resolved_at": ""})
        desk.gate()
        desk.source("tickets")["columns"]["opened_at"] = "'9999-12-31T00:00:00Z'"
        assert told(repair(desk.load())) == [("tickets", "quarantine", "repaired", 0, 1, 0)]
        assert desk.query("select rule, column_name, status from quarantine.rows") == [
            ("instant_window", "opened_at", "quarantined")
        ]

    def test_only_what_was_asked_for_is_replayed(self, company: CompanyFactory) -> None:
        desk = company("accounts", "tickets", "ticket_events")
        desk.deliver("accounts", {})
        desk.deliver("tickets", {"status": "done"})
        desk.deliver("ticket_events", {"event": "done"})
        batches = {b.source: b.batch_id for b in desk.gate().batches}
        assert [b.source for b in repair(desk.load(), batches=[batches["tickets"]]).batches] == ["tickets"]
        assert [b.source for b in repair(desk.load(), source="ticket_events").batches] == ["ticket_events"]

    def test_an_unknown_batch_or_source_is_the_users_error(self, company: CompanyFactory) -> None:
        desk = company("accounts")
        desk.deliver("accounts", {})
        desk.gate()
        with pytest.raises(UserError, match="no landed batch 'feed'"):
            repair(desk.load(), batches=["feed"])
        with pytest.raises(UserError, match="no source 'account'"):
            repair(desk.load(), source="account")


class TestMappingAgainstBatch:
    """A mapping that does not fit a landed batch holds it; the other sources go on."""

    def test_an_expression_that_fails_on_a_value_holds_the_batch(self, company: CompanyFactory) -> None:
        desk = company("accounts", "ticket_events")
        desk.source("accounts")["columns"]["annual_value"] = "annual_value::double * 12"
        desk.deliver("accounts", {"annual_value": "a lot"})
        desk.deliver("ticket_events", {})
        report = desk.gate()
        assert [(b.source, b.outcome) for b in report.batches] == [
            ("accounts", "held"),
            ("ticket_events", "pass"),
        ]
        assert "try_cast" in report.batches[0].message
        desk.source("accounts")["columns"]["annual_value"] = "try_cast(annual_value as double) * 12"
        assert told(repair(desk.load())) == [("accounts", "pass", "loaded", 1, 0, 0)]

    def test_a_column_that_did_not_land_holds_the_batch(self, company: CompanyFactory) -> None:
        desk = company("ticket_events")
        file = desk.deliver("ticket_events", {})
        ws = desk.ingest()
        (desk.folder / file).unlink()
        desk.source("ticket_events")["columns"]["actor_group"] = '"Group"'
        report = desk.gate()
        assert ws.sources[0].name == "ticket_events"
        assert [b.outcome for b in report.batches] == ["held"]
        assert "'Group'" in report.batches[0].message
        assert "columns_present" in report.batches[0].message

    def test_a_damaged_landed_file_holds_only_its_batch(self, company: CompanyFactory) -> None:
        desk = company("accounts", "ticket_events")
        desk.deliver("accounts", {})
        desk.deliver("ticket_events", {})
        ws = desk.ingest()
        broken = list_batches(ws.landing_path, "accounts")[0].path
        broken.chmod(0o600)
        broken.write_bytes(broken.read_bytes()[:40])
        report = desk.gate()
        assert [(b.source, b.outcome) for b in report.batches] == [
            ("accounts", "held"),
            ("ticket_events", "pass"),
        ]
        assert "landed_file" in report.batches[0].message

    def test_batches_of_a_source_that_is_gone_are_left_alone(self, company: CompanyFactory) -> None:
        desk = company("accounts", "ticket_events")
        desk.deliver("accounts", {})
        desk.deliver("ticket_events", {})
        desk.ingest()
        desk.settings["sources"] = [desk.source("accounts")]
        report = desk.gate()
        assert [b.source for b in report.batches] == ["accounts"]
        assert "ticket_events" in report.notices[0]


class TestAnswers:
    """Scales are those of their time; anonymous answers lose their contact."""

    def test_an_answer_is_held_against_the_scale_of_its_time(self, company: CompanyFactory) -> None:
        desk = company("accounts", "survey_questions", "survey_answers")
        desk.deliver("accounts", {})
        desk.deliver(
            "survey_questions",
            {"scale_max": "5", "updated_at": "2024-01-01T00:00:00Z"},
            {"scale_max": "10", "updated_at": "2025-01-01T00:00:00Z"},
        )
        desk.deliver(
            "survey_answers",
            *[
                {
                    "response_id": key,
                    "submitted_at": f"{day}T00:00:00Z",
                    "updated_at": f"{day}T00:00:00Z",
                    "answer_value": "7",
                }
                for key, day in {
                    "before": "2023-06-01",
                    "first": "2024-06-01",
                    "second": "2025-01-01",
                }.items()
            ],
        )
        desk.gate()
        assert desk.query("select response_id from raw.survey_answers") == [("second",)]
        assert desk.query("select rule, key from quarantine.rows order by key") == [
            ("answer_on_scale", "before\x1fS1\x1fQ1"),
            ("answer_on_scale", "first\x1fS1\x1fQ1"),
        ]

    def test_a_question_without_a_scale_takes_any_number(self, company: CompanyFactory) -> None:
        desk = company("accounts", "survey_questions", "survey_answers")
        desk.deliver("accounts", {})
        desk.deliver("survey_questions", {"scale_min": "", "scale_max": ""})
        desk.deliver("survey_answers", {"answer_value": "-50"}, {"response_id": "R2", "answer_value": ""})
        assert desk.gate().exit_code == 0

    def test_the_contact_of_an_anonymous_answer_is_written_nowhere(self, company: CompanyFactory) -> None:
        desk = company("accounts", "survey_questions", "survey_answers")
        desk.deliver("accounts", {})
        desk.deliver("survey_questions", {"is_anonymous": "true"}, {"survey_id": "S2"})
        desk.deliver(
            "survey_answers",
            {"contact_id": "canary-1"},
            {"response_id": "R2", "contact_id": "canary-2", "answer_value": "99"},
            {"response_id": "R3", "contact_id": "canary-3", "question_id": "Q404"},
            {"response_id": "R4", "survey_id": "S2", "contact_id": "C4"},
        )
        desk.gate()
        assert desk.query("select response_id, contact_id from raw.survey_answers order by all") == [
            ("R1", None),
            ("R4", "C4"),
        ]
        assert b"canary" not in (desk.folder / "warehouse.duckdb").read_bytes()

    def test_the_hash_of_an_anonymous_answer_does_not_tell_who_gave_it(self, company: CompanyFactory) -> None:
        desk = company("accounts", "survey_questions", "survey_answers")
        desk.deliver("accounts", {})
        desk.deliver("survey_questions", {"is_anonymous": "true"})
        desk.deliver("survey_answers", {"contact_id": "C1"}, {"contact_id": "C2"})
        desk.gate()
        assert desk.query("select count(distinct _row_hash), count(*) from raw.survey_answers") == [(1, 2)]

    def test_a_wide_survey_is_gated_cell_by_cell(self, company: CompanyFactory) -> None:
        desk = company("accounts", "survey_questions", "survey_answers")
        desk.deliver("accounts", {})
        desk.deliver("survey_questions", {"question_id": "q1"}, {"question_id": "q2"}, {"question_id": "why"})
        wide = desk.source("survey_answers")
        for column in ("question_id", "answer_value", "survey_id", "contact_id"):
            del wide["columns"][column]
        wide["columns"]["survey_id"] = "'S1'"
        wide["questions"] = {"One": "q1", "Two": "q2", "Why": "why", "Late": "q9"}
        wide["text_questions"] = ["why"]
        header = "response_id,account_id,submitted_at,updated_at,One,Two,Why,Late\n"
        when = "2025-01-02T00:00:00Z,2025-01-02T00:00:00Z"
        desk.deliver_text("survey_answers", f"{header}R1,A1,{when},5,8,because,\nR2,A1,{when},,,,3\n")
        report = desk.gate()
        assert told(report)[2] == ("survey_answers", "quarantine", "loaded", 2, 1, 1)
        assert report.batches[2].records == 2
        assert "column Two" in report.batches[2].message
        assert desk.query(
            "select question_id, answer_value, answer_text, _row, _column from raw.survey_answers"
        ) == [
            ("q1", 5.0, None, 1, "One"),
            ("why", None, "because", 1, "Why"),
        ]
        desk.deliver("survey_questions", {"question_id": "q9"})
        assert told(desk.gate())[1] == ("survey_answers", "pass", "admitted", 1, 0, 0)


def test_one_version_told_twice_in_other_words_is_a_notice(company: CompanyFactory) -> None:
    desk = company("accounts")
    twice = {"account_id": "A1", "account_name": "One"}
    desk.deliver(
        "accounts",
        twice,
        {"account_id": "A2"},
        twice,
        {"account_id": "A1", "account_name": "Another"},
        {"account_id": "A2", "updated_at": "2025-03-01T00:00:00Z"},
    )
    report = desk.gate()
    assert report.batches[0].outcome == "pass"
    (notice,) = report.batches[0].notices
    assert notice.startswith("equal_version: 1 key of inbox/")
    assert "first in line 2 and line 5" in notice
    assert "sources.accounts.tie_break" in notice
    assert desk.query("select count(*) from raw.accounts where account_id = 'A1'") == [(3,)]


def test_what_a_tie_break_decides_is_no_notice(company: CompanyFactory) -> None:
    desk = company("accounts")
    desk.source("accounts")["tie_break"] = "account_name"
    desk.deliver(
        "accounts", {"account_id": "A1", "account_name": "One"}, {"account_id": "A1", "account_name": "Two"}
    )
    assert desk.gate().batches[0].notices == []


def test_keys_that_are_written_in_two_ways_are_a_notice(company: CompanyFactory) -> None:
    desk = company("accounts")
    desk.deliver("accounts", {"account_id": "Müller"}, {"account_id": " Mu\u0308ller"}, {"account_id": "A9"})
    report = desk.gate()
    assert report.batches[0].outcome == "pass"
    assert any(notice.startswith("key_collision: 1 keys") for notice in report.batches[0].notices)
    assert desk.query("select account_id, count(*) from raw.accounts group by 1 order by 1") == [
        ("A9", 1),
        ("Müller", 2),
    ]


def test_a_file_of_many_chunks_is_checked_whole(
    company: CompanyFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gapwatch.gate_stage.CHUNK_ROWS", 2048)
    desk = company("ticket_events")
    good = [{"event_id": f"E{n}"} for n in range(5000)]
    desk.deliver("ticket_events", *good, {"event": "odd"})
    report = desk.gate()
    assert told(report) == [("ticket_events", "quarantine", "loaded", 5000, 1, 0)]
    assert report.batches[0].expectations_declared > 2 * 9
    assert desk.query("select line from quarantine.rows") == [(5002,)]


def test_the_report_is_plain_data(company: CompanyFactory) -> None:
    desk = company("accounts")
    desk.deliver_text("accounts", csv("accounts", {}, {"tier": "Z"}))
    data = json.loads(json.dumps(desk.gate().as_dict()))
    assert data["exit_code"] == 10
    assert data["rules"] == {"unknown_value": 1}
    assert data["batches"][0]["file"].endswith(".csv")
    assert data["seconds_gate"] >= 0


class TestSmallBatchesJudgedTogether:
    """Files of one source that wait at the gate share one evaluation of the suite, and nothing else."""

    @staticmethod
    def three_files(desk: Company) -> None:
        desk.deliver("accounts", {})
        desk.deliver("tickets", *tickets(3))
        desk.deliver("tickets", {"ticket_id": "T7"}, {"ticket_id": "T8", "status": "lost"})
        desk.deliver("tickets", {"ticket_id": "T9", "opened_at": "1980-01-01T00:00:00Z"})

    def test_each_row_is_stopped_in_its_own_batch(
        self, company: CompanyFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk = company("accounts", "tickets", max_rejected_share=1.0)
        self.three_files(desk)
        frames = []
        check = Checker.check

        def counting(self: Checker, expectations: Any, frame: Any) -> Verdict:
            frames.append(len(frame))
            return check(self, expectations, frame)

        monkeypatch.setattr(Checker, "check", counting)
        report = desk.gate()

        assert sorted(frames) == [1, 6]
        assert sorted((b.accepted, b.quarantined) for b in report.batches[1:]) == [(0, 1), (1, 1), (3, 0)]
        stopped = desk.query(
            "select json_extract_string(content, '$.ticket_id'), rule, _row from quarantine.rows"
        )
        assert sorted(row[1:] for row in stopped) == [("instant_window", 1), ("unknown_value", 2)]
        by_file = desk.query(
            "select r.rule, b.quarantined_rows from quarantine.rows as r "
            "join raw._batches as b on b.batch_id = r._batch_id and b.file = r._file order by 1"
        )
        assert by_file == [("instant_window", 1), ("unknown_value", 1)]

    def test_when_the_shared_check_crashes_each_batch_is_judged_alone(
        self, company: CompanyFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk = company("accounts", "tickets", max_rejected_share=1.0)
        self.three_files(desk)
        check = Checker.check

        def crashing(self: Checker, expectations: Any, frame: Any) -> Verdict:
            if len(frame) in {6, 2}:
                return Verdict(len(expectations), 0, crash="out of its mind")
            return check(self, expectations, frame)

        monkeypatch.setattr(Checker, "check", crashing)
        report = desk.gate()

        assert sorted((b.outcome, b.accepted) for b in report.batches[1:]) == [
            ("crashed", 0),
            ("pass", 3),
            ("quarantine", 0),
        ]

"""Each rule lets a good batch through and stops the row that breaks it, by its own name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from gate_workspace import GOOD, Company

from expectations import SUITES, suite_of
from gapwatch.border_out import check_marts, mart_failures
from gapwatch.contracts import CONTRACTS
from gapwatch.validation import Checker

WEEKLY = "marts.fct_satisfaction_weekly"
FUTURE = "2099-01-01T00:00:00Z"

#: contract, change that breaks one rule, rule, column.
BROKEN: list[tuple[str, dict[str, str], str, str]] = [
    ("accounts", {"account_id": ""}, "key_present", "account_id"),
    ("accounts", {"account_id": "A\u202e9"}, "key_characters", "account_id"),
    ("accounts", {"account_name": ""}, "required_value", "account_name"),
    ("accounts", {"tier": "D"}, "unknown_value", "tier"),
    ("accounts", {"annual_value": "1_000"}, "value_type", "annual_value"),
    ("accounts", {"contract_started_on": "0001-01-01"}, "instant_window", "contract_started_on"),
    ("accounts", {"updated_at": ""}, "required_value", "updated_at"),
    ("accounts", {"updated_at": "2025-01-01 00:00:00"}, "naive_instant", "updated_at"),
    ("identities", {"external_id": ""}, "key_present", "external_id"),
    ("identities", {"internal_id": ""}, "required_value", "internal_id"),
    ("identities", {"kind": "team"}, "unknown_value", "kind"),
    ("contacts", {"contact_id": ""}, "key_present", "contact_id"),
    ("contacts", {"account_id": ""}, "required_value", "account_id"),
    ("contacts", {"relationship": "friend"}, "unknown_value", "relationship"),
    ("contacts", {"is_decision_maker": "perhaps"}, "value_type", "is_decision_maker"),
    ("contacts", {"account_id": "A404"}, "unknown_account", "account_id"),
    ("survey_questions", {"question_id": ""}, "key_present", "question_id"),
    ("survey_questions", {"survey_kind": "other"}, "unknown_value", "survey_kind"),
    ("survey_questions", {"measure": "mood"}, "unknown_value", "measure"),
    ("survey_questions", {"measure": ""}, "required_value", "measure"),
    ("survey_questions", {"scale_max": "1"}, "scale_in_order", "scale_max"),
    ("survey_invitations", {"invitation_id": ""}, "key_present", "invitation_id"),
    ("survey_invitations", {"contact_id": ""}, "required_value", "contact_id"),
    ("survey_invitations", {"sent_at": FUTURE}, "in_the_future", "sent_at"),
    ("survey_invitations", {"account_id": "A404"}, "unknown_account", "account_id"),
    ("survey_answers", {"response_id": ""}, "key_present", "response_id"),
    ("survey_answers", {"submitted_at": ""}, "required_value", "submitted_at"),
    ("survey_answers", {"submitted_at": FUTURE}, "in_the_future", "submitted_at"),
    ("survey_answers", {"answer_value": "8"}, "answer_on_scale", "answer_value"),
    ("survey_answers", {"answer_value": "0.99"}, "answer_on_scale", "answer_value"),
    ("survey_answers", {"answer_value": "nan"}, "value_type", "answer_value"),
    ("survey_answers", {"question_id": "Q404"}, "unknown_question", "question_id"),
    ("survey_answers", {"account_id": "A404"}, "unknown_account", "account_id"),
    ("tickets", {"ticket_id": " \u200b"}, "key_present", "ticket_id"),
    ("tickets", {"opened_at": ""}, "required_value", "opened_at"),
    ("tickets", {"opened_at": FUTURE, "resolved_at": ""}, "in_the_future", "opened_at"),
    ("tickets", {"opened_at": "1989-12-31T00:00:00Z"}, "instant_window", "opened_at"),
    ("tickets", {"opened_at": "9999-12-31T00:00:00Z"}, "instant_window", "opened_at"),
    ("tickets", {"status": "gone"}, "unknown_value", "status"),
    ("tickets", {"reopen_count": "1.5"}, "value_type", "reopen_count"),
    ("tickets", {"resolved_at": "2025-01-01T07:59:59Z"}, "resolved_after_opened", "resolved_at"),
    ("tickets", {"account_id": "A404"}, "unknown_account", "account_id"),
    ("ticket_events", {"event_id": ""}, "key_present", "event_id"),
    ("ticket_events", {"ticket_id": ""}, "required_value", "ticket_id"),
    ("ticket_events", {"event": "ignored"}, "unknown_value", "event"),
    ("ticket_events", {"occurred_at": FUTURE}, "in_the_future", "occurred_at"),
    ("ticket_slas", {"cycle_seq": ""}, "key_present", "cycle_seq"),
    ("ticket_slas", {"metric": "smile"}, "unknown_value", "metric"),
    ("ticket_slas", {"started_at": ""}, "required_value", "started_at"),
    ("ticket_slas", {"started_at": FUTURE}, "in_the_future", "started_at"),
    ("deliveries", {"delivery_id": ""}, "key_present", "delivery_id"),
    ("deliveries", {"kind": "favour"}, "unknown_value", "kind"),
    ("deliveries", {"acceptance_result": "perhaps"}, "unknown_value", "acceptance_result"),
    ("deliveries", {"cancelled_by": "nobody"}, "unknown_value", "cancelled_by"),
    ("deliveries", {"ordered_at": FUTURE}, "in_the_future", "ordered_at"),
    ("deliveries", {"account_id": "A404"}, "unknown_account", "account_id"),
    ("delivery_promises", {"promise_seq": ""}, "key_present", "promise_seq"),
    ("delivery_promises", {"promised_at": FUTURE}, "in_the_future", "promised_at"),
    ("delivery_promises", {"requested_by": "nobody"}, "unknown_value", "requested_by"),
    ("delivery_promises", {"due_on": ""}, "promise_due", "due_on"),
    ("delivery_promises", {"due_at": "2025-02-01T00:00:00Z"}, "promise_due", "due_on"),
    ("interactions", {"interaction_id": ""}, "key_present", "interaction_id"),
    ("interactions", {"kind": "thought"}, "unknown_value", "kind"),
    ("interactions", {"occurred_at": FUTURE}, "in_the_future", "occurred_at"),
    ("interactions", {"account_id": "A404"}, "unknown_account", "account_id"),
]


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Every contract with a good row and one bad row a rule, gated once."""
    company = Company(tmp_path_factory.mktemp("expectations") / "company")
    for contract in GOOD:
        company.deliver(contract, {}, *(change for name, change, _, _ in BROKEN if name == contract))
    assert company.gate().exit_code == 10
    return company


@pytest.mark.parametrize("contract", GOOD)
def test_the_good_row_of_each_contract_reaches_raw(gated: Company, contract: str) -> None:
    assert gated.query(f'select _row from raw."{contract}" order by _row') == [(1,)]


@pytest.mark.parametrize(("contract", "change", "rule", "column"), BROKEN)
def test_the_row_that_breaks_a_rule_is_stopped_by_its_name(
    gated: Company, contract: str, change: dict[str, str], rule: str, column: str
) -> None:
    place = [c for name, c, _, _ in BROKEN if name == contract].index(change) + 2
    found = gated.query(
        "select rule, column_name, line, status from quarantine.rows "
        f"where contract = '{contract}' and _row = {place}"
    )
    status = "waiting" if rule.startswith("unknown_") and rule != "unknown_value" else "quarantined"
    assert found == [(rule, column, place + 1, status)]


def test_every_row_rule_of_every_suite_has_its_bad_row() -> None:
    tried = {(contract, rule) for contract, _, rule, _ in BROKEN}
    casts = {"key_characters", "value_type", "naive_instant", "instant_window"}
    declared = {
        (contract, expectation.meta["rule"])
        for contract in SUITES
        for expectation in suite_of(contract, "versions", 1)
        if expectation.meta["severity"] == "row" and expectation.meta["rule"] not in casts
    }
    # Required columns are many; one of each contract stands for them, and identities may hold no more.
    missing = {pair for pair in declared - tried if pair[1] != "required_value"}
    assert not missing


@pytest.mark.parametrize("contract", CONTRACTS)
def test_each_suite_is_short_and_says_what_it_expects(contract: str) -> None:
    source = Path(SUITES[contract].replace(".", "/") + ".py")
    assert len((Path(__file__).parents[1] / source).read_text().splitlines()) <= 40
    for expectation in suite_of(contract, "versions", 10):
        assert expectation.notes.endswith(".")
        assert expectation.meta["severity"] in {"row", "batch"}
        assert expectation.meta["rule"]


def test_a_source_without_history_needs_no_version() -> None:
    def columns(history: str) -> set[str]:
        return {
            e.meta["column"] for e in suite_of("tickets", history, 1) if e.meta["rule"] == "required_value"
        }

    assert columns("versions") - columns("none") == {"updated_at"}


class TestChecker:
    """Great Expectations is not taken at its word."""

    @pytest.fixture(scope="class")
    @staticmethod
    def checker() -> Checker:
        return Checker()

    @staticmethod
    def frame(**columns: list[Any]) -> pd.DataFrame:
        return pd.DataFrame({"tier": ["S", "A", None, "Z"], **columns})

    @staticmethod
    def tier() -> Any:
        from expectations import rules

        return rules.one_of("tier", ("S", "A"))

    def test_the_failing_rows_are_named(self, checker: Checker) -> None:
        verdict = checker.check([self.tier()], self.frame())
        assert verdict.crash is None
        assert list(verdict.broken) == [3]
        assert verdict.broken[3].rule == "unknown_value"
        assert (verdict.declared, verdict.evaluated) == (1, 1)

    def test_an_empty_suite_is_a_crash(self, checker: Checker) -> None:
        assert checker.check([], self.frame()).crash == "there was no expectation to check"

    def test_an_empty_frame_is_a_crash(self, checker: Checker) -> None:
        assert checker.check([self.tier()], self.frame().head(0)).crash == "there was no row to check"

    def test_a_check_that_fails_itself_is_a_crash(self, checker: Checker) -> None:
        verdict = checker.check([self.tier()], self.frame().drop(columns="tier").assign(other=1))
        assert verdict.crash is not None
        assert "unknown_value of tier failed itself" in verdict.crash
        assert verdict.broken == {}

    def test_a_frame_of_another_length_is_a_crash(self, checker: Checker) -> None:
        from expectations import rules

        verdict = checker.check([rules.whole(5), self.tier()], self.frame())
        assert verdict.crash == "the check row_count looked at 4 of 4 rows" or "row_count" in str(
            verdict.crash
        )

    def test_the_first_rule_of_the_suite_is_the_one_named(self, checker: Checker) -> None:
        from expectations import rules

        frame = pd.DataFrame({"tier": ["Z", "S"], "a": [1.0, 3.0], "b": [2.0, 1.0]})
        both = [rules.not_before("a", "b", "in_order"), self.tier()]
        assert checker.check(both, frame).broken[0].rule == "in_order"
        assert checker.check(both[::-1], frame).broken[0].rule == "unknown_value"


class TestBorderOut:
    """The marts are checked before anything is published."""

    @pytest.fixture
    @staticmethod
    def marts() -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect() as connection:
            connection.execute("create schema marts")
            connection.execute(
                "create table marts.dim_accounts as select 'A' || i as account_id from range(3) as r (i)"
            )
            connection.execute(
                f"create table {WEEKLY} as select account_id, 'trust' as service_dimension, week_id, "
                "60.1 + week_id as perception_score, 60.1 + week_id as paired_perception_score, "
                "70.3::double as expectation_score, 50.0::double as minimum_score, "
                "(60.1 + week_id) - 70.3 as satisfaction_gap, 0.5::double as coverage_share "
                "from marts.dim_accounts, range(4) as w (week_id)"
            )
            connection.execute(
                f"update {WEEKLY} set perception_score = null, paired_perception_score = null, "
                "expectation_score = null, satisfaction_gap = null, coverage_share = null where week_id = 3"
            )
            connection.execute(
                "create table marts.fct_promise_gap_weekly as select account_id, service_dimension, week_id, "
                "-10.0::double as promise_gap from marts.fct_satisfaction_weekly"
            )
            yield connection

    def test_sound_marts_are_let_out(self, marts: duckdb.DuckDBPyConnection) -> None:
        assert check_marts(marts) == []

    @pytest.mark.parametrize(
        ("table", "change", "rule", "column"),
        [
            ("fct_satisfaction_weekly", "perception_score = 100.5", "in_range", "perception_score"),
            ("fct_satisfaction_weekly", "minimum_score = -1", "in_range", "minimum_score"),
            ("fct_satisfaction_weekly", "coverage_share = 1.01", "in_range", "coverage_share"),
            ("fct_satisfaction_weekly", "satisfaction_gap = 3", "gap_adds_up", "satisfaction_gap"),
            ("fct_satisfaction_weekly", "satisfaction_gap = null", "gap_adds_up", "satisfaction_gap"),
            ("fct_satisfaction_weekly", "paired_perception_score = null", "gap_adds_up", "satisfaction_gap"),
            ("fct_satisfaction_weekly", "account_id = null", "key_present", "account_id"),
            ("fct_promise_gap_weekly", "promise_gap = 0.1", "in_range", "promise_gap"),
            ("fct_promise_gap_weekly", "promise_gap = -100.1", "in_range", "promise_gap"),
        ],
    )
    def test_a_broken_mart_is_kept_in(
        self, marts: duckdb.DuckDBPyConnection, table: str, change: str, rule: str, column: str
    ) -> None:
        marts.execute(f"update marts.{table} set {change} where account_id = 'A1' and week_id = 1")
        found = mart_failures(marts)
        assert [(f.mart, f.outcome, f.rule, f.column, f.rows) for f in found] == [
            (table, "failed", rule, column, 1)
        ]
        assert "week_id=1" in check_marts(marts)[0]

    def test_a_key_that_stands_twice_is_kept_in(self, marts: duckdb.DuckDBPyConnection) -> None:
        marts.execute(f"insert into {WEEKLY} from {WEEKLY} where week_id = 2")
        marts.execute("insert into marts.dim_accounts values ('A0')")
        assert {(f.mart, f.rule, f.rows) for f in mart_failures(marts)} == {
            ("fct_satisfaction_weekly", "key_unique", 6),
            ("dim_accounts", "key_unique", 2),
        }

    def test_marts_without_rows_are_no_pass(self, marts: duckdb.DuckDBPyConnection) -> None:
        marts.execute("delete from marts.fct_satisfaction_weekly")
        marts.execute("delete from marts.fct_promise_gap_weekly")
        assert [(f.mart, f.outcome) for f in mart_failures(marts)] == [("fct_satisfaction_weekly", "crashed")]

    def test_a_large_mart_is_checked_by_whole_weeks(
        self, marts: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("gapwatch.border_out.CHUNK_ROWS", 4)
        assert check_marts(marts) == []
        marts.execute(f"insert into {WEEKLY} from {WEEKLY} where week_id = 2")
        marts.execute(f"update {WEEKLY} set week_id = null where week_id = 0 and account_id = 'A0'")
        assert {(f.rule, f.rows) for f in mart_failures(marts)} == {("key_unique", 6), ("key_present", 1)}

    def test_the_marts_of_an_attached_file_are_checked(
        self, marts: duckdb.DuckDBPyConnection, tmp_path: Path
    ) -> None:
        marts.execute(f"attach '{tmp_path / 'out.duckdb'}' as going_out")
        marts.execute("create schema going_out.marts")
        for table in ("dim_accounts", "fct_satisfaction_weekly", "fct_promise_gap_weekly"):
            marts.execute(f"create table going_out.marts.{table} as from marts.{table}")
        marts.execute("update going_out.marts.fct_promise_gap_weekly set promise_gap = 5")
        assert len(check_marts(marts, catalog="going_out")) == 1
        assert check_marts(marts) == []

"""The record of an alert rule: what it would have raised, what came true, what other lines would change."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from replayed_company import AS_OF, FIRST, LAST, Spell, change_rule, close_case, ended, make

from gapwatch import snapshots
from gapwatch.errors import UserError
from gapwatch.risk import backtest, metrics, train
from gapwatch.risk.replay import MONTH_DAYS
from gapwatch.workspace import Workspace
from tests.alerts import published_by_hand

RAISED = FIRST + 10
#: The newest week whose 90 days had passed.
NEWEST = LAST - 13
ACCOUNTS = ("lost", "late", "saved", "denied", "open", "early", "after", "quiet")


@pytest.fixture
def company(tmp_path: Path) -> Workspace:
    """Eight clients of one owner; all but one were silent once."""
    spells = [
        Spell("lost", RAISED, RAISED + 4),
        Spell("late", RAISED, RAISED + 2),
        Spell("saved", RAISED, RAISED + 2),
        Spell("denied", RAISED, RAISED + 2),
        Spell("open", LAST - 4, LAST),
        Spell("early", LAST - 4, LAST - 3),
        Spell("after", RAISED, RAISED + 2),
    ]
    notices = {
        "lost": ended(RAISED, 50),
        # the ninetieth day is one too late
        "late": ended(RAISED, 90),
        "early": ended(LAST - 4, 14),
        # had given notice before it fell silent
        "after": ended(RAISED - 1),
    }
    ws = make(tmp_path / "company", spells, notices, ACCOUNTS)
    close_case(ws, "saved", "saved", RAISED, 89)
    close_case(ws, "denied", "not_confirmed", RAISED, 20)
    close_case(ws, "denied", "confirmed", RAISED, 90)
    return ws


def as_the_seed_has_it(ws: Workspace, kind: str = "silence") -> dict[str, Any]:
    (found,) = [row for row in backtest.try_rule(ws, kind).records if row["record"] == "as the seed has it"]
    return found


def test_a_hit_is_a_notice_or_a_case_closed_as_confirmed_within_ninety_days(company: Workspace) -> None:
    record = as_the_seed_has_it(company)

    # What is raised after the notice foretells nothing; what is younger than 90 days may still come true,
    # and whoever left early counts no sooner than whoever stayed.
    assert (record["raised"], record["judged"], record["right"]) == (6, 4, 2)
    assert record["share"] == 0.5
    assert (record["low"], record["high"]) == metrics.wilson(2, 4)
    assert (round(record["low"], 4), round(record["high"], 4)) == (0.1500, 0.8500)


def test_lead_is_counted_from_the_alert_to_the_notice_and_a_case_has_none(company: Workspace) -> None:
    assert as_the_seed_has_it(company)["days"] == 50


def test_false_alarms_are_counted_per_owner_and_month(company: Workspace) -> None:
    months = (NEWEST - FIRST + 1) * 7 / MONTH_DAYS

    assert as_the_seed_has_it(company)["false"] == pytest.approx(2 / months)


def test_the_base_rate_is_the_share_of_all_weeks_before_a_loss(company: Workspace) -> None:
    notice = {
        "lost": RAISED * 7 + 57,
        "late": RAISED * 7 + 97,
        "early": (LAST - 3) * 7 + 14,
        "after": RAISED * 7,
    }
    weeks = [
        0 <= notice[account] - (week + 1) * 7 < 90 if account in notice else False
        for account in ACCOUNTS
        for week in range(FIRST, NEWEST + 1)
        if account not in notice or notice[account] >= (week + 1) * 7
    ]

    assert as_the_seed_has_it(company)["blind"] == pytest.approx(sum(weeks) / len(weeks))


def test_a_rule_that_raised_nothing_or_nothing_old_enough_says_so(tmp_path: Path, company: Workspace) -> None:
    young = make(tmp_path / "young", [Spell("open", LAST - 4, LAST)], {}, ["open"])

    assert as_the_seed_has_it(company, "churn_risk")["why"] == "nothing_raised"
    assert as_the_seed_has_it(young) == {
        "record": "as the seed has it",
        "rule": "silence",
        "raised": 1,
        "why": "nothing_judged",
    }
    assert as_the_seed_has_it(young, "data_stale")["why"] == "no_account"


def test_promises_told_of_afterwards_are_in_no_record(tmp_path: Path) -> None:
    known = Spell("known", RAISED, RAISED + 3, 40.0, "promise_overdue", 30, 30)
    made_up = Spell("made up", RAISED, RAISED + 3, 40.0, "promise_overdue", 30, 30, is_hindsight=True)
    ws = make(tmp_path / "company", [known, made_up], {}, ["known", "made up"])

    assert as_the_seed_has_it(ws, "promise_overdue")["raised"] == 1


def test_a_higher_line_opens_later_and_leaves_out_what_never_reached_it(tmp_path: Path) -> None:
    growing = {RAISED + week: 80.0 + 7 * week for week in range(5)}
    ws = make(
        tmp_path / "company",
        [Spell("lost", RAISED, RAISED + 4, growing), Spell("mild", RAISED, RAISED + 4)],
        {"lost": ended(RAISED, 50)},
        ["lost", "mild"],
    )
    before = as_the_seed_has_it(ws)

    change_rule(ws, "silence", 90, 60)

    after = as_the_seed_has_it(ws)
    assert (before["raised"], before["share"], before["days"]) == (2, 0.5, 50)
    # 94 days of silence two weeks later, and never more than 80 of the other.
    assert (after["raised"], after["share"], after["days"]) == (1, 1.0, 36)


def test_a_stricter_closing_line_ends_a_condition_and_what_comes_back_is_another_alert(
    tmp_path: Path,
) -> None:
    waves = {RAISED + week: 80.0 if week in (0, 12) else 65.0 for week in range(13)}
    ws = make(tmp_path / "company", [Spell("waves", RAISED, RAISED + 12, waves)], {}, ["waves"])
    assert as_the_seed_has_it(ws)["raised"] == 1

    change_rule(ws, "silence", 75, 70)

    assert as_the_seed_has_it(ws)["raised"] == 2


def test_an_opening_line_may_come_down_to_where_the_snapshot_closes(tmp_path: Path) -> None:
    ws = make(tmp_path / "company", [Spell("mild", RAISED, RAISED + 3, 66.0)], {}, ["mild"])
    assert as_the_seed_has_it(ws)["raised"] == 0

    change_rule(ws, "silence", 65, 60)

    assert as_the_seed_has_it(ws)["raised"] == 1


def test_a_closing_line_looser_than_the_snapshot_holds_is_refused(company: Workspace) -> None:
    change_rule(company, "silence", 75, 50)

    with pytest.raises(UserError, match="holds nothing short of 60") as refused:
        backtest.try_rule(company, "silence")

    assert "copy of the workspace" in str(refused.value.next_step)


def test_a_sudden_drop_stays_open_whatever_the_line_of_anger(tmp_path: Path) -> None:
    ws = make(
        tmp_path / "company",
        [
            Spell("dropped", RAISED, RAISED + 3, 50.0, "single_voice", 25, 35, is_opening=True),
            Spell("angry", RAISED, RAISED + 3, 22.0, "single_voice", 25, 35),
        ],
        {},
        ["dropped", "angry"],
    )
    assert as_the_seed_has_it(ws, "single_voice")["raised"] == 2

    change_rule(ws, "single_voice", 20, 30)

    assert as_the_seed_has_it(ws, "single_voice")["raised"] == 1


def test_a_trial_records_nothing_and_stands_beside_the_published_record(company: Workspace) -> None:
    trial = backtest.try_rule(company, "silence")

    assert [row["record"] for row in trial.records] == ["as the seed has it"]
    with pytest.raises(UserError, match="did you mean 'silence'"):
        backtest.try_rule(company, "silense")


@pytest.mark.parametrize(
    ("table", "column"), [("fct_churn_features", "share"), ("fct_alert_conditions", "is_hindsight")]
)
def test_a_snapshot_of_an_earlier_version_is_named_with_what_it_lacks(
    company: Workspace, table: str, column: str
) -> None:
    info = snapshots.find(company.published_path)
    path = company.published_path / info.file
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"alter table marts.{table} drop column {column}")
    published_by_hand.show(
        company, replace(info, sha256=hashlib.sha256(path.read_bytes()).hexdigest()), AS_OF
    )

    for command in (train.train, backtest.backtest):
        with pytest.raises(UserError, match=f"has no column {column} in {table}") as refused:
            command(company)
        assert "gapwatch run" in str(refused.value.next_step)

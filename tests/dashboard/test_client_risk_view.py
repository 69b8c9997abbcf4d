"""Risk on the client page: what it is made of, how it went, and what happened meanwhile."""

from __future__ import annotations

from pathlib import Path

import fixture_snapshot
import pytest
from conftest import Ask, OpenPage
from reading_pages import alts, rows, title, words

NEWEST = "(select max(week_id) from marts.dim_weeks)"
MADE_OF = "What the risk is made of"


def test_the_drivers_add_up_to_the_risk_and_say_whose_they_are(
    company: Path, open_page: OpenPage, ask: Ask
) -> None:
    ((score,),) = ask(
        "select risk_score from marts.fct_churn_risk_weekly "
        f"where account_id = 'A-001' and week_id = {NEWEST}"
    )

    at = open_page(company, "client", account="A-001")
    drivers = rows(at, MADE_OF)

    assert sum(float(row[1]) for row in drivers) == pytest.approx(score)
    assert drivers[0][0].startswith("Perception Trust, since ")
    assert drivers[0][3] == "41, before 70 answers: R-1, R-2"
    assert drivers[1][3] == "\u221245, before \u22127 promises: T-1"
    assert drivers[0][4] == "K. Braun (account manager) Call them <b>this</b> week."
    assert "Risk 72 of 100: high" in words(at)
    assert "Risk of Harbor Logistics: 72 points, high" in alts(at)


def test_log_odds_and_probability_are_shown_where_a_model_scores(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = fixture_snapshot.publish(
        tmp_path,
        "update marts.fct_churn_risk_weekly set churn_probability = 0.31, probability_null_reason = null",
        "update marts.fct_churn_risk_drivers set log_odds = 0.8 where driver = 'perception'",
    )

    at = open_page(workspace, "client", account="A-001")

    assert rows(at, MADE_OF)[0][1] == "36.0 (log-odds +0.80)"
    assert "The fitted model gives a probability of 31%." in words(at)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("select 1", "Promises broke 5 weeks before they felt it."),
        (
            "update marts.fct_churn_risk_drivers set since_on = since_on + 77 where driver = 'factual_gap'",
            "They felt it 6 weeks before our promises broke.",
        ),
        (
            "delete from marts.fct_churn_risk_drivers where driver = 'perception'",
            "Our promises broke; they do not feel it yet.",
        ),
        ("delete from marts.fct_churn_risk_drivers where driver = 'factual_gap'", "Our promises held."),
    ],
)
def test_which_came_first_the_deed_or_the_feeling_is_said(
    tmp_path: Path, open_page: OpenPage, change: str, said: str
) -> None:
    workspace = fixture_snapshot.publish(tmp_path, change)

    assert said in words(open_page(workspace, "client", account="A-001"))


def test_the_evidence_is_drawn_and_listed(company: Path, open_page: OpenPage, ask: Ask) -> None:
    ((n, bad),) = ask(
        "select count(*), count(*) filter (where is_adverse) from marts.rpt_client_evidence "
        "where account_id = 'A-001'"
    )

    at = open_page(company, "client", account="A-001")

    assert f"Evidence of Harbor Logistics: {n} events, {bad} late, negative or open" in alts(at)
    listed = rows(at, "Evidence as a table")
    assert "◆ Trust: promise broken, 3 days late ticket-A-001-3" in [row[2] for row in listed]
    assert "● visit meeting-A-001-1" in [row[2] for row in listed]


def test_a_client_without_evidence_says_so(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = fixture_snapshot.publish(tmp_path, "delete from marts.rpt_client_evidence")

    assert "Nothing is known to have happened here." in words(open_page(workspace, "client", account="A-001"))


def test_a_lost_client_is_told_by_what_turned_first(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "client", account="A-041")

    assert title(at).startswith("Maple Foods gave notice on ")
    assert title(at).endswith(": trust turned first, 19 weeks before")


def test_who_gave_notice_is_no_longer_among_those_at_risk(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = fixture_snapshot.publish(
        tmp_path, "update marts.fct_churn_risk_weekly set risk_rank = null where account_id = 'A-001'"
    )

    at = open_page(workspace)

    assert title(at).startswith("7 of 39 clients may leave.")
    assert "1 client that has given notice is not listed." in words(at)
    assert "notice is given" in words(open_page(workspace, "client", account="A-001"))

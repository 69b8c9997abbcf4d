"""The client page: the widest gap first, the felt beside the factual, and what it rests on."""

from __future__ import annotations

from pathlib import Path

import fixture_snapshot
import pytest
from conftest import OpenPage
from reading_pages import alts, rows, title, words

CALM = "update marts.fct_churn_risk_weekly set culprit_driver = null, culprit_null_reason = 'not_at_risk'"


def test_the_title_names_the_culprit_and_since_when(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "client", account="A-001")

    assert title(at) == "Harbor Logistics – Trust: perception fell 14 weeks ago"
    assert "owner K. Braun (account manager)" in words(at)


def test_a_client_not_at_risk_is_told_by_its_widest_gap(tmp_path: Path, open_page: OpenPage) -> None:
    at = open_page(fixture_snapshot.publish(tmp_path, CALM), "client", account="A-001")

    assert title(at) == "Harbor Logistics: 34 points short on trust; perception fell 29 in 13 weeks"
    assert alts(at)[0] == ("Trust at Harbor Logistics: perception 41 against expectation 78, gap \u221237")


def test_the_dimension_of_the_address_is_the_large_one(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "client", account="A-001", dim="responsiveness")

    assert alts(at)[0].startswith("Responsiveness at ")
    assert "Felt and factual: responsiveness" in words(at)


def test_every_panel_says_gap_interval_n_place_and_trend(company: Path, open_page: OpenPage) -> None:
    text = words(open_page(company, "client", account="A-001"))

    assert (
        "gap \u221234 (95 %: \u221248 to \u221220; answered \u221237, n 3 of 4), below the minimum, declining"
        in text
    )
    assert "too few answers for a trend" in text
    assert "inside the zone of tolerance" in text


def test_heard_in_the_header_and_in_the_contacts_agree(company: Path, open_page: OpenPage) -> None:
    text = words(open_page(company, "client", account="A-001"))

    assert "3 of 4 contacts heard" in text
    assert "Contacts: 3 heard, 1 silent" in text


def test_felt_stands_beside_factual(company: Path, open_page: OpenPage) -> None:
    assert "Trust: felt gap \u221237, factual gap \u221245" in alts(
        open_page(company, "client", account="A-001")
    )


def test_overdue_promises_come_first_with_their_days(company: Path, open_page: OpenPage) -> None:
    states = [row[4] for row in rows(open_page(company, "client", account="A-001"), "Promises")]

    assert states[:2] == ["◆ 38 days overdue: an old commitment", "◆ 11 days overdue"]
    assert "● kept" in states
    assert "◆ kept 3 days late" in states


def test_a_broken_count_says_how_often_and_how_often_is_allowed(company: Path, open_page: OpenPage) -> None:
    states = [row[4] for row in rows(open_page(company, "client", account="A-001"), "Promises")]

    assert "◆ 6 times, 1 allowed" in states


def test_promises_that_are_only_reported_are_not_listed(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = fixture_snapshot.publish(
        tmp_path, "update marts.fct_promises set is_scored = false where signal = 'resolution'"
    )

    signals = [row[0] for row in rows(open_page(workspace, "client", account="A-001"), "Promises")]

    assert "Resolution" not in signals
    assert "First response" in signals


def test_a_contract_that_ended_is_not_called_a_renewal(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = fixture_snapshot.publish(
        tmp_path,
        "update marts.dim_accounts set contract_ends_on = date '2020-03-02' where account_id = 'A-001'",
    )

    assert "ended 2 Mar 2020" in words(open_page(workspace, "client", account="A-001"))
    assert rows(open_page(workspace, sort="gap"), "Clients by gap")[0][6] == "K. Braun ended Mar 2020"


def test_a_client_silent_in_the_window_says_when_it_last_spoke(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = fixture_snapshot.publish(
        tmp_path,
        "update marts.rpt_portfolio_worklist set account_last_answered_on = null where account_id = 'A-039'",
    )

    text = words(open_page(workspace, "client", account="A-039"))

    assert "0 of 6 contacts heard · last 200 d ago" in text
    assert "silent since" in text


def test_newest_answers_show_perception_expectation_and_gap(company: Path, open_page: OpenPage) -> None:
    answers = rows(open_page(company, "client", account="A-001"), "Newest answers")

    assert ["44", "78", "\u221234"] in [row[2:] for row in answers]


def test_a_dimension_nobody_answered_says_why_and_what_brings_it_back(
    company: Path, open_page: OpenPage
) -> None:
    at = open_page(company, "client", account="A-007")

    text = words(at)
    assert "Business understanding Too few answers: nobody answered in 13 weeks." in text
    assert "The last answer is of" in text
    assert "It shows again once one of" in text
    assert not any(alt.startswith("Business understanding at") for alt in alts(at))


def test_perception_without_expectation_shows_no_gap_and_no_zero(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "client", account="A-009")

    assert title(at).endswith(": perception was answered, no expectation to pair it with")
    assert "no expectation to set it against" in words(at)
    assert all("gap –" in alt for alt in alts(at) if " at " in alt)


def test_a_client_nobody_ever_heard_has_boxes_in_place_of_charts(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "client", account="A-039")

    assert title(at) == "Beacon Foods – Silent too long for 1 week"
    assert "No service dimension has an answer" in words(at)
    assert not [alt for alt in alts(at) if " at " in alt]


def test_an_unknown_client_is_said_with_a_way_on(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "client", account="A-999")

    assert title(at) == "No such client"
    assert "A\\-999" in words(at)
    assert len(at.selectbox[0].options) == 40


def test_without_a_client_in_the_address_one_can_be_chosen(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "client")
    assert title(at) == "Which client?"

    at.selectbox[0].select("A-001").run()

    assert at.query_params["account"] == "A-001"
    assert title(at).startswith("Harbor Logistics")


@pytest.mark.parametrize("account", [f"A-{i:03d}" for i in (2, 3, 4, 5, 6, 8, 20)])
def test_every_kind_of_client_has_a_page(company: Path, open_page: OpenPage, account: str) -> None:
    at = open_page(company, "client", account=account)

    assert title(at)
    assert not at.error


def test_a_client_above_expectation_is_not_called_short(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "client", account="A-020")

    assert "above expectation everywhere" in title(at)
    assert "below" not in title(at)


def test_a_client_that_left_says_when(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = fixture_snapshot.publish(
        tmp_path,
        "delete from marts.rpt_portfolio_worklist where account_id = 'A-001'",
        "update marts.dim_accounts set is_active = false, churned_on = date '2026-03-02' "
        "where account_id = 'A-001'",
    )

    assert "This client left on 2 Mar 2026" in words(open_page(workspace, "client", account="A-001"))

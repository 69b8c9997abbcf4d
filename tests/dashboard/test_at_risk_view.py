"""The page of clients at risk: who may leave, why and since when, what to do, whose it is."""

from __future__ import annotations

from pathlib import Path

import fixture_snapshot
import pytest
from conftest import Ask, OpenPage
from reading_pages import rows, title, words

NEWEST = "(select max(week_id) from marts.dim_weeks)"
CALM = (
    "update marts.fct_churn_risk_weekly set risk_band = 'low', culprit_dimension = null, "
    "culprit_driver = null, culprit_since_on = null, culprit_weeks = null, second_dimension = null, "
    "second_driver = null, "
    "culprit_null_reason = 'not_at_risk'"
)


def test_the_title_counts_who_may_leave_and_names_the_culprit(
    company: Path, open_page: OpenPage, ask: Ask
) -> None:
    ((at_risk, active, trust),) = ask(
        "select count(*) filter (where risk_band in ('high', 'medium')), count(*), "
        "count(*) filter (where 'trust' in (culprit_dimension, second_dimension)) "
        f"from marts.fct_churn_risk_weekly where week_id = {NEWEST}",
    )

    found = title(open_page(company))

    assert found == f"{at_risk} of {active} clients may leave. Trust is the culprit in {trust}."


@pytest.mark.parametrize(
    ("at_risk", "said"), [(1, "Trust is the culprit."), (2, "Trust is the culprit in each.")]
)
def test_the_title_counts_no_culprit_that_all_of_them_share(
    tmp_path: Path, open_page: OpenPage, at_risk: int, said: str
) -> None:
    others = (
        f"update marts.fct_churn_risk_weekly set risk_band = 'low' where week_id = {NEWEST} and "
        "account_id not in (select account_id from marts.fct_churn_risk_weekly "
        f"where week_id = {NEWEST} and culprit_dimension = 'trust' order by risk_rank limit {at_risk})"
    )
    alike = (
        "update marts.fct_churn_risk_weekly set risk_band = 'high', second_dimension = null, "
        f"second_driver = null where week_id = {NEWEST} and risk_band <> 'low'"
    )

    found = title(open_page(fixture_snapshot.publish(tmp_path, others, alike)))

    assert found.endswith(f"may leave. {said}")


def test_the_worklist_is_ranked_by_risk_and_says_all_that_is_needed(
    company: Path, open_page: OpenPage, ask: Ask
) -> None:
    expected = [
        str(name)
        for (name,) in ask(
            "select account_name from marts.fct_churn_risk_weekly join marts.dim_accounts using (account_id) "
            f"where week_id = {NEWEST} order by risk_rank limit 7",
        )
    ]

    shown = rows(open_page(company), "Clients by risk")

    assert [row[0].startswith(" ".join(name.split())) for row, name in zip(shown, expected, strict=True)]
    assert shown[0][1] == (
        "Trust: perception fell 14 weeks ago perception \u221229, expectation +1 · 1 promise overdue · "
        "3 of 4 contacts heard · last 5 d ago To do: Call them <b>this</b> week."
    )
    assert shown[0][2] == "72 high +26 in 13 wk"
    assert shown[0][6].startswith("K. Braun account manager renews ")
    assert shown[0][6].endswith(" EUR 1K")


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (1, "Trust: perception fell and expectation rose 16 weeks ago"),
        (2, "Business understanding: promises broken for 20 weeks"),
        (4, "Expectation rose 17 weeks ago"),
        (5, "Responsiveness and trust: perception low for 30 weeks"),
        (6, "Silent too long for 1 week"),
        (7, "No single cause weighs enough"),
    ],
)
def test_each_culprit_is_told_in_its_own_words(
    company: Path, open_page: OpenPage, place: int, reason: str
) -> None:
    assert rows(open_page(company, show="risk"), "Clients by risk")[place][1].startswith(reason)


def test_whose_it_is_follows_the_culprit_and_not_the_account(company: Path, open_page: OpenPage) -> None:
    assert rows(open_page(company), "Clients by risk")[3][6].startswith("D. Livery delivery manager")


def test_a_dimension_in_the_address_lists_those_it_is_the_culprit_of(
    company: Path, open_page: OpenPage
) -> None:
    at = open_page(company, dim="relationship")

    assert title(at) == "2 of 40 clients may leave because of relationship"
    assert len(rows(at, "Clients by risk")) == 2
    assert title(open_page(company, dim="courtesy")) == title(open_page(company))


def test_nobody_at_risk_is_said_and_the_silent_come_first(tmp_path: Path, open_page: OpenPage) -> None:
    at = open_page(fixture_snapshot.publish(tmp_path, CALM))

    assert title(at) == "No client is at risk this week, but 3 clients are silent"
    assert all("0 of" in row[1] for row in rows(at, "Clients by risk")[:3])
    assert "silence is not happiness" in words(at)
    assert title(open_page(tmp_path, dim="trust")) == "No client is at risk because of trust"


def test_points_are_not_called_a_probability_until_a_model_gives_one(
    tmp_path: Path, company: Path, open_page: OpenPage
) -> None:
    assert "Rules only: too few losses to test a model on." in words(open_page(company))

    modelled = fixture_snapshot.publish(
        tmp_path,
        "update marts.fct_churn_risk_weekly set model = 'm1', churn_probability = 0.31, "
        "probability_null_reason = null",
    )
    at = open_page(modelled)

    assert "31% leave" in rows(at, "Clients by risk")[0][2]
    assert "Rules only" not in words(at)


def test_an_unknown_value_or_renewal_is_left_out_and_never_zero(tmp_path: Path, open_page: OpenPage) -> None:
    at = open_page(
        fixture_snapshot.publish(
            tmp_path,
            "update marts.fct_churn_risk_weekly set annual_value = null, contract_ends_on = null, "
            "days_to_renewal = null, risk_change = null",
        )
    )

    first = rows(at, "Clients by risk")[0]
    assert first[2] == "72 high"
    assert first[6] == "K. Braun account manager"
    assert title(open_page(tmp_path, sort="renewal")) == "No contract in view ends within 13 weeks"


def test_the_renewal_calendar_sets_risk_beside_date_and_value(
    company: Path, open_page: OpenPage, ask: Ask
) -> None:
    ((renewing, at_risk),) = ask(
        "select count(*), count(*) filter (where risk_band != 'low') from marts.fct_churn_risk_weekly "
        f"where week_id = {NEWEST} and days_to_renewal between 0 and 91"
    )
    days = [
        name
        for (name,) in ask(
            "select account_name from marts.fct_churn_risk_weekly join marts.dim_accounts using (account_id) "
            f"where week_id = {NEWEST} and days_to_renewal >= 0 order by days_to_renewal, risk_rank limit 7"
        )
    ]

    at = open_page(company, sort="renewal")

    assert title(at) == f"{at_risk} of the {renewing} clients that renew within 13 weeks may leave"
    shown = rows(at, "Clients by renewal")
    assert all(row[0].startswith(" ".join(str(name).split())) for row, name in zip(shown, days, strict=True))
    assert all("renews" in row[6] and "EUR" in row[6] for row in shown)


def test_an_earlier_week_shows_the_risk_as_it_was(company: Path, open_page: OpenPage, ask: Ask) -> None:
    ((week, score),) = ask(
        f"select week_id, risk_score from marts.fct_churn_risk_weekly "
        f"where week_id = {NEWEST} - 3 and account_id = 'A-001'"
    )

    at = open_page(company, week=str(week))

    assert title(at).startswith("Week of ")
    assert rows(at, "Clients by risk")[0][2].startswith(f"{score:.0f} high")


def test_all_at_risk_and_all_clients_are_one_click_away(company: Path, open_page: OpenPage) -> None:
    at = open_page(company)
    assert len(rows(at, "Clients by risk")) == 7

    next(b for b in at.button if b.label == "All 8 clients at risk").click().run()
    assert at.query_params["show"] == "risk"
    assert len(rows(at, "Clients by risk")) == 8

    next(b for b in at.button if b.label == "All 40 clients").click().run()
    assert len(rows(at, "Clients by risk")) == 40


def test_the_order_is_chosen_on_the_page_and_kept_in_the_address(company: Path, open_page: OpenPage) -> None:
    at = open_page(company)

    at.segmented_control[1].set_value("gap").run()

    assert at.query_params["sort"] == "gap"
    assert "clients expect over 15 points" in title(at)

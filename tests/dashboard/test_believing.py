"""How far to believe a number, said beside it: interval, n, the silent, reliability, felt and factual."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fixture_snapshot
import pytest
from conftest import Ask, OpenPage
from reading_pages import alts, drawings, expanders, pictures, reasons, rows, title, words

from dashboards.texts import Words

TABLE = "How far to believe these numbers"
NEWEST = "(select max(week_id) from marts.fct_satisfaction_weekly)"
TRUST = f"account_id = 'A-001' and service_dimension = 'trust' and week_id = {NEWEST}"
UNRELIABLE = (
    "update marts.fct_measurement_quality set gap_reliability = 0.58, is_gap_reliable = false, "
    "reliability_null_reason = null where service_dimension = 'trust'"
)


def score(value: Any) -> str:
    return Words().score(value)


def signed(value: Any, decimals: int = 0) -> str:
    return Words().signed(value, decimals)


def test_every_number_stands_with_its_interval_its_n_and_its_age(
    company: Path, open_page: OpenPage, ask: Ask
) -> None:
    ((p, low, high, raw, gap, gap_low, gap_high, raw_gap, n, eligible),) = ask(
        "select perception_shrunk_score, perception_low_score, perception_high_score, perception_score, "
        "gap_shrunk, gap_low, gap_high, satisfaction_gap, n_contacts, n_eligible "
        f"from marts.fct_satisfaction_weekly where {TRUST}"
    )

    first = rows(open_page(company, "client", account="A-001"), TABLE)[0]

    assert first[0] == f"Trust n {n} of {eligible} · last 5 d ago · expectation asked with it"
    assert first[2] == f"Perception {score(p)} {score(low)} to {score(high)} answered {score(raw)}"
    assert first[3] == (
        f"Gap {signed(gap)} {signed(gap_low)} to {signed(gap_high)} answered {signed(raw_gap)}"
    )


def test_what_the_silent_could_change_is_said_in_words(company: Path, open_page: OpenPage, ask: Ask) -> None:
    bounds = ask(
        "select n_eligible - n_contacts, perception_silent_low_score, perception_silent_high_score "
        "from marts.fct_satisfaction_weekly join marts.dim_service_dimensions using (service_dimension) "
        f"where account_id = 'A-006' and week_id = {NEWEST} order by gap_shrunk, sort_order"
    )

    shown = [row[1] for row in rows(open_page(company, "client", account="A-006"), TABLE)]

    assert shown == [
        f"If the {silent} silent people had answered, the mean could lie between {score(low)} "
        f"and {score(high)}."
        for silent, low, high in bounds
    ]


def test_where_everybody_was_heard_nobody_could_change_the_mean(company: Path, open_page: OpenPage) -> None:
    shown = [row[1] for row in rows(open_page(company, "client", account="A-009"), TABLE)]

    assert "Everybody was heard: nobody silent could change the mean." in shown


def test_the_strip_says_its_interval_to_those_who_do_not_see_it(company: Path, open_page: OpenPage) -> None:
    said = pictures(open_page(company, "client", account="A-001"))

    assert "Trust: perception 44, 95 % interval 30 to 58, expectation 78" in said


def test_where_expectations_come_from_and_who_is_outside_the_zone_is_said(
    company: Path, open_page: OpenPage, ask: Ask
) -> None:
    ((position,),) = ask(f"select zone_position from marts.fct_satisfaction_weekly where {TRUST}")

    own = rows(open_page(company, "client", account="A-001"), TABLE)[0]
    earlier = rows(open_page(company, "client", account="A-003"), TABLE)[0]
    unasked = rows(open_page(company, "client", account="A-002"), TABLE)[0]

    assert own[5] == f"Zone {signed(position, 2)} n 3, 1 of them accepts no less than they wish for"
    assert earlier[0].endswith("expectation from an earlier answer")
    assert unasked[5] == "Zone no minimum asked"


def test_a_change_is_called_news_only_with_its_rate_of_false_news(company: Path, open_page: OpenPage) -> None:
    shown = [row[4] for row in rows(open_page(company, "client", account="A-001"), TABLE)]

    assert shown == [
        "Trend declining q 0.06",
        "Trend not clear q 0.06",
        "Trend steady q 0.06",
        "Trend too few answers",
    ]


@pytest.mark.parametrize(
    ("situation", "said"),
    [
        ("both_good", "kept, and felt"),
        ("felt_bad", "kept, not felt: explain"),
        ("factual_bad", "broken, not felt yet: act now"),
        ("both_bad", "broken, and felt: mend"),
        ("felt_unknown", "nobody was heard"),
        ("factual_unknown", "no promise fell due"),
        ("unknown", "neither is known"),
    ],
)
def test_felt_beside_factual_says_what_to_do(
    tmp_path: Path, open_page: OpenPage, situation: str, said: str
) -> None:
    change = f"update marts.fct_felt_and_factual_weekly set situation = '{situation}' where {TRUST}"

    first = rows(open_page(fixture_snapshot.publish(tmp_path, change), "client", account="A-001"), TABLE)[0]

    assert first[6] == f"{said} factual gap \u221245, 4 promises"


def test_an_unreliable_gap_steps_back_behind_the_perception(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = fixture_snapshot.publish(tmp_path, UNRELIABLE)

    client, clients = open_page(workspace, "client", account="A-001"), open_page(workspace, sort="gap")

    assert (
        "Trust perception 44 (95 %: 30 to 58; answered 41, n 3 of 4), below the minimum, declining; "
        "gap \u221234 unreliable (reliability 0.58)"
    ) in words(client)
    assert title(client) == "Harbor Logistics – Trust: perception fell 14 weeks ago"
    assert rows(client, TABLE)[0][3].endswith("unreliable")
    assert rows(clients, "Clients by gap")[0][4] == "P 44 30 to 58 gap \u221234, n 3"
    assert any("unreliable (0.58, below 0.70)" in reason for reason in reasons(clients))
    assert "gap \u22126.4 unreliable" in words(clients)
    assert "unreliable gap: read the perception" in words(clients)


def test_the_shade_of_an_unreliable_gap_is_grey(tmp_path: Path, open_page: OpenPage, company: Path) -> None:
    def shades(workspace: Path) -> str:
        at = open_page(workspace, "client", account="A-001")
        return next(svg for alt, svg in drawings(at) if alt.startswith("Trust at Harbor Logistics"))

    assert "#C2410C" in shades(company)
    assert "#C2410C" not in shades(fixture_snapshot.publish(tmp_path, UNRELIABLE))


def test_a_reliability_that_is_not_known_is_said_and_condemns_nothing(
    company: Path, open_page: OpenPage
) -> None:
    at = open_page(company, "client", account="A-001")

    assert "How well the survey measures" in expanders(at)
    assert ["Trust", "not known: one item alone", "– / –", "0.31", "12%", "400"] in rows(
        at, "How well the survey measures"
    )
    assert reasons(at) == []


def test_the_overall_gap_stands_under_all_three_weightings(
    company: Path, open_page: OpenPage, ask: Ask
) -> None:
    ((gap, low, high, raw, stated),) = ask(
        "select gap_shrunk, gap_low, gap_high, satisfaction_gap, gap_by_stated_weights "
        "from marts.fct_satisfaction_weekly "
        f"where account_id = 'A-001' and service_dimension = 'overall' and week_id = {NEWEST}"
    )

    text = words(open_page(company, "client", account="A-001"))

    within = f"95 %: {signed(low)} to {signed(high)}"
    assert f"Overall gap {signed(gap)} ({within}; answered {signed(raw)}, n 3 of 4)." in text
    assert (
        f"Weighted by what clients say matters: {signed(stated)}; "
        "by what drives satisfaction: too few answers to weigh by."
    ) in text


def test_an_overall_gap_with_a_dimension_missing_is_not_made_up(company: Path, open_page: OpenPage) -> None:
    text = words(open_page(company, "client", account="A-007"))

    assert "Overall gap: not known, a service dimension has no gap, and nothing stands in for it" in text


def test_scores_of_surveys_carry_interval_and_n_and_tickets_are_told_apart(
    company: Path, open_page: OpenPage
) -> None:
    assert "NPS +33 (95 %: +20 to +46, n 3) · CSAT after tickets 71% (95 %: 64% to 77%, n 3)" in words(
        open_page(company, "client", account="A-001")
    )
    assert "NPS" not in words(open_page(company, "client", account="A-038"))


def test_whom_to_ask_next_comes_first_and_who_is_left_in_peace_is_said(
    company: Path, open_page: OpenPage, ask: Ask
) -> None:
    plan = ask(
        "select contact_id, action from marts.rpt_survey_plan where account_id = 'A-039' "
        "order by priority nulls last"
    )

    shown = rows(open_page(company, "client", account="A-039"), "Contacts")
    heard = rows(open_page(company, "client", account="A-001"), "Contacts")

    assert str(plan[0][0]) in shown[0][0]
    assert shown[0][2] == "ask now: never heard"
    assert "wait until" in shown[-1][2]
    assert shown[-1][2].endswith("asked lately")
    assert heard[0][2] == "leave in peace: all known"
    assert "Heard: 1 of 1 key contacts, 1 of 2 general contacts" in words(
        open_page(company, "client", account="A-001")
    )


def test_what_late_facts_changed_is_one_click_away(company: Path, open_page: OpenPage, ask: Ask) -> None:
    ((before, after),) = ask(
        "select satisfaction_gap_before, satisfaction_gap_after from marts.fct_restatements"
    )

    at = open_page(company, "client", account="A-001")

    assert rows(at, "What late facts changed in closed weeks")[0][1:4] == [
        "Trust",
        signed(before, 1),
        signed(after, 1),
    ]
    assert "What late facts changed in closed weeks" not in expanders(
        open_page(company, "client", account="A-002")
    )


def test_answers_that_cannot_tell_clients_apart_say_so_above_the_list(
    tmp_path: Path, open_page: OpenPage, company: Path
) -> None:
    alike = "update marts.fct_priors_weekly set are_accounts_alike = true where measure = 'gap'"
    all_alike = fixture_snapshot.publish(tmp_path / "all", alike)
    one_alike = fixture_snapshot.publish(tmp_path / "one", f"{alike} and service_dimension = 'trust'")

    assert "Clients cannot be told apart by these answers: their gaps differ no more than chance" in words(
        open_page(all_alike, sort="gap")
    )
    assert "On trust, clients cannot be told apart by these answers" in words(
        open_page(one_alike, sort="gap")
    )
    assert "told apart" not in words(open_page(one_alike, sort="gap", dim="responsiveness"))
    assert "told apart" not in words(open_page(company, sort="gap"))


def test_the_list_draws_the_interval_and_says_it(company: Path, open_page: OpenPage) -> None:
    said = pictures(open_page(company))

    assert "gap over 26 weeks, now \u221234, 95 % interval \u221248 to \u221220" in said
    assert "perception 44 against expectation 78, 95 % interval of the perception 30 to 58" in said


def test_news_in_the_newest_ratings_is_one_click_away(tmp_path: Path, open_page: OpenPage) -> None:
    out = (
        "update marts.rpt_portfolio_weekly set is_out_of_control = true "
        f"where service_dimension = 'trust' and cut = 'all' and week_id = {NEWEST}"
    )
    unknown = (
        "update marts.rpt_portfolio_weekly set ewma_score = null, ewma_null_reason = 'baseline' "
        f"where service_dimension = 'responsiveness' and cut = 'all' and week_id = {NEWEST}"
    )

    shown = rows(
        open_page(fixture_snapshot.publish(tmp_path, out, unknown)),
        "Are the newest ratings out of the usual?",
    )

    assert shown[0][1] == "too few weeks to know what is usual 30 ratings in the week"
    assert shown[0][2] == "–"
    assert [row[1] for row in shown[1:]] == ["within the usual 30 ratings in the week"] * 2 + [
        "out of the usual 30 ratings in the week"
    ]


def test_anonymous_surveys_show_no_group_that_is_too_small(company: Path, open_page: OpenPage) -> None:
    at = open_page(company)

    assert rows(at, "Anonymous surveys")[0] == ["Responsiveness", "66", "79", "\u221213", "17"]
    assert rows(at, "Anonymous surveys")[3] == ["Trust", "–", "–", "–", "too few answers"]
    assert "Anonymous surveys" not in expanders(open_page(company, tier="A"))


def test_a_perception_without_an_expectation_still_has_its_interval(
    company: Path, open_page: OpenPage
) -> None:
    at = open_page(company, "client", account="A-009")

    assert "(95 %: 52 to 86), no expectation to set it against, n 2 of 3" in words(at)
    assert title(at).endswith("no expectation to pair it with")
    assert all("gap –" in alt for alt in alts(at) if " at " in alt)

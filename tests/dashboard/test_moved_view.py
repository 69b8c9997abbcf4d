"""Why a gap moved: the parts of the marts as a waterfall that ends where the gap is."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import fixture_snapshot
import pytest
from conftest import Ask, OpenPage
from reading_pages import rows, words

from dashboards.graphics import waterfall
from dashboards.measured import Part
from dashboards.texts import Words
from dashboards.theme import LIGHT

NEWEST = "(select max(week_id) from marts.fct_satisfaction_change)"


def points(value: Any) -> str:
    return Words().signed(value, 1)


def test_the_parts_of_a_client_are_those_of_the_mart(company: Path, open_page: OpenPage, ask: Ask) -> None:
    ((before, p, e, mix, now, change),) = ask(
        "select satisfaction_gap_before, perception_part, expectation_part, respondent_mix_part, "
        "satisfaction_gap, satisfaction_gap_change from marts.fct_satisfaction_change "
        "where account_id = 'A-001' and service_dimension = 'trust' and weeks_before = 13 "
        f"and week_id = {NEWEST}"
    )

    at = open_page(company, "client", account="A-001")

    assert f"Why the gap moved {points(change)} in 13 weeks: trust" in words(at)
    assert "2 people answered in both windows." in words(at)
    assert [row[:2] for row in rows(at, "Why the gap moved: Trust")] == [
        ["Gap 13 weeks before n 3", points(before)],
        ["Perception same people", points(p)],
        ["Expectation same people", points(e)],
        ["Who answered other people", points(mix)],
        ["Gap now n 3", points(now)],
    ]


def test_weights_are_a_part_of_the_overall_change_alone(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "client", account="A-001")

    assert "Weights" in [row[0] for row in rows(at, "Why the gap moved: All dimensions")]
    assert "Weights" not in [row[0] for row in rows(at, "Why the gap moved: Trust")]


def test_the_year_before_is_one_click_away_and_kept_in_the_address(
    company: Path, open_page: OpenPage
) -> None:
    at = open_page(company, "client", account="A-001")

    switch = next(each for each in at.segmented_control if "52 weeks before" in each.options)
    switch.set_value("52").run()

    assert at.query_params["against"] == ["52"] or at.query_params["against"] == "52"
    assert "Nothing to explain: the known weeks do not reach 52 weeks back." in words(at)
    assert rows(at, "Why the gap moved: Trust") == []


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("not_active_before", "the client was not active 13 weeks before"),
        ("unknown_now", "there is no gap now"),
        ("unknown_before", "there was no gap 13 weeks before"),
        ("unknown_both", "there is no gap now and was none 13 weeks before"),
    ],
)
def test_a_change_that_is_not_known_says_why(
    tmp_path: Path, open_page: OpenPage, reason: str, said: str
) -> None:
    gone = (
        f"update marts.fct_satisfaction_change set satisfaction_gap_change = null, null_reason = '{reason}' "
        "where account_id = 'A-001'"
    )

    at = open_page(fixture_snapshot.publish(tmp_path, gone), "client", account="A-001")

    assert f"Nothing to explain: {said}." in words(at)


def test_where_nobody_answered_twice_all_of_it_is_who_answered(tmp_path: Path, open_page: OpenPage) -> None:
    strangers = "update marts.fct_satisfaction_change set n_stayers = 0"

    text = words(open_page(fixture_snapshot.publish(tmp_path, strangers), "client", account="A-001"))

    assert "Nobody answered in both windows: all of it is who answered." in text


def test_the_portfolio_tells_clients_that_came_and_went_apart(
    company: Path, open_page: OpenPage, ask: Ask
) -> None:
    ((joined, left),) = ask(
        "select joined_part, left_part from marts.fct_portfolio_change where cut = 'all' "
        f"and service_dimension = 'trust' and weeks_before = 13 and week_id = {NEWEST}"
    )

    shown = rows(open_page(company, dim="trust"), "Why the gap moved: Trust")

    assert ["Joined or newly heard 0 joined, 1 newly heard", points(joined)] in [row[:2] for row in shown]
    assert ["Left or no longer heard 0 left, 2 no longer heard", points(left)] in [row[:2] for row in shown]


def test_where_no_client_was_heard_twice_coming_and_going_is_one_part(
    tmp_path: Path, open_page: OpenPage
) -> None:
    change = "update marts.fct_portfolio_change set joined_part = null, left_part = null"

    shown = rows(
        open_page(fixture_snapshot.publish(tmp_path, change), dim="trust"), "Why the gap moved: Trust"
    )

    assert "Clients that came and went" in [row[0] for row in shown]
    assert not any(row[0].startswith(("Joined", "Left")) for row in shown)


def test_each_bar_starts_where_the_one_before_it_ended() -> None:
    parts = [
        Part("before", -10.0, is_total=True),
        Part("a", -6.0),
        Part("b", 4.0),
        Part("now", -12.0, is_total=True),
    ]

    bars = [_ends(image) for image in waterfall(parts, LIGHT)]

    zero = bars[0][1]
    assert bars[1][1] == pytest.approx(bars[0][0], abs=0.11)
    assert bars[2][0] == pytest.approx(bars[1][0], abs=0.11)
    assert bars[3] == pytest.approx((bars[2][1], zero), abs=0.11)
    widths = [right - left for left, right in bars]
    assert [round(width / widths[1] * 6) for width in widths] == [10, 6, 4, 12]
    assert all(left <= right for left, right in bars)


def _ends(image: str) -> tuple[float, float]:
    svg = base64.b64decode(re.findall(r"base64,([^\"]+)", image)[0]).decode()
    ((x, width),) = re.findall(r'<rect x="([\d.]+)" y="3" width="([\d.]+)"', svg)
    return float(x), float(x) + float(width)

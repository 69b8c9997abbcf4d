"""Charts by week: lines, shades and tips are weeks of the snapshot, and words keep clear of each other."""

from __future__ import annotations

import base64
import html
import itertools
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import Ask, OpenPage
from reading_pages import drawings
from streamlit.testing.v1 import AppTest

from dashboards.plots import EndLabel, Line, Plot, Shade, Tip, apart, drawn, month_starts, round_ticks
from dashboards.texts import Words
from dashboards.theme import LIGHT

MONDAY = date(2026, 1, 5)
TRUST = "Trust at Harbor Logistics"
Point = tuple[float, float]


def weeks(n: int) -> list[date]:
    return [MONDAY + timedelta(weeks=at) for at in range(n)]


def chart(plot: Plot, height: int = 150) -> str:
    return drawn(plot, Words(), LIGHT, height=height, alt="A chart")


def image(body: str) -> str:
    found = re.search(r"base64,([^\"]+)", body)
    assert found is not None
    return base64.b64decode(found[1]).decode()


def paths(svg: str, **look: str) -> list[list[Point]]:
    """Runs of points of the paths that look so, in the units of the image."""
    found = []
    for path in re.findall(r"<path [^>]*/>", svg):
        if all(f'{name.replace("_", "-")}="{value}"' in path for name, value in look.items()):
            drawn_as = re.search(r' d="([^"]*)"', path)
            assert drawn_as is not None
            found += [
                [(float(x), float(y)) for x, y in re.findall(r"([\d.]+),([\d.]+)", run)]
                for run in drawn_as[1].split("M")[1:]
            ]
    return found


def chart_of(at: AppTest, named: str) -> tuple[str, str]:
    """The whole chart as HTML and its image."""
    body = next(e.proto.body for e in at.get("html") if f'alt="{named}' in e.proto.body)
    return body, next(svg for alt, svg in drawings(at) if alt.startswith(named))


def score_at(y: float, body: str) -> float:
    """The score that a height in the image stands for, by what is written at the axis."""
    axis = body.split('class="gw-ticks"')[1].split("</div>")[0]
    written = re.findall(r'style="top:([\d.]+)%[^>]*>(\d+)<', axis)
    (top, high), (bottom, low) = (written[-1], written[0])
    share = (y / 10 - float(bottom)) / (float(top) - float(bottom))
    return float(low) + share * (float(high) - float(low))


@pytest.fixture
def trust(company: Path, open_page: OpenPage) -> tuple[str, str]:
    return chart_of(open_page(company, "client", account="A-001", dim="trust"), TRUST)


def test_lines_of_a_gap_are_the_weeks_of_the_snapshot(trust: tuple[str, str], ask: Ask) -> None:
    body, svg = trust
    known = ask(
        "select perception_score, expectation_score, minimum_score from marts.fct_satisfaction_weekly "
        "where account_id = 'A-001' and service_dimension = 'trust' order by week_id"
    )
    lines = {"perception": LIGHT.perception, "expectation": LIGHT.expectation, "minimum": LIGHT.minimum}
    widths = {"perception": "2.4", "expectation": "1.6", "minimum": "1.6"}

    for at, name in enumerate(lines):
        drawn_as = paths(svg, stroke=lines[name], stroke_width=widths[name])
        points = [point for run in drawn_as for point in run]
        scores = [row[at] for row in known if row[at] is not None]
        assert len(points) >= 20
        assert [score_at(y, body) for _, y in points] == pytest.approx(scores[-len(points) :], abs=0.2)
        assert [x for x, _ in points] == sorted(x for x, _ in points)


def test_shades_of_a_gap_lie_between_its_lines(trust: tuple[str, str]) -> None:
    _, svg = trust
    (short,) = paths(svg, fill=LIGHT.short, fill_opacity="0.17")
    (line,) = paths(svg, stroke=LIGHT.expectation, stroke_width="1.6")

    assert short[: len(line)] == line
    assert min(y for _, y in short) == min(y for _, y in line)
    assert paths(svg, fill=LIGHT.short, fill_opacity="0.75")


def test_each_week_tells_its_numbers_to_the_pointer(trust: tuple[str, str], ask: Ask) -> None:
    body, _ = trust
    ((week, p, e, gap, n),) = ask(
        "select week_start_on, perception_score, expectation_score, satisfaction_gap, n_paired "
        "from marts.fct_satisfaction_weekly where account_id = 'A-001' and service_dimension = 'trust' "
        "order by week_id desc limit 1 offset 1"
    )
    told = [html.unescape(tip).split("\n") for tip in re.findall(r'data-tip="([^"]*)"', body)]

    assert len(told) >= 20
    (written,) = [lines for lines in told if lines[0] == f"week of {Words().day(week)}"]
    assert written[1:4] == [f"perception {p:.1f}", f"expectation {e:.1f}", f"gap {Words().signed(gap, 1)}"]
    assert written[-1] == f"n {n}"


def test_a_week_without_a_value_breaks_line_and_shade() -> None:
    values = [10.0, 20.0, None, 40.0, 50.0]
    plot = Plot(
        weeks=weeks(5),
        domain=(0.0, 100.0),
        ticks=[],
        lines=[Line(values, "#111111", 2)],
        shades=[Shade(values, [60.0] * 5, "#222222", 0.5)],
    )

    svg = image(chart(plot))

    assert [len(run) for run in paths(svg, stroke="#111111")] == [2, 2]
    assert [len(run) for run in paths(svg, fill="#222222")] == [4, 4]


def test_a_week_with_none_beside_it_is_a_dot() -> None:
    plot = Plot(weeks=weeks(3), domain=(0.0, 100.0), ticks=[], lines=[Line([None, 30.0, None], "#111111", 2)])

    ((dot,),) = paths(image(chart(plot)), stroke="#111111", stroke_linecap="round")

    assert dot == (500.0, 700.0)


def test_a_single_week_stands_beside_its_label() -> None:
    plot = Plot(
        weeks=weeks(1),
        domain=(0.0, 100.0),
        ticks=[(0.0, "0")],
        lines=[Line([30.0], "#111111", 2)],
        labels=[EndLabel(30.0, "30", "#111111")],
        tips=[Tip("week", ["n 1"])],
    )

    body = chart(plot)

    ((dot,),) = paths(image(body), stroke="#111111", stroke_linecap="round")
    assert dot[0] > 950
    assert ">Jan 26</span>" in body


def test_nothing_known_draws_the_axis_alone() -> None:
    plot = Plot(
        weeks=weeks(3), domain=(0.0, 100.0), ticks=[(50.0, "50")], lines=[Line([None] * 3, "#111111", 2)]
    )

    assert paths(image(chart(plot))) == []


@pytest.mark.parametrize(
    "values", [[41.0, 78.0, 60.0], [50.0, 50.0, 50.0], [0.0, 1.0, 2.0], [98.0, 99.0, 100.0]]
)
def test_words_beside_lines_keep_clear_of_each_other_and_inside(values: list[float]) -> None:
    placed = apart([EndLabel(v, str(v), "") for v in values], lambda value: 1000 - 10 * value, 90.0)
    tops = [top for top, _ in placed]

    assert all(below - above >= 90.0 - 1e-9 for above, below in itertools.pairwise(tops))
    assert tops[0] >= 0
    assert tops[-1] <= 1000
    assert [label.value for _, label in placed] == sorted(values, reverse=True)


def test_ticks_are_round_and_leave_their_words_room() -> None:
    assert round_ticks((30.0, 90.0), 150, (10, 20, 25, 50)) == [40.0, 60.0, 80.0]
    assert round_ticks((-43.0, 3.0), 250, (5, 10, 20)) == [-40.0, -30.0, -20.0, -10.0, 0.0]


@pytest.mark.parametrize(
    ("n_weeks", "months"),
    [
        (8, [1, 2]),
        (14, [1, 2, 3]),
        (30, [1, 3, 5, 7]),
        (78, [1, 7, 1]),
        (156, [1, 1, 1]),
        (1, []),
    ],
)
def test_months_divide_the_year_evenly(n_weeks: int, months: list[int]) -> None:
    first = date(2025, 12, 29)
    starts = month_starts([first + timedelta(weeks=at) for at in range(n_weeks)])

    assert [start.month for start in starts] == months


def test_text_in_a_chart_is_inert() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    plot = Plot(
        weeks=weeks(2),
        domain=(0.0, 100.0),
        ticks=[(50.0, hostile)],
        lines=[Line([1.0, 2.0], "#111111", 2)],
        labels=[EndLabel(1.0, hostile, "#111111")],
        tips=[Tip(hostile, [hostile])] * 2,
    )

    assert "<img src=x" not in drawn(plot, Words(), LIGHT, height=150, alt=hostile)

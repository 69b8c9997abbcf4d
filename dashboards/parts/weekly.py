"""The weeks of a chart as a table: what the pointer tells, a keyboard reaches too.

Made only once it is opened: hundreds of cells cost a page that nobody opens it on a third of its time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import streamlit as st

from dashboards import table
from dashboards.at_risk import RiskPoint
from dashboards.markup import in_html
from dashboards.rows import FeltFactual, GapPoint
from dashboards.shell import Page
from dashboards.texts import Words


def gaps(page: Page, history: Mapping[str, Sequence[GapPoint]]) -> None:
    """Draw what opens to a row for each week and a column for each service dimension."""
    _opens(page, "gaps_by_week", lambda: _gaps(page, history))


def felt_factual(page: Page, points: Sequence[FeltFactual]) -> None:
    """Draw what opens to a row for each week with the felt and the factual gap."""
    _opens(page, "felt_by_week", lambda: _felt_factual(page, points))


def risk(page: Page, points: Sequence[RiskPoint]) -> None:
    """Draw what opens to a row for each week with the risk in points."""
    _opens(page, "risk_by_week", lambda: _risk(page, points))


def _opens(page: Page, key: str, made: Callable[[], str]) -> None:
    label = page.words.say("The weeks as a table")
    with st.expander(label, icon=":material/table_rows:", on_change="rerun", key=key) as inside:
        if inside.open:
            st.html(made())


def _gaps(page: Page, history: Mapping[str, Sequence[GapPoint]]) -> str:
    words = page.words
    by_week: dict[date, dict[str, GapPoint]] = {}
    for code, points in history.items():
        for point in points:
            by_week.setdefault(point.week_start_on, {})[code] = point
    codes = [code for code in page.labels.codes if code in history]
    columns = [(page.labels.of(code), "gw-num") for code in codes]
    rows = [
        (week, [_gap(by_week[week].get(code), words) for code in codes])
        for week in sorted(by_week, reverse=True)
    ]
    caption = words.say("Perception / expectation, the gap between the two, and how many were heard.")
    return _weeks(words, columns, rows, caption)


def _felt_factual(page: Page, points: Sequence[FeltFactual]) -> str:
    words = page.words
    rows = [
        (
            point.week_start_on,
            [
                in_html(words.signed(point.satisfaction_gap, 1)),
                in_html(words.integer(point.n_paired)),
                in_html(words.signed(point.promise_gap, 1)),
                in_html(words.integer(point.n_promises)),
            ],
        )
        for point in reversed(points)
    ]
    names = (words.say("felt gap"), words.say("contacts"), words.say("factual gap"), words.say("promises"))
    return _weeks(words, [(name, "gw-num") for name in names], rows)


def _risk(page: Page, points: Sequence[RiskPoint]) -> str:
    words = page.words
    rows = [(point.week_start_on, [in_html(words.score(point.risk_score))]) for point in reversed(points)]
    return _weeks(words, [(words.say("risk points"), "gw-num")], rows)


def _gap(point: GapPoint | None, words: Words) -> str:
    if point is None or (point.perception_score is None and point.expectation_score is None):
        return in_html(words.score(None))
    both = f"{words.score(point.perception_score)} / {words.score(point.expectation_score)}"
    told = words.say("{gap}, n {n}", gap=words.signed(point.satisfaction_gap), n=words.integer(point.n))
    return f"{in_html(both)}<small>{in_html(told)}</small>"


def _weeks(
    words: Words,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[tuple[date, list[str]]],
    caption: str = "",
) -> str:
    headings = [table.Column(in_html(words.say("Week"))), *(table.Column(in_html(n), c) for n, c in columns)]
    cells = [[in_html(words.day(week)), *values] for week, values in rows]
    return table.table(headings, cells, label=words.say("The weeks as a table"), caption=caption)

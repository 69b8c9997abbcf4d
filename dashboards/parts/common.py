"""Pieces that several pages show alike."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

import streamlit as st

from dashboards import filters, table
from dashboards.markup import in_html
from dashboards.queries import shared
from dashboards.rows import Week
from dashboards.shell import Page
from dashboards.texts import Words
from dashboards.vega import Spec


def signed_html(value: float | None, words: Words, decimals: int = 0) -> str:
    """A gap with its sign; the colour repeats what the sign says."""
    text = words.signed(value, decimals)
    css = "gw-neg" if text.startswith("\u2212") else "gw-pos" if text.startswith("+") else "gw-muted"
    return f'<span class="{css}">{in_html(text)}</span>'


def week_choice(page: Page) -> Week | None:
    """The week to show, kept in the address; the newest by default."""
    words = page.words
    weeks = shared.weeks(page.snapshot)
    if not weeks:
        return None
    shown = {
        str(week.week_id): words.say("week of {day} so far", day=words.day(week.week_start_on))
        if week.is_provisional
        else words.say("week of {day}", day=words.day(week.week_start_on))
        for week in weeks
    }
    asked = filters.options(st.selectbox, words.say("Week"), list(shown), "week", words, shown)
    return next(week for week in weeks if str(week.week_id) == asked)


def dated(page: Page, week: Week, finding: str) -> str:
    """A title that says its week where that is not the newest one."""
    if week == shared.weeks(page.snapshot)[0]:
        return finding
    return page.words.say("Week of {day}: {finding}", day=page.words.day(week.week_start_on), finding=finding)


def seen_on(page: Page, week: Week) -> date:
    """The day from which a week's ages are counted: its last one, or today's where it still runs."""
    return min(page.as_of.date(), week.week_start_on + timedelta(days=6))


def dimension_choice(page: Page, otherwise: str, label: str) -> str | None:
    """The service dimension the address asks for; None for the page's own choice, ``otherwise``."""
    words, labels = page.words, page.labels
    asked = filters.options(
        st.segmented_control,
        words.say("Service dimension"),
        [otherwise, *labels.codes],
        "dim",
        words,
        {otherwise: label} | {code: labels.of(code) for code in labels.codes},
        required=True,
        label_visibility="collapsed",
        wrap=True,
    )
    return None if asked == otherwise else asked


def chart(spec: Spec, alt: str) -> None:
    """Draw a chart as wide as there is room; ``alt`` says in words what it shows."""
    st.vega_lite_chart(spec=spec, theme=None, width="stretch", alt=alt)


def gap_legend(
    page: Page, unreliable: Collection[str], *, with_minimum: bool, with_interval: bool = False
) -> None:
    """Draw the keys of the gap charts."""
    st.html(gap_keys(page, unreliable, with_minimum=with_minimum, with_interval=with_interval))


def gap_keys(
    page: Page, unreliable: Collection[str], *, with_minimum: bool, with_interval: bool = False
) -> str:
    """Keys of the gap charts, in the words the charts use; shades no chart has are left out."""
    words, colours = page.words, page.colours
    areas = []
    if len(unreliable) < len(page.labels.codes):
        areas.append((words.say("short of expectation"), colours.short, 0.25))
        if with_minimum:
            areas.append((words.say("below the minimum"), colours.short, 0.8))
        areas.append((words.say("above expectation"), colours.above, 0.35))
    if unreliable:
        areas.append((words.say("unreliable gap: read the perception"), colours.muted, 0.3))
    return table.legend(
        colours,
        words.say("perception"),
        words.say("expectation"),
        words.say("minimum") if with_minimum else None,
        areas,
        words.say("95 % interval of the best estimate") if with_interval else None,
    )

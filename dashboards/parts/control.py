"""What the portfolio says beside its means: the control chart of new ratings, and anonymous surveys."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards import graphics, table
from dashboards.caveats import interval
from dashboards.markup import in_html
from dashboards.parts.common import signed_html
from dashboards.queries import portfolio
from dashboards.rows import PortfolioRow, Week
from dashboards.shell import Page
from dashboards.surveyed import Anonymous
from dashboards.texts import NOTHING

CHART_WEEKS = 52


def charted(page: Page, rows: Sequence[PortfolioRow], week: Week) -> None:
    """Whether each dimension's newest ratings are news, one click away."""
    words = page.words
    if not rows:
        return
    history = portfolio.control_history(page.snapshot, week.week_id, CHART_WEEKS)
    columns = [
        table.Column(in_html(words.say("Dimension"))),
        table.Column(in_html(words.say("New ratings"))),
        table.Column(in_html(words.say("Average")), "gw-num"),
        table.Column(in_html(words.say("Usual limits")), "gw-num gw-hide-phone"),
        table.Column(in_html(words.say("Last {n} weeks", n=CHART_WEEKS)), "gw-hide-phone"),
    ]
    cells = [
        [
            in_html(page.labels.of(row.service_dimension)),
            _verdict(page, row),
            in_html(words.score(row.ewma_score, 1)),
            in_html(interval(row.ewma_low_score, row.ewma_high_score, words, signed=False))
            if row.ewma_low_score is not None
            else NOTHING,
            graphics.control(
                history.get(row.service_dimension, []),
                page.colours,
                words.say(
                    "{dimension}: average of new ratings", dimension=page.labels.of(row.service_dimension)
                ),
            ),
        ]
        for row in rows
    ]
    caption = words.say(
        "Perception in the ratings of each week alone, as a moving average; its limits come from "
        "the first {ewma_baseline_weeks} weeks with ratings, {ewma_limit} standard errors to either side."
    )
    title = words.say("Are the newest ratings out of the usual?")
    with st.expander(title, icon=":material/show_chart:"):
        st.html(table.table(columns, cells, label=title, caption=caption))


def anonymous(page: Page, rows: Sequence[Anonymous]) -> None:
    """What anonymous surveys say; nothing below the least number of answers."""
    words = page.words
    if not rows:
        return
    columns = [
        table.Column(in_html(words.say("Dimension"))),
        table.Column("P", "gw-num"),
        table.Column("E", "gw-num"),
        table.Column(in_html(words.say("Gap")), "gw-num"),
        table.Column(in_html(words.say("n")), "gw-num"),
    ]
    cells = [_anonymous_cells(page, row) for row in rows]
    caption = words.say(
        "Answers of the {weeks} weeks from {day}. Groups of too few people stay hidden, and so does what "
        "would give one away.",
        day=words.day(rows[0].block_start_on),
    )
    title = words.say("Anonymous surveys")
    with st.expander(title, icon=":material/visibility_off:"):
        st.html(table.table(columns, cells, label=title, caption=caption))


def _verdict(page: Page, row: PortfolioRow) -> str:
    words = page.words
    reasons = {
        "baseline": words.say("too few weeks to know what is usual"),
        "no_variance": words.say("all ratings are the same"),
    }
    if row.ewma_score is None or row.is_out_of_control is None:
        word, css = reasons.get(row.ewma_null_reason or "", words.say("not known")), "gw-muted"
    elif row.is_out_of_control:
        word, css = words.say("out of the usual"), "gw-neg"
    else:
        word, css = words.say("within the usual"), ""
    n = words.count("{n} rating in the week", "{n} ratings in the week", row.n_rated or 0)
    return f'<span class="{css}">{in_html(word)}</span><small>{in_html(n)}</small>'


def _anonymous_cells(page: Page, row: Anonymous) -> list[str]:
    words = page.words
    if row.null_reason is not None:
        why = {"too_few_answers": words.say("too few answers"), "complementary": words.say("hidden")}
        reason = why.get(row.null_reason, words.say("not known"))
        return [
            in_html(page.labels.of(row.service_dimension)),
            *[NOTHING] * 3,
            f'<span class="gw-muted">{in_html(reason)}</span>',
        ]
    return [
        in_html(page.labels.of(row.service_dimension)),
        in_html(words.score(row.perception_score)),
        in_html(words.score(row.expectation_score)),
        signed_html(row.satisfaction_gap, words),
        in_html(words.integer(row.n_responses)),
    ]

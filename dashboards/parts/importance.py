"""Importance beside the gap: what counts most for clients, and how far it falls short."""

from __future__ import annotations

import streamlit as st

from dashboards import graphics, table
from dashboards.definitions import explained
from dashboards.labels import filtered
from dashboards.markup import in_html
from dashboards.parts.common import signed_html
from dashboards.queries import felt, portfolio
from dashboards.rows import Filters, PortfolioRow, Week
from dashboards.shell import Page
from dashboards.situations import Importance
from dashboards.texts import NOTHING


def most_important(page: Page, week: Week, chosen: Filters) -> None:
    """A row per service dimension, most important first: three weightings, and perception to expectation."""
    words = page.words
    weights = felt.importance(page.snapshot, week.week_id)
    cuts = chosen.chosen()
    cut, value = cuts[0] if len(cuts) == 1 else ("all", "all")
    rows = portfolio.portfolio(page.snapshot, week.week_id, cut, value)
    if not weights:
        return
    title = words.say("Most important first")
    whose = filtered(chosen, words) if len(cuts) == 1 else words.say("all clients")
    st.html(
        table.heading(
            title,
            words.say(
                "What counts for overall satisfaction, over all clients; perception to expectation: {whose}.",
                whose=whose,
            ),
        )
    )
    columns = [
        table.Column(in_html(words.say("Dimension"))),
        table.Column(explained(page, "derived_weight", words.say("Shown by answers")), "gw-num"),
        table.Column(explained(page, "stated_weight", words.say("Said by clients")), "gw-num"),
        table.Column(explained(page, "default_weight", words.say("Our weight")), "gw-num gw-hide-phone"),
        table.Column(
            table.heading_keys(page.colours, words.say("perception"), words.say("expectation")),
            "gw-hide-phone",
        ),
        table.Column(explained(page, "felt_gap", words.say("Gap")), "gw-num"),
    ]
    cells = [_cells(page, weight, rows.get(weight.service_dimension)) for weight in weights]
    first = weights[0]
    caption = words.say(
        "Shown by answers: share in explaining overall satisfaction, {derived}. Said by clients: "
        "100 points split by them, {stated}. Our weight: the one that overall gaps use.",
        derived=_behind(page, first.derived_weight, first.n_derived),
        stated=_behind(page, first.stated_weight, first.n_stated),
    )
    st.html(table.table(columns, cells, label=title, caption=caption))


def _behind(page: Page, weight: float | None, n: int | None) -> str:
    words = page.words
    if weight is None:
        return words.say("not known: too few answers (n {n})", n=words.integer(n or 0))
    return words.say("n {n}", n=words.integer(n))


def _cells(page: Page, weight: Importance, row: PortfolioRow | None) -> list[str]:
    words = page.words
    label = page.labels.of(weight.service_dimension)
    shares = [words.share(w) for w in (weight.derived_weight, weight.stated_weight, weight.default_weight)]
    if row is None or row.satisfaction_gap is None:
        return [in_html(label), *shares, in_html(words.say("nobody was heard")), NOTHING]
    marks = graphics.Marks(row.paired_perception_score, row.expectation_score)
    alt = words.say(
        "{dimension}: perception {p} against expectation {e}, gap {gap}",
        dimension=label,
        p=words.score(row.paired_perception_score),
        e=words.score(row.expectation_score),
        gap=words.signed(row.satisfaction_gap, 1),
    )
    n = words.count("{n} client", "{n} clients", row.n_accounts_paired)
    return [
        in_html(label),
        *shares,
        graphics.dumbbell(marks, page.colours, alt),
        f"{signed_html(row.satisfaction_gap, words)}<small>{in_html(n)}</small>",
    ]

"""Clients at risk: which clients we are about to lose, and why; then how the portfolio stands."""

from __future__ import annotations

import streamlit as st

from dashboards import filters, risk_sentences, sentences, shell
from dashboards.at_risk import RELATIONSHIP, RiskCounts
from dashboards.labels import filtered
from dashboards.markup import in_markdown
from dashboards.parts.at_risk import at_risk, names
from dashboards.parts.clients_in_view import EVERY, more_filters, nothing_matches
from dashboards.parts.common import dated
from dashboards.parts.panels import whole_portfolio
from dashboards.parts.worklist import FEW, MANY, worklist
from dashboards.queries import portfolio, risk
from dashboards.rows import Filters, Headline, Week
from dashboards.shell import Page
from dashboards.turns import TURNS

ORDERS = ("risk", "renewal", "gap")


def main() -> None:
    """Draw the page."""
    page = shell.open_page()
    head = st.container()
    order = _order()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        dim = _dimension(page, order)
        chosen, week = more_filters(page)
    if week is None:
        with head:
            st.title(page.words.say("No week has ended yet"), anchor=False)
            shell.freshness(page)
        return
    of_dimension = dim if dim in page.labels.codes else None
    wide = portfolio.headline(page.snapshot, week.week_id, of_dimension, chosen)
    counts = risk.counts(page.snapshot, week.week_id, dim, chosen)
    with head:
        _title(page, week, dim, chosen, order, counts, wide)
        shell.freshness(page)
    if wide.n_clients == 0 and counts.n_clients == 0:
        nothing_matches(page, chosen)
        return
    TURNS.give_way()
    if order == "gap":
        worklist(page, week, of_dimension, chosen)
    else:
        at_risk(page, week, dim, chosen, counts, order)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        _order_choice(page)
        _more(page, order, counts, wide)
    TURNS.give_way()
    whole_portfolio(page, week, of_dimension, chosen)


def _title(
    page: Page,
    week: Week,
    dim: str | None,
    chosen: Filters,
    order: str,
    counts: RiskCounts,
    wide: Headline,
) -> None:
    words, snapshot = page.words, page.snapshot
    if wide.n_clients == 0 and counts.n_clients == 0:
        title = words.say("No client matches")
    elif order == "gap":
        dimensions = portfolio.wide_dimensions(snapshot, week.week_id, chosen)
        title = sentences.portfolio_title(wide, dimensions, dim, page.published.wide_gap_points, page.labels)
    elif order == "renewal":
        days = page.published.window_weeks * 7
        title = risk_sentences.renewal_title(risk.renewals(snapshot, week.week_id, dim, chosen, days), words)
    else:
        culprits = risk.culprits(snapshot, week.week_id, chosen)
        title = risk_sentences.risk_title(counts, culprits, dim, names(page))
    if chosen.chosen():
        which = filtered(chosen, words)
        title = words.say("{filters}: {title}", filters=which[:1].upper() + which[1:], title=title)
    st.title(in_markdown(dated(page, week, title)), anchor=False)


def _order() -> str:
    """The order the address asks for; an unknown one is said where the choice stands."""
    asked = st.query_params.get("sort", ORDERS[0])
    return asked if asked in ORDERS else ORDERS[0]


def _order_choice(page: Page) -> None:
    words = page.words
    shown = {
        "risk": words.say("By risk"),
        "renewal": words.say("By renewal"),
        "gap": words.say("By widest gap"),
    }
    filters.options(
        st.segmented_control,
        words.say("Order"),
        list(ORDERS),
        "sort",
        words,
        shown,
        required=True,
        label_visibility="collapsed",
    )


def _dimension(page: Page, order: str) -> str | None:
    words, labels = page.words, page.labels
    shown = {EVERY: words.say("All")} | {code: labels.of(code) for code in labels.codes}
    if order != "gap":
        shown[RELATIONSHIP] = names(page).dimension(RELATIONSHIP)
    asked = filters.options(
        st.segmented_control,
        words.say("Service dimension"),
        list(shown),
        "dim",
        words,
        shown,
        required=True,
        label_visibility="collapsed",
        wrap=True,
    )
    return None if asked == EVERY else asked


def _more(page: Page, order: str, counts: RiskCounts, wide: Headline) -> None:
    """Ways to the rest of the list and back."""
    words, shown = page.words, st.query_params.get("show")
    n_clients = wide.n_clients if order == "gap" else counts.n_clients
    offered = []
    if order == "risk" and counts.n_at_risk > FEW and shown is None:
        label = words.count("The {n} client at risk", "All {n} clients at risk", counts.n_at_risk)
        offered.append(("risk", label))
    if shown != "all" and (n_clients > FEW or (order == "risk" and n_clients > counts.n_at_risk > 0)):
        label = words.count("All {n} client", "All {n} clients", n_clients)
        if n_clients > MANY:
            label = words.say("The first {many} of {n} clients", many=MANY, n=words.integer(n_clients))
        offered.append(("all", label))
    for code, label in offered:
        if st.button(label, type="tertiary", icon=":material/arrow_forward:", key=f"show_{code}"):
            st.query_params["show"] = code
            st.rerun()
    if shown == "all" and n_clients > MANY:
        st.markdown(
            words.say(
                "The first {many} of {n} clients. Filter to see others.",
                many=MANY,
                n=words.integer(n_clients),
            )
        )
    if shown is not None and st.button(
        words.say("The first {few} only", few=FEW), type="tertiary", icon=":material/arrow_back:"
    ):
        st.query_params.pop("show", None)
        st.rerun()


main()

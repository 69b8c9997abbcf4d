"""The worklist: one row per client with why, since when, on what evidence, and whose it is."""

from __future__ import annotations

import streamlit as st

from dashboards import filters, sentences, table
from dashboards.labels import renewal
from dashboards.markup import in_html
from dashboards.parts.common import seen_on, signed_html
from dashboards.queries import portfolio
from dashboards.rows import Filters, Week, WorkRow
from dashboards.shell import Page
from dashboards.texts import NOTHING

FEW, MANY = 7, 200
SPARK_WEEKS = 26


def worklist(page: Page, week: Week, dim: str | None, chosen: Filters, n_clients: int) -> None:
    """Draw the first rows, or as many as the address asks for."""
    words = page.words
    shows_all = st.query_params.get("show") == "all"
    rows = portfolio.worklist(page.snapshot, week.week_id, dim, chosen, MANY if shows_all else FEW)
    pairs = tuple((row.standing.account_id, row.standing.service_dimension) for row in rows)
    histories = portfolio.gap_histories(page.snapshot, pairs, week.week_id, SPARK_WEEKS)
    columns = [
        table.Column(in_html(words.say("Client")), "gw-client gw-wrap"),
        table.Column(in_html(words.say("Why, and since when")), "gw-why-cell"),
        table.Column(
            table.heading_keys(page.colours, words.say("perception"), words.say("expectation")),
            "gw-hide-narrow gw-tight",
        ),
        table.Column(in_html(words.say("Gap, 26 weeks"))),
        table.Column(in_html(words.say("Gap")), "gw-num gw-gap-cell"),
        table.Column(in_html(words.say("{weeks} wk")), "gw-num"),
        table.Column(in_html(words.say("Owner")), "gw-tight"),
    ]
    cells = [
        _cells(page, row, week, histories[row.standing.account_id, row.standing.service_dimension])
        for row in rows
    ]
    wide = words.points(page.published.wide_gap_points)
    caption = words.say(
        "Widest gap first. Gap: perception minus expectation in points, from contacts who answered both. "
        "Wide: over {points} points short. {weeks} wk: change against {weeks} weeks before.",
        points=wide,
    )
    st.html(table.table(columns, cells, label=words.say("Clients by gap"), caption=caption, css="gw-work"))
    if n_clients > FEW:
        _more(page, shows_all, n_clients)


def _more(page: Page, shows_all: bool, n_clients: int) -> None:
    words = page.words
    if not shows_all:
        label = words.count("All {n} client", "All {n} clients", n_clients)
        if n_clients > MANY:
            label = words.say("The first {many} of {n} clients", many=MANY, n=words.integer(n_clients))
        if st.button(label, type="tertiary", icon=":material/arrow_forward:"):
            st.query_params["show"] = "all"
            st.rerun()
        return
    if n_clients > MANY:
        st.markdown(
            words.say(
                "The first {many} of {n} clients. Filter to see others.",
                many=MANY,
                n=words.integer(n_clients),
            )
        )
    if st.button(words.say("The first {few} only", few=FEW), type="tertiary", icon=":material/arrow_back:"):
        st.query_params.pop("show", None)
        st.rerun()


def _cells(page: Page, row: WorkRow, week: Week, history: list[float | None]) -> list[str]:
    words, standing = page.words, row.standing
    address = filters.link(
        "client",
        account=standing.account_id,
        dim=st.query_params.get("dim"),
        week=st.query_params.get("week"),
    )
    name = row.account_name or standing.account_id
    about = " · ".join(value for value in (row.tier, row.region) if value)
    ends = renewal(row.contract_ends_on, seen_on(page, week), words, exact=False)
    p, e = words.score(standing.paired_perception_score), words.score(standing.expectation_score)
    dumbbell = (
        table.dumbbell(
            standing.paired_perception_score,
            standing.expectation_score,
            page.colours,
            words.say("perception {p} against expectation {e}", p=p, e=e),
        )
        if standing.satisfaction_gap is not None
        else NOTHING
    )
    spark = (
        table.sparkline(
            history,
            page.colours,
            words.say("gap over 26 weeks, now {gap}", gap=words.signed(standing.satisfaction_gap)),
        )
        if any(gap is not None for gap in history)
        else NOTHING
    )
    owner = row.account_manager or words.say("no owner")
    n = words.say("n {n}", n=standing.n_paired)
    gap = signed_html(standing.satisfaction_gap, words)
    why = sentences.why(standing, row.widest, page.labels)
    evidence = sentences.evidence(row, seen_on(page, week), words)
    return [
        f'<a href="{in_html(address)}" target="_self">{in_html(name)}</a><small>{in_html(about)}</small>',
        f'<span class="gw-why">{in_html(why)}</span><small>{in_html(evidence)}</small>',
        dumbbell,
        spark,
        f'<span class="gw-gap">{gap}</span><small>{in_html(n)}</small>',
        f'<span class="gw-muted">{in_html(words.signed(standing.gap_change_13))}</span>',
        f"{in_html(owner)}<small>{in_html(ends)}</small>",
    ]

"""Felt and factual: where clients have not felt our broken promises yet, and what counts for how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from dashboards import filters, quadrant, sentences, shell, table
from dashboards.caveats import interval
from dashboards.definitions import explained
from dashboards.labels import filtered
from dashboards.markup import in_html, in_markdown
from dashboards.parts.clients_in_view import more_filters, nothing_matches
from dashboards.parts.common import dated, dimension_choice, signed_html
from dashboards.parts.importance import most_important
from dashboards.queries import felt
from dashboards.rows import Filters, Week
from dashboards.shapes import situation_key
from dashboards.shell import Page
from dashboards.situations import SITUATIONS, FeltPoint
from dashboards.turns import TURNS

MOST_UNFELT = "most"
SHOWN, LISTED, EMPTY = 8, 200, 120
Known = tuple[str, Sequence[FeltPoint]]


def main() -> None:
    """Draw the page."""
    page = shell.open_page()
    head = st.container()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        asked = dimension_choice(page, MOST_UNFELT, page.words.say("Most unfelt"))
        chosen, week = more_filters(page)
    if week is None:
        with head:
            st.title(page.words.say("No week has ended yet"), anchor=False)
            shell.freshness(page)
        return
    counted = felt.unfelt(page.snapshot, week.week_id, chosen)
    dim = asked or next(iter(counted), page.labels.codes[0])
    points = felt.points(page.snapshot, week.week_id, dim, chosen)
    with head:
        _title(page, week, dim, chosen, points)
        shell.freshness(page)
    if not points:
        nothing_matches(page, chosen)
        return
    TURNS.give_way()
    _situations(page, points)
    left, right = st.columns([5, 3], gap="medium")
    with left:
        _scatter(page, dim, points)
    TURNS.give_way()
    with right:
        _listed(page, dim, points)
    TURNS.give_way()
    most_important(page, week, chosen)


def _title(page: Page, week: Week, dim: str, chosen: Filters, points: Sequence[FeltPoint]) -> None:
    words = page.words
    title = (
        sentences.unfelt_title(
            page.labels.of(dim),
            Counter(point.situation for point in points),
            words,
            n_unheard=sum(point.is_broken_unheard for point in points),
        )
        if points
        else words.say("No client matches")
    )
    if chosen.chosen():
        which = filtered(chosen, words)
        title = words.say("{filters}: {title}", filters=which[:1].upper() + which[1:], title=title)
    st.title(in_markdown(dated(page, week, title)), anchor=False)


def _situations(page: Page, points: Sequence[FeltPoint]) -> None:
    """How many clients are in each situation; the cards are the key of the shapes."""
    words = page.words
    counts = Counter(point.situation for point in points)
    told = {
        "factual_bad": (words.say("Broken, not felt yet"), words.say("mend before they feel it")),
        "both_bad": (words.say("Broken, and felt"), words.say("mend, and tell them")),
        "felt_bad": (words.say("Kept, not felt"), words.say("explain what was done")),
        "both_good": (words.say("Kept, and felt"), words.say("nothing to do")),
    }
    cards = "".join(
        f'<div class="gw-card"><h3>{situation_key(code, page.colours)} {in_html(told[code][0])}</h3>'
        f'<div class="gw-big">{in_html(words.integer(counts[code]))}</div>'
        f"<p>{in_html(told[code][1])}</p></div>"
        for code in SITUATIONS
    )
    unknown = [
        words.count("{n} client: nobody was heard", "{n} clients: nobody was heard", counts["felt_unknown"]),
        words.count(
            "{n} client: no promise fell due", "{n} clients: no promise fell due", counts["factual_unknown"]
        ),
        words.count("{n} client: neither is known", "{n} clients: neither is known", counts["unknown"]),
    ]
    missing = " · ".join(
        text
        for text, code in zip(unknown, ("felt_unknown", "factual_unknown", "unknown"), strict=True)
        if counts[code]
    )
    below = words.say("Not in the picture: {missing}.", missing=missing) if missing else ""
    st.html(f'<div class="gw-cards">{cards}</div><p class="gw-line" style="margin:0">{in_html(below)}</p>')


def _scatter(page: Page, dim: str, points: Sequence[FeltPoint]) -> None:
    words = page.words
    known = [point for point in points if point.situation in SITUATIONS]
    label = page.labels.of(dim)
    if not known:
        st.html(
            table.box(
                label,
                words.say(
                    "No client in view is known on both sides: somebody has to answer, and a promise "
                    "has to fall due."
                ),
                EMPTY,
            )
        )
        return
    felt_line, factual_line = (
        page.settings["felt_line_score"].value,
        page.settings["factual_line_score"].value,
    )
    counts = Counter(point.situation for point in known)
    st.html(
        table.heading(
            words.say("{dimension}: felt against factual", dimension=label),
            words.say(
                "Each mark a client; click one to open it. Dashed: good from {felt_line_score} felt and "
                "{factual_line_score} factual on."
            ),
        )
    )
    event = st.vega_lite_chart(
        spec=quadrant.scatter(known, felt_line, factual_line, words, page.colours),
        theme=None,
        width="stretch",
        on_select="rerun",
        selection_mode=quadrant.PICKED,
        key="quadrant",
        alt=words.say(
            "{dimension}: {broken} clients broken and not felt yet, {both} broken and felt, {felt} kept "
            "and not felt, {good} kept and felt",
            dimension=label,
            broken=counts["factual_bad"],
            both=counts["both_bad"],
            felt=counts["felt_bad"],
            good=counts["both_good"],
        ),
    )
    picked = event["selection"].get(quadrant.PICKED) if event else None
    if picked:
        kept = {name: value for name in filters.LASTING if (value := filters.lasting(name))}
        st.switch_page(
            "views/client.py", query_params={**kept, "account": str(picked[0]["account_id"]), "dim": dim}
        )


def _listed(page: Page, dim: str, points: Sequence[FeltPoint]) -> None:
    """The same clients as a table: what a pointer reaches, a keyboard reaches too."""
    words = page.words
    unfelt = [point for point in points if point.situation == "factual_bad"]
    others = [point for each in SITUATIONS[1:] for point in points if point.situation == each]
    title = words.say("Broken, not felt yet")
    if unfelt:
        st.html(table.heading(title, words.say("the worst kept promises first")))
        st.html(_table(page, dim, unfelt[:SHOWN], title))
    else:
        st.html(
            table.box(title, words.say("No client in view: what was broken is felt, or nothing was."), 60)
        )
    rest = [*unfelt[SHOWN:], *others]
    if rest:
        label = words.count("{n} other client", "{n} other clients", len(rest))
        if len(rest) > LISTED:
            label = words.say(
                "The first {many} of {n} other clients", many=LISTED, n=words.integer(len(rest))
            )
        with st.expander(label, icon=":material/list:"):
            st.html(_table(page, dim, rest[:LISTED], label))
    unheard = [point for point in points if point.is_broken_unheard]
    if unheard:
        title = words.say("Broken, and nobody was heard")
        st.html(table.heading(title, words.say("ask them; the worst kept promises first")))
        st.html(_table(page, dim, unheard[:SHOWN], title))
    if len(unheard) > SHOWN:
        label = words.count("{n} more", "{n} more", len(unheard) - SHOWN)
        with st.expander(label, icon=":material/list:", key="unheard"):
            st.html(_table(page, dim, unheard[SHOWN:LISTED], label))


def _table(page: Page, dim: str, rows: Sequence[FeltPoint], label: str) -> str:
    words = page.words
    columns = [
        table.Column(in_html(words.say("Client")), "gw-wrap"),
        table.Column(explained(page, "perception", words.say("Felt")), "gw-num"),
        table.Column(explained(page, "promise_gap", words.say("Factual")), "gw-num"),
    ]
    return table.table(columns, [_cells(page, dim, row) for row in rows], label=label)


def _cells(page: Page, dim: str, row: FeltPoint) -> list[str]:
    words = page.words
    address = in_html(filters.link("client", account=row.account_id, dim=dim))
    within = interval(row.perception_low_score, row.perception_high_score, words, signed=False)
    behind = (
        words.say("nobody was heard")
        if row.perception_shrunk_score is None
        else words.say(
            "{interval}, n {n} of {eligible}", interval=within, n=row.n_contacts, eligible=row.n_eligible
        )
    )
    promised = words.count("{n} promise", "{n} promises", row.n_promises or 0)
    name = in_html(row.account_name or row.account_id)
    return [
        f'{situation_key(row.situation, page.colours)} <a href="{address}" target="_self">{name}</a>',
        f"{in_html(words.score(row.perception_shrunk_score))}<small>{in_html(behind)}</small>",
        f"{signed_html(row.promise_gap, words)}<small>{in_html(promised)}</small>",
    ]


main()

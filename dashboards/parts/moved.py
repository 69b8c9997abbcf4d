"""Why a gap moved: the exact split as a waterfall, a table whose last column is the bars."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards import filters, graphics, movements, table
from dashboards.markup import in_html
from dashboards.measured import Change, Part, PortfolioChange
from dashboards.shell import Page
from dashboards.texts import lower_first


def against(page: Page, rows: Sequence[Change | PortfolioChange]) -> int | None:
    """The comparison to show, kept in the address; the nearest one by default."""
    words = page.words
    known = list(dict.fromkeys(row.weeks_before for row in rows))
    if not known:
        return None
    shown = {str(weeks): words.say("{n} weeks before", n=weeks) for weeks in known}
    asked = filters.options(
        st.segmented_control,
        words.say("Compared with"),
        list(shown),
        "against",
        words,
        shown,
        required=True,
        label_visibility="collapsed",
    )
    return int(asked)


def client_moved(page: Page, rows: Sequence[Change], dim: str) -> None:
    """Why a client's gap moved on the dimension shown, and over all of them one click away."""
    words = page.words
    head = st.container(gap="xsmall")
    weeks = against(page, rows)
    change = next((r for r in rows if r.service_dimension == dim and r.weeks_before == weeks), None)
    if change is None or weeks is None:
        return
    with head:
        label = page.labels.of(dim)
        st.html(
            table.heading(
                words.say(
                    "{title}: {dimension}",
                    title=movements.change_title(change, words),
                    dimension=page.labels.within(dim),
                ),
                _rest(page, change),
            )
        )
    if change.satisfaction_gap_change is not None:
        st.html(waterfall(page, movements.client_parts(change, words), label))
    overall = next((r for r in rows if r.service_dimension == "overall" and r.weeks_before == weeks), None)
    if overall is not None:
        inside = (
            waterfall(page, movements.client_parts(overall, words), words.say("All dimensions"))
            if overall.satisfaction_gap_change is not None
            else f"<p>{in_html(movements.no_change(overall.null_reason, words, against=weeks))}</p>"
        )
        st.html(table.folded(words.say("All dimensions together"), inside))


def portfolio_moved(page: Page, rows: Sequence[PortfolioChange], dim: str | None) -> None:
    """Why the mean gap of a cut moved, with the clients that came and went."""
    words = page.words
    weeks = against(page, rows)
    code = dim or "overall"
    change = next((r for r in rows if r.service_dimension == code and r.weeks_before == weeks), None)
    if change is None or weeks is None:
        return
    label = page.labels.of(dim) if dim else words.say("All dimensions")
    if change.satisfaction_gap_change is None:
        st.markdown(movements.no_change(change.null_reason, words, against=weeks))
        return
    st.html(
        table.heading(
            words.say(
                "{title}: {dimension}",
                title=movements.change_title(change, words),
                dimension=lower_first(label, words.language),
            ),
            movements.coverage(change, words),
        )
    )
    st.html(waterfall(page, movements.portfolio_parts(change, words), label))


def waterfall(page: Page, parts: Sequence[Part], label: str) -> str:
    """The parts with their numbers and bars."""
    words = page.words
    rows = [
        _row(page, part, bar)
        for part, bar in zip(parts, graphics.waterfall(parts, page.colours), strict=True)
    ]
    columns = [
        table.Column(in_html(words.say("Part"))),
        table.Column(in_html(words.say("Points")), "gw-num"),
        table.Column(""),
    ]
    name = words.say("Why the gap moved: {dimension}", dimension=label)
    return table.table(columns, rows, label=name, css="gw-fall", shows_head=False)


def _row(page: Page, part: Part, bar: str) -> list[str]:
    value = page.words.signed(part.value, 1)
    css = "gw-total" if part.is_total else "gw-neg" if value.startswith("\u2212") else "gw-pos"
    css = "gw-muted" if value == "0" else css
    note = f" <small>{in_html(part.note)}</small>" if part.note else ""
    name = f'<span class="{"gw-total" if part.is_total else ""}">{in_html(part.label)}</span>{note}'
    return [name, f'<span class="{css}">{in_html(value)}</span>', bar]


def _rest(page: Page, change: Change) -> str:
    words = page.words
    if change.satisfaction_gap_change is None:
        return movements.no_change(change.null_reason, words, against=change.weeks_before)
    return f"{movements.stayers(change, words)} {movements.coverage(change, words)}"

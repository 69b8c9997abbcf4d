"""The worklist: one row per client with why, since when, on what evidence, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboards import caveats, filters, graphics, sentences, table
from dashboards.labels import renewal
from dashboards.markup import in_html
from dashboards.parts.common import seen_on, signed_html
from dashboards.queries import measured, portfolio, quality
from dashboards.rows import Filters, Standing, Week, WorkRow
from dashboards.shell import Page
from dashboards.texts import NOTHING

FEW, MANY = 7, 200
SPARK_WEEKS = 26


def worklist(page: Page, week: Week, dim: str | None, chosen: Filters) -> None:
    """Draw the first rows, or as many as the address asks for."""
    words = page.words
    shows_all = st.query_params.get("show") == "all"
    rows = portfolio.worklist(page.snapshot, week.week_id, dim, chosen, MANY if shows_all else FEW)
    pairs = tuple((row.standing.account_id, row.standing.service_dimension) for row in rows)
    histories = portfolio.gap_histories(page.snapshot, pairs, week.week_id, SPARK_WEEKS)
    reliability = quality.unreliable(page.snapshot, week.week_id)
    columns = [
        table.Column(in_html(words.say("Client")), "gw-client gw-wrap"),
        table.Column(in_html(words.say("Why, and since when")), "gw-why-cell"),
        table.Column(
            table.heading_keys(page.colours, words.say("perception"), words.say("expectation")),
            "gw-hide-narrow gw-tight",
        ),
        table.Column(in_html(words.say("Gap, 26 weeks"))),
        table.Column(
            in_html(words.say("P or gap") if reliability else words.say("Gap")), "gw-num gw-gap-cell"
        ),
        table.Column(in_html(words.say("Trend")), "gw-tight"),
        table.Column(in_html(words.say("Owner")), "gw-tight"),
    ]
    cells = [
        _cells(
            page, row, week, histories[row.standing.account_id, row.standing.service_dimension], reliability
        )
        for row in rows
    ]
    wide = words.points(page.published.wide_gap_points)
    caption = words.say(
        "Widest gap first. Gap: perception minus expectation in points, from contacts who answered both, "
        "drawn towards the mean of all clients the fewer they are, with its 95 % interval. "
        "Answered: the gap before that. Wide: over {points} points short. Trend: change against {weeks} "
        "weeks before, named only where it is more than chance.",
        points=wide,
    )
    if reliability:
        caption = words.say(
            "{caption} Where P leads the gap is unreliable: read the perception.", caption=caption
        )
    note = caveats.alike(measured.alike(page.snapshot, week.week_id), dim, page.labels)
    if note is not None:
        st.html(f'<p class="gw-note" role="note">{in_html(note)}</p>')
    st.html(table.table(columns, cells, label=words.say("Clients by gap"), caption=caption, css="gw-work"))


def _cells(
    page: Page,
    row: WorkRow,
    week: Week,
    history: list[float | None],
    reliability: Mapping[str, float | None],
) -> list[str]:
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
    owner = row.account_manager or words.say("no owner")
    why = sentences.why(standing, row.widest, page.labels)
    evidence = sentences.evidence(standing, seen_on(page, week), words)
    is_reliable = standing.service_dimension not in reliability
    return [
        f'<a href="{in_html(address)}" target="_self">{in_html(name)}</a><small>{in_html(about)}</small>',
        f'<span class="gw-why">{in_html(why)}</span><small>{in_html(evidence)}</small>',
        dumbbell(page, standing, is_reliable),
        spark(page, standing, history, is_reliable),
        number(page, standing, reliability),
        trend(page, standing, is_reliable),
        f"{in_html(owner)}<small>{in_html(ends)}</small>",
    ]


def dumbbell(page: Page, standing: Standing, is_reliable: bool) -> str:
    """Perception with its interval against expectation."""
    words = page.words
    if standing.perception_shrunk_score is None:
        return NOTHING
    within = (standing.perception_low_score, standing.perception_high_score)
    alt = words.say(
        "perception {p} against expectation {e}, 95 % interval of the perception {interval}",
        p=words.score(standing.perception_shrunk_score),
        e=words.score(standing.expectation_score),
        interval=caveats.interval(*within, words, signed=False),
    )
    marks = graphics.Marks(standing.perception_shrunk_score, standing.expectation_score, interval=within)
    return graphics.dumbbell(marks, page.colours, alt, is_reliable=is_reliable)


def spark(page: Page, standing: Standing, history: list[float | None], is_reliable: bool) -> str:
    """The gap over half a year, the newest with its interval."""
    words = page.words
    if all(gap is None for gap in history):
        return NOTHING
    within = (standing.gap_low, standing.gap_high)
    alt = words.say("gap over 26 weeks, now {gap}", gap=words.signed(standing.gap_shrunk))
    if standing.gap_shrunk is not None:
        alt = words.say(
            "gap over 26 weeks, now {gap}, 95 % interval {interval}",
            gap=words.signed(standing.gap_shrunk),
            interval=caveats.interval(*within, words),
        )
    return graphics.sparkline(history, within, page.colours, alt, is_reliable=is_reliable)


def number(page: Page, standing: Standing, reliability: Mapping[str, float | None]) -> str:
    """The gap with its interval, or the perception where the gap cannot be relied on."""
    words, dim = page.words, standing.service_dimension
    n = words.say("n {n}", n=standing.n_paired)
    if standing.satisfaction_gap is None and standing.perception_shrunk_score is not None:
        p = words.say("P {p}", p=words.score(standing.perception_shrunk_score))
        within = caveats.interval(
            standing.perception_low_score, standing.perception_high_score, words, signed=False
        )
        n = words.say("{dimension}, n {n}", dimension=page.labels.of(dim), n=standing.n_contacts)
        below = f"<small>{in_html(within)}</small><small>{in_html(n)}</small>"
        return f'<span class="gw-gap">{in_html(p)}</span>{below}'
    if standing.satisfaction_gap is None:
        return f'<span class="gw-gap gw-muted">{NOTHING}</span><small>{in_html(n)}</small>'
    raw = words.say("answered {gap}, n {n}", gap=words.signed(standing.satisfaction_gap), n=standing.n_paired)
    within = caveats.interval(standing.gap_low, standing.gap_high, words)
    if dim in reliability:
        within = caveats.interval(
            standing.perception_low_score, standing.perception_high_score, words, signed=False
        )
        p = words.say("P {p}", p=words.score(standing.perception_shrunk_score))
        gap = words.say("gap {gap}, n {n}", gap=words.signed(standing.gap_shrunk), n=standing.n_paired)
        reason = caveats.unreliable(reliability[dim], words)
        shown = f'<span class="gw-gap">{in_html(p)}</span>'
        below = f'<abbr title="{in_html(reason)}">{in_html(gap)}</abbr>'
    else:
        gap = signed_html(standing.gap_shrunk, words)
        shown = f'<span class="gw-gap">{gap}</span>'
        below = in_html(raw)
    return f"{shown}<small>{in_html(within)}</small><small>{below}</small>"


def trend(page: Page, standing: Standing, is_reliable: bool) -> str:
    """The direction where it is more than chance, and the change of the window."""
    words = page.words
    code = standing.gap_trend if is_reliable else standing.perception_trend
    change = standing.gap_change_13 if is_reliable else standing.perception_change_13
    css = {"declining": "gw-neg", "improving": "gw-pos"}.get(code or "", "gw-muted")
    word = caveats.trend(code, words)
    # Without a change the reason stands in the row's sentence.
    below = "" if change is None else words.say("{change} in {weeks} wk", change=words.signed(change))
    return f'<span class="{css}">{in_html(word)}</span><small>{in_html(below)}</small>'

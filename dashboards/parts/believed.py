"""How far to believe a client's numbers: one row per service dimension, felt and factual, on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from dashboards import caveats, graphics, sentences, survey_sentences, table
from dashboards.definitions import explained
from dashboards.markup import in_html
from dashboards.measured import Belief
from dashboards.parts.common import signed_html
from dashboards.queries import quality
from dashboards.rows import Client, Week
from dashboards.shell import Page
from dashboards.surveyed import Quality
from dashboards.texts import NOTHING

NEWEST = 8


def believed(
    page: Page, rows: Sequence[Belief], reliability: Mapping[str, float | None], seen_on: date
) -> None:
    """Draw the table; what the silent could change is said in words below each strip."""
    words = page.words
    st.subheader(words.say("How far to believe these numbers"), anchor=False)
    columns = [
        table.Column(in_html(words.say("Dimension")), "gw-whole gw-wide"),
        table.Column(_keys(page), "gw-whole gw-widest"),
        table.Column(explained(page, "perception", words.say("Perception")), "gw-num"),
        table.Column(explained(page, "felt_gap", words.say("Gap")), "gw-num"),
        table.Column(explained(page, "trend", words.say("Trend")), "gw-tight"),
        table.Column(explained(page, "zone_position", words.say("Zone of tolerance"))),
        table.Column(explained(page, "situation", words.say("Felt and factual")), "gw-whole gw-wide"),
    ]
    caption = words.say(
        "Small figures: the 95 % interval, and what was answered before it is drawn towards the mean of all "
        "clients. Zone of tolerance: 0 at the minimum, 1 at the expectation. Trend: q is the share of false "
        "news one accepts by calling this change news."
    )
    st.html(
        table.table(
            columns,
            [_cells(page, row, reliability, seen_on) for row in rows],
            label=words.say("How far to believe these numbers"),
            caption=caption,
            css="gw-believe",
        )
    )


def measured_how(page: Page, week: Week) -> None:
    """How well the survey measures each dimension, one click away."""
    words = page.words
    rows = quality.qualities(page.snapshot, week.week_id)
    if not rows:
        return
    with st.expander(words.say("How well the survey measures"), icon=":material/straighten:"):
        st.html(survey_quality(page, rows))


def survey_quality(page: Page, rows: Sequence[Quality]) -> str:
    """Reliability of each service dimension in the newest survey that asked both sides, as a table."""
    words = page.words
    columns = [
        table.Column(in_html(words.say("Dimension"))),
        table.Column(explained(page, "reliability", words.say("Reliability of the gap"))),
        table.Column(explained(page, "alpha", words.say("Alpha P / E")), "gw-num gw-hide-phone"),
        table.Column(in_html(words.say("Correlation of P and E")), "gw-num gw-hide-phone"),
        table.Column(explained(page, "ceiling", words.say("Best score")), "gw-num gw-hide-phone"),
        table.Column(in_html(words.say("n")), "gw-num"),
    ]
    cells = [
        [
            in_html(page.labels.of(row.service_dimension)),
            in_html(survey_sentences.reliability(row, words)),
            f"{words.decimal(row.perception_alpha, 2)} / {words.decimal(row.expectation_alpha, 2)}",
            words.decimal(row.perception_expectation_correlation, 2),
            words.share(row.perception_ceiling_share),
            words.integer(row.n_complete),
        ]
        for row in rows
    ]
    caption = words.say(
        "The newest survey that asked both sides, over all clients. "
        "Below a reliability of {min_gap_reliability} the gap adds noise to the perception: "
        "it is drawn in grey and the perception is read first."
    )
    return table.table(columns, cells, label=words.say("How well the survey measures"), caption=caption)


def restated(page: Page, found: Client) -> None:
    """What facts that arrived late changed in weeks already closed, one click away."""
    words = page.words
    rows = quality.restated(page.snapshot, found.account_id, NEWEST)
    if not rows:
        return
    columns = [
        table.Column(in_html(words.say("Week"))),
        table.Column(in_html(words.say("Dimension"))),
        table.Column(in_html(words.say("Gap before")), "gw-num"),
        table.Column(in_html(words.say("Gap since")), "gw-num"),
        table.Column(in_html(words.say("As of")), "gw-hide-phone"),
    ]
    cells = [
        [
            in_html(words.day(row.week_start_on)),
            in_html(page.labels.of(row.service_dimension)),
            in_html(words.signed(row.satisfaction_gap_before, 1)),
            in_html(words.signed(row.satisfaction_gap_after, 1)),
            in_html(words.day(row.restated_as_of.date())),
        ]
        for row in rows
    ]
    title = words.say("What late facts changed in closed weeks")
    with st.expander(title, icon=":material/history:"):
        st.html(table.table(columns, cells, label=title))


def _keys(page: Page) -> str:
    words, colours = page.words, page.colours
    keys = [
        (graphics.dot_key(colours.perception), words.say("best estimate")),
        (graphics.dot_key(colours.ground, colours.perception), words.say("answered")),
        (graphics.tick_key(colours.expectation), words.say("expectation")),
        (graphics.tick_key(colours.minimum, "2 2"), words.say("minimum")),
    ]
    return " &nbsp;".join(f"{image} {in_html(word)}" for image, word in keys)


def _cells(page: Page, row: Belief, reliability: Mapping[str, float | None], seen_on: date) -> list[str]:
    words, label = page.words, page.labels.of(row.service_dimension)
    behind = words.say("n {n} of {eligible}", n=row.n_contacts, eligible=row.n_eligible)
    age = sentences.last_heard(row.last_answered_on, seen_on, words)
    silence = caveats.silence(row, words)
    about = " · ".join((behind, age, caveats.pairing(row, words)))
    return [
        f"<strong>{in_html(label)}</strong><small>{in_html(about)}</small>",
        f"{_strip(page, row, label)}<small>{in_html(silence)}</small>",
        _perception(page, row),
        _gap(page, row, reliability),
        _trend(page, row, is_reliable=row.service_dimension not in reliability),
        _zone(page, row),
        _factual(page, row),
    ]


def _strip(page: Page, row: Belief, label: str) -> str:
    words = page.words
    if row.perception_score is None:
        return ""
    marks = graphics.Marks(
        row.perception_score,
        row.expectation_score,
        row.minimum_score,
        row.perception_shrunk_score,
        (row.perception_low_score, row.perception_high_score),
        (row.perception_silent_low_score, row.perception_silent_high_score),
    )
    alt = words.say(
        "{dimension}: perception {p}, 95 % interval {interval}, expectation {e}",
        dimension=label,
        p=words.score(row.perception_shrunk_score),
        interval=caveats.interval(row.perception_low_score, row.perception_high_score, words, signed=False),
        e=words.score(row.expectation_score),
    )
    return graphics.strip(marks, page.colours, alt)


def _perception(page: Page, row: Belief) -> str:
    words = page.words
    if row.perception_score is None:
        return NOTHING
    within = caveats.interval(row.perception_low_score, row.perception_high_score, words, signed=False)
    raw = words.say("answered {score}", score=words.score(row.perception_score))
    best = in_html(words.score(row.perception_shrunk_score))
    name = in_html(words.say("Perception"))
    return (
        f'<span class="gw-phone">{name} </span><strong>{best}</strong>'
        f"<small>{in_html(within)}</small><small>{in_html(raw)}</small>"
    )


def _gap(page: Page, row: Belief, reliability: Mapping[str, float | None]) -> str:
    words, dim = page.words, row.service_dimension
    if row.satisfaction_gap is None:
        return f"<small>{in_html(sentences.null_reason(row.null_reason, words))}</small>"
    within = caveats.interval(row.gap_low, row.gap_high, words)
    raw = words.say("answered {score}", score=words.signed(row.satisfaction_gap))
    best = f"<strong>{signed_html(row.gap_shrunk, words)}</strong>"
    name = f'<span class="gw-phone">{in_html(words.say("Gap"))} </span>'
    below = f"<small>{in_html(within)}</small><small>{in_html(raw)}</small>"
    if dim not in reliability:
        return name + best + below
    reason = in_html(caveats.unreliable(reliability[dim], words))
    word = in_html(words.say("unreliable"))
    grey = f'<span class="gw-muted">{in_html(words.signed(row.gap_shrunk))}</span>'
    return f'{name}{grey}{below}<small><abbr title="{reason}">{word}</abbr></small>'


def _trend(page: Page, row: Belief, *, is_reliable: bool) -> str:
    words = page.words
    code = row.gap_trend if is_reliable else row.perception_trend
    q = row.gap_q_value if is_reliable else row.perception_q_value
    css = {"declining": "gw-neg", "improving": "gw-pos"}.get(code or "", "gw-muted")
    below = words.say("q {q}", q=words.decimal(q, 2)) if q is not None else ""
    name = in_html(words.say("Trend"))
    word = f'<span class="{css}">{in_html(caveats.trend(code, words))}</span>'
    return f'<span class="gw-phone">{name} </span>{word}<small>{in_html(below)}</small>'


def _zone(page: Page, row: Belief) -> str:
    position, behind = caveats.zone(row, page.words)
    name = in_html(page.words.say("Zone"))
    shown = f'<span class="gw-phone">{name} </span>{in_html(position)}'
    return f"{shown}<small>{in_html(behind)}</small>"


def _factual(page: Page, row: Belief) -> str:
    words = page.words
    word = caveats.situation(row.situation, words)
    css = {"both_good": "gw-pos", "both_bad": "gw-neg", "factual_bad": "gw-neg"}.get(row.situation or "", "")
    behind = words.say("no promise fell due")
    if row.promise_gap is not None:
        behind = words.count(
            "factual gap {gap}, {n} promise",
            "factual gap {gap}, {n} promises",
            row.n_promises or 0,
            gap=words.signed(row.promise_gap),
        )
    return f'<span class="{css}">{in_html(word)}</span><small>{in_html(behind)}</small>'

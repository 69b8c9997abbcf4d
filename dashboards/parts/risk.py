"""A client's risk: what it is made of, how it went, and what happened meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from dashboards import charts, risk_sentences, sentences, table, timelines
from dashboards.at_risk import Driver, Evidence, Risk, RiskPoint
from dashboards.graphics import share_bar
from dashboards.markup import in_html
from dashboards.parts import weekly
from dashboards.parts.at_risk import names
from dashboards.parts.common import chart
from dashboards.queries import risk as asked_of
from dashboards.risk_sentences import Names
from dashboards.rows import Client, Week
from dashboards.shell import Page

HEIGHT, LISTED = 250, 40
FEW_DRIVERS = 5


def made_of(page: Page, found: Client, risk: Risk, week: Week) -> None:
    """The drivers of the risk, and the risk over time."""
    words = page.words
    drivers = asked_of.drivers(page.snapshot, found.account_id, week.week_id)
    left, right = st.columns([7, 3])
    with left:
        _drivers(page, risk, drivers)
    with right:
        points = asked_of.history(page.snapshot, found.account_id, week.week_id)
        heading = table.heading(
            words.say("Risk over time"),
            words.say("points of 100, as known in each week; rank {rank} now", rank=risk.risk_rank)
            if risk.risk_rank
            else words.say("points of 100, as known in each week; notice is given"),
        )
        st.html(heading + risk_chart(page, found, risk, points, HEIGHT))
        weekly.risk(page, points)


def risk_chart(page: Page, found: Client, risk: Risk, points: Sequence[RiskPoint], height: int) -> str:
    """The risk by week, with what it is now in words."""
    words = page.words
    alt = words.say(
        "Risk of {client}: {points} points, {band}",
        client=found.account_name or found.account_id,
        points=words.score(risk.risk_score),
        band=risk_sentences.band(risk.risk_band, words),
    )
    lines = asked_of.lines(page.snapshot)
    return charts.risk_chart(points, lines, words, page.colours, height=height, alt=alt)


def _drivers(page: Page, risk: Risk, drivers: list[Driver]) -> None:
    words = page.words
    title = words.say(
        "Risk {points} of 100: {band}",
        points=words.score(risk.risk_score),
        band=risk_sentences.band(risk.risk_band, words),
    )
    if risk.churn_probability is not None:
        below = words.say(
            "The fitted model gives a probability of {share}.", share=words.share(risk.churn_probability)
        )
    else:
        below = risk_sentences.rules_only(asked_of.unpublished_reason(page.snapshot), words)
    st.html(table.heading(title, below))
    if not drivers:
        st.html(
            table.box(words.say("No driver adds a point"), words.say("Nothing known speaks for a loss."), 60)
        )
        return
    most = max(each.cap or each.points for each in drivers)
    columns = [
        table.Column(in_html(words.say("Driver")), "gw-driver"),
        table.Column(in_html(words.say("Points")), "gw-num"),
        table.Column("", "gw-hide-phone"),
        table.Column(in_html(words.say("Now, {weeks} wk before"))),
        table.Column(in_html(words.say("Owner and what to do")), "gw-play gw-hide-phone"),
    ]
    called = names(page)
    cells = [driver_cells(page, each, called, most, is_first=not at) for at, each in enumerate(drivers)]
    caption = words.say("The points add up to the risk. The grey track is the most a driver can add.")
    label = words.say("What the risk is made of")
    st.html(table.table(columns, cells[:FEW_DRIVERS], label=label, caption=caption, css="gw-plain gw-made"))
    if len(cells) > FEW_DRIVERS:
        summary = words.count("One driver more", "{n} drivers more", len(cells) - FEW_DRIVERS)
        rest = table.table(columns, cells[FEW_DRIVERS:], label=summary, css="gw-plain gw-made")
        st.html(table.folded(summary, rest))


def driver_cells(page: Page, row: Driver, called: Names, most: float, *, is_first: bool) -> list[str]:
    """A row of the table of drivers; ``most`` is the longest track."""
    words = page.words
    label = row.label_zh if words.language == "zh" else row.label_en
    about = called.dimension(row.service_dimension)
    if row.since_on is not None:
        about = words.say("{dimension}, since {day}", dimension=about, day=words.day(row.since_on))
    points = words.decimal(row.points, 1)
    if row.log_odds is not None:
        points = words.say("{points} (log-odds {odds})", points=points, odds=words.signed(row.log_odds, 2))
    bar = share_bar(row.points, row.cap or most, most, page.colours, is_first=is_first)
    before = risk_sentences.value(row.value_before, row.unit, words)
    now = words.say(
        "{now}, before {before}", now=risk_sentences.value(row.value, row.unit, words), before=before
    )
    role = sentences.role(row.owner_role, words) if row.owner_role else ""
    owner = (
        words.say("{name} ({role})", name=row.owner, role=role) if row.owner and role else row.owner or role
    )
    play = (row.play_zh if words.language == "zh" else row.play_en) or ""
    return [
        f"<strong>{in_html(label)}</strong><small>{in_html(about)}</small>",
        in_html(points),
        bar,
        f"{in_html(now)}<small>{in_html(_evidence_keys(page, row))}</small>",
        f'{in_html(owner or words.say("no owner"))}<small class="gw-todo">{in_html(play)}</small>',
    ]


def _evidence_keys(page: Page, row: Driver) -> str:
    """How many stand behind the value, and the first keys of what it rests on."""
    words = page.words
    kinds = {
        "answer": words.say("answers"),
        "promise": words.say("promises"),
        "ticket": words.say("tickets"),
        "delivery": words.say("deliveries"),
        "contact": words.say("contacts"),
        "interaction": words.say("meetings"),
    }
    kind = kinds.get(row.evidence_kind or "")
    if kind is None or not row.evidence_keys:
        return ""
    # A promise's key is signal, source, subject and sequence: its ticket or delivery is what people look up.
    parts = [str(key).split(":") for key in json.loads(row.evidence_keys)]
    keys = list(dict.fromkeys(part[-2] if len(part) > 2 else part[-1] for part in parts))[:2]
    return words.say("{kind}: {keys}", kind=kind, keys=words.say(", ").join(keys))


def evidence(page: Page, found: Client, since: date | None, until: date) -> None:
    """What happened at the client, in five lanes, and as a table."""
    words = page.words
    called, alerts = names(page), asked_of.alert_labels(page.snapshot)
    rows = [
        (row, _what(row, called, alerts))
        for row in asked_of.evidence(page.snapshot, found.account_id)
        if row.occurred_on <= until
    ]
    if not rows:
        st.html(table.box(words.say("Evidence"), words.say("Nothing is known to have happened here."), 60))
        return
    turned = words.say("shaded: since it turned") if since else ""
    below = words.say("diamond: late, negative or open; circle: as promised")
    st.html(table.heading(words.say("Evidence"), "; ".join(text for text in (below, turned) if text)))
    bad = sum(1 for row, _ in rows if row.is_adverse)
    chart(
        timelines.evidence_chart(rows, since, until, words, page.colours),
        words.say(
            "Evidence of {client}: {n} events, {bad} late, negative or open",
            client=found.account_name or found.account_id,
            n=len(rows),
            bad=bad,
        ),
    )
    lanes = timelines.lane_names(words)
    columns = [
        table.Column(in_html(words.say("Day"))),
        table.Column(in_html(words.say("Lane"))),
        table.Column(in_html(words.say("What"))),
    ]
    cells = []
    for row, text in rows[:LISTED]:
        css, mark = ("gw-neg", "◆") if row.is_adverse else ("", "●")
        what = f'<span class="{css}">{in_html(f"{mark} {text}")}</span>'
        cells.append(
            [
                in_html(words.day(row.occurred_on)),
                in_html(lanes[row.lane]),
                f"{what}<small>{in_html(row.evidence_id)}</small>",
            ]
        )
    inside = table.table(columns, cells, label=words.say("Evidence as a table"))
    st.html(table.folded(words.count("The newest event", "The newest {n} events", len(cells)), inside))


def _what(row: Evidence, called: Names, alerts: Mapping[str, tuple[str, str]]) -> str:
    words = called.words
    dimension = called.dimension(row.service_dimension) if row.service_dimension else ""
    if row.lane == "answer":
        return words.say("lowest: {dimension} {score}", dimension=dimension, score=words.score(row.score))
    if row.lane == "meeting":
        return {
            "visit": words.say("visit"),
            "call": words.say("call"),
            "review": words.say("review"),
            "workshop": words.say("workshop"),
            "executive_meeting": words.say("executive meeting"),
            "exchange": words.say("exchange"),
        }.get(row.state, row.state)
    if row.lane == "alert":
        return alerts.get(row.state, (row.state, row.state))[1 if words.language == "zh" else 0]
    states = {
        "kept": words.say("as promised"),
        "open": words.say("not due yet"),
        "broken": words.say("promise broken"),
        "overdue": words.say("overdue"),
    }
    text = states.get(row.state, row.state)
    if row.days_late:
        text = words.count("{what}, {n} day late", "{what}, {n} days late", row.days_late, what=text)
    return words.say("{dimension}: {what}", dimension=dimension, what=text) if row.is_adverse else text

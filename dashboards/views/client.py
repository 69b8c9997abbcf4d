"""Client: what went wrong here, since when, on what evidence, and whose it is to mend."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboards import (
    caveats,
    charts,
    filters,
    loss_sentences,
    risk_sentences,
    sentences,
    shell,
    survey_sentences,
    table,
)
from dashboards.at_risk import Loss, Risk
from dashboards.labels import owner, renewal
from dashboards.markup import in_html, in_markdown
from dashboards.parts import believed, evidence, moved, personal, weekly
from dashboards.parts import risk as risky
from dashboards.parts.at_risk import names
from dashboards.parts.common import dated, dimension_choice, gap_legend, seen_on, week_choice
from dashboards.parts.gaps import felt_factual, gap_panel
from dashboards.queries import client as asked_of
from dashboards.queries import losses, measured, quality, shared
from dashboards.queries import risk as asked_for
from dashboards.rows import Client, GapPoint, Standing, Week
from dashboards.shell import Page
from dashboards.turns import TURNS

LARGE, SMALL, FELT = 505, 116, 250
#: Panels that the large one and those at its side have room for; further ones stand below.
BESIDE = 4
WIDEST = "widest"


def main() -> None:
    """Draw the page."""
    page = shell.open_page()
    _way_back(page)
    account = st.query_params.get("account")
    found = asked_of.client(page.snapshot, account) if account else None
    if found is None:
        _no_such_client(page, account)
        return
    head = st.container()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        dim = dimension_choice(page, WIDEST, page.words.say("Culprit first"))
        with st.popover(page.words.say("Week"), icon=":material/calendar_month:"):
            week = week_choice(page)
    standings = asked_of.standings(page.snapshot, found.account_id, week.week_id) if week else []
    risk = asked_for.client_risk(page.snapshot, found.account_id, week.week_id) if week else None
    loss = losses.loss_of(page.snapshot, found.account_id)
    first = dim or (risk.culprit_dimension if risk else None)
    ordered = sorted(standings, key=lambda each: each.service_dimension != first)
    with head:
        _head(page, found, ordered, week, risk, loss)
    if week is None or not standings:
        st.html(table.box(page.words.say("Nothing to show"), _why_nothing(page, found), 80))
        if loss is not None:
            risky.evidence(page, found, loss.culprit_since_on, page.as_of.date())
        return
    shown = ordered[0].service_dimension
    reliability = quality.unreliable(page.snapshot, week.week_id)
    TURNS.give_way()
    _gaps(page, found, ordered, week, reliability)
    TURNS.give_way()
    if risk is not None:
        risky.made_of(page, found, risk, week)
    TURNS.give_way()
    left, right = st.columns(2)
    with left:
        moved.client_moved(page, measured.changes(page.snapshot, found.account_id, week.week_id), shown)
    with right:
        _felt_factual(page, found, shown, week)
    TURNS.give_way()
    risky.evidence(page, found, risk.culprit_since_on if risk else None, seen_on(page, week))
    beliefs = measured.beliefs(page.snapshot, found.account_id, week.week_id)
    rows = [beliefs[each.service_dimension] for each in ordered if each.service_dimension in beliefs]
    TURNS.give_way()
    believed.believed(page, rows, reliability, seen_on(page, week))
    believed.measured_how(page, week)
    believed.restated(page, found)
    TURNS.give_way()
    left, right = st.columns([5, 3])
    with left:
        evidence.promises(page, found)
        TURNS.give_way()
        evidence.answers(page, found)
        known = personal.names(page, found)
        personal.comments(page, found, known)
    with right:
        evidence.contacts(page, found, week, known)


def _way_back(page: Page) -> None:
    if not page.person.may_open("clients"):
        return
    kept = {name: value for name in filters.LASTING if (value := filters.lasting(name))}
    st.page_link(
        "views/portfolio.py",
        label=page.words.say("Clients at risk"),
        icon=":material/arrow_back:",
        query_params=kept,
    )


def _no_such_client(page: Page, account: str | None) -> None:
    words = page.words
    names = shared.clients(page.snapshot)
    if account is None:
        st.title(words.say("Which client?"), anchor=False)
        shell.freshness(page)
    else:
        st.title(words.say("No such client"), anchor=False)
        shell.freshness(page)
        st.markdown(
            words.say(
                "Snapshot {id} knows no client {account}: the link is mistyped, or older than the ids.",
                id=in_markdown(page.published.snapshot_id),
                account=in_markdown(account),
            )
        )

    def go() -> None:
        if st.session_state["picked_client"] is not None:
            st.query_params["account"] = st.session_state["picked_client"]

    st.selectbox(
        words.count("{n} client", "{n} clients", len(names)),
        list(names),
        index=None,
        format_func=lambda code: names.get(code, code),
        placeholder=words.say("Type a name"),
        key="picked_client",
        on_change=go,
        width=420,
    )


def _head(
    page: Page,
    found: Client,
    standings: list[Standing],
    week: Week | None,
    risk: Risk | None,
    loss: Loss | None,
) -> None:
    words = page.words
    name = found.account_name or found.account_id
    unreliable = quality.unreliable(page.snapshot, week.week_id) if week else {}
    turned = risk_sentences.client_title(name, risk, _of(risk, standings), names(page)) if risk else None
    widest = sorted(standings, key=lambda each: each.widest_rank or len(standings))
    finding = turned or sentences.client_title(name, widest, unreliable, page.labels)
    if loss is not None and not standings:
        finding = loss_sentences.loss_title(name, loss, names(page))
    st.title(in_markdown(dated(page, week, finding) if week else finding), anchor=False)
    worst = standings[0] if standings else None
    parts = [
        in_html(words.say("Tier {tier}", tier=found.tier)) if found.tier else "",
        in_html(found.region or ""),
    ]
    parts.append(in_html(renewal(found.contract_ends_on, page.as_of.date(), words, exact=True)))
    if worst is not None and week is not None:
        # The mart's date is within the window; who was heard before it stands in the contacts.
        last_on = worst.account_last_answered_on or max(
            (
                c.last_answered_on
                for c in asked_of.contacts(page.snapshot, found.account_id)
                if c.last_answered_on
            ),
            default=None,
        )
        last = sentences.last_heard(last_on, seen_on(page, week), words)
        parts += [in_html(sentences.heard(worst, words)), in_html(last)]
    role = page.labels.owner_role(worst.service_dimension) if worst else None
    mender = owner(found, role, words)
    if risk is not None and risk.culprit_owner is not None:
        title = sentences.role(risk.culprit_owner_role, words)
        mender = words.say("{name} ({role})", name=risk.culprit_owner, role=title)
    owned = words.say("owner {owner}", owner=mender) if mender else words.say("no owner")
    parts.append(f"<strong>{in_html(owned)}</strong>")
    lines = [" · ".join(part for part in parts if part)]
    whole = measured.overall(page.snapshot, found.account_id, week.week_id) if week else None
    if whole is not None and week is not None:
        asked = quality.scores(page.snapshot, "account", found.account_id, week.week_id)
        lines += [in_html(caveats.overall(whole, words)), in_html(survey_sentences.scores(asked, words))]
    st.html(f'<p class="gw-line" style="margin:0">{"<br>".join(line for line in lines if line)}</p>')
    shell.freshness(page)


def _of(risk: Risk | None, standings: list[Standing]) -> Standing | None:
    """The standing on the culprit's dimension."""
    code = risk.culprit_dimension if risk else None
    return next((each for each in standings if each.service_dimension == code), None)


def _why_nothing(page: Page, found: Client) -> str:
    words = page.words
    if found.churned_on is not None:
        return words.say(
            "This client left on {day}; choose an earlier week.", day=words.day(found.churned_on)
        )
    return words.say("This client was not active in this week; choose another one.")


def _gaps(
    page: Page,
    found: Client,
    ordered: list[Standing],
    week: Week,
    reliability: Mapping[str, float | None],
) -> None:
    if all(standing.perception_score is None for standing in ordered):
        silent = sentences.too_few(ordered[0], page.words)
        st.html(table.box(page.words.say("No service dimension has an answer"), silent, SMALL))
        return
    history = asked_of.client_history(page.snapshot, found.account_id, week.week_id)
    has_minimum = any(p.minimum_score is not None for points in history.values() for p in points)
    gap_legend(page, reliability, with_minimum=has_minimum, with_interval=True)
    domain = charts.shared_domain(list(history.values()))
    left, right = st.columns([5, 3])
    with left:
        _panel(page, found, ordered[0], history, LARGE, domain, reliability)
    with right:
        for standing in ordered[1:BESIDE]:
            with st.container(gap="xsmall"):
                _panel(page, found, standing, history, SMALL, domain, reliability)
    if len(ordered) > BESIDE:
        below = st.grid(4, min_column_width=215)
        for standing in ordered[BESIDE:]:
            with below.container():
                _panel(page, found, standing, history, SMALL, domain, reliability)
    weekly.gaps(page, history)


def _panel(
    page: Page,
    found: Client,
    standing: Standing,
    history: dict[str, list[GapPoint]],
    height: int,
    domain: tuple[float, float],
    reliability: Mapping[str, float | None],
) -> None:
    words, label = page.words, page.labels.of(standing.service_dimension)
    points = history.get(standing.service_dimension, [])
    if standing.perception_score is None or not points:
        st.html(table.box(label, sentences.too_few(standing, words), height))
        return
    heading = table.heading(
        label, caveats.panel(standing, reliability, sentences.place(standing, words), words)
    )
    spelled_out = height == LARGE
    st.html(
        heading
        + gap_panel(page, found, standing, points, height, domain, reliability, spelled_out=spelled_out)
    )


def _felt_factual(page: Page, found: Client, dim: str, week: Week) -> None:
    words = page.words
    points = asked_of.felt_factual(page.snapshot, found.account_id, dim, week.week_id)
    title = words.say("Felt and factual: {dimension}", dimension=page.labels.within(dim))
    below = words.say("felt: perception minus expectation; factual: promises kept and broken, 0 is all kept")
    if not any(p.satisfaction_gap is not None or p.promise_gap is not None for p in points):
        st.html(table.box(title, words.say("Neither an answer nor a promise is known."), 120))
        return
    drivers = asked_for.drivers(page.snapshot, found.account_id, week.week_id)
    first = risk_sentences.lead(drivers, dim, names(page))
    heading = table.heading(title, " ".join(text for text in (first, below) if text))
    st.html(heading + felt_factual(page, dim, points, FELT))
    weekly.felt_factual(page, points)


main()

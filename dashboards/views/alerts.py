"""Alerts: what waits for an answer, and how far each rule can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboards import alert_sentences, filters, inbox, shell, table
from dashboards.alerted import AlertClient
from dashboards.inbox import STATES, Alert, Inbox
from dashboards.markup import in_html, in_markdown
from dashboards.parts import answering, track_record
from dashboards.queries import alerts as asked_of
from dashboards.shell import Page
from dashboards.turns import TURNS
from gapwatch.alerts.store import Heading
from gapwatch.ledger import now

EVERYONE = "everyone"
A_PAGE = 6


def main() -> None:
    """Draw the page."""
    page = shell.open_page()
    clients = asked_of.clients(page.snapshot)
    box = inbox.read(
        clients,
        sees_all=page.person.viewer.scope.is_everything,
        may_act=page.person.may_act,
    )
    answering.tell(page)
    head = st.container()
    if box.closed_because in ("away", "no_workspace", "none_yet"):
        with head:
            _nothing_to_read(page, box)
    else:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            state, owner = _filters(page, box)
        found, named = _found(box, state, owner)
        with head:
            st.title(in_markdown(_title(page, box, owner)), anchor=False)
            shell.freshness(page)
        _why_closed(page, box)
        if named is not None:
            _back_to_all(page)
        _cards(page, box, found, clients, state)
    TURNS.give_way()
    track_record.drawn(page, asked_of.rule_records(page.snapshot), asked_of.replayed_weeks(page.snapshot))


def _title(page: Page, box: Inbox, owner: str | None) -> str:
    words, waiting = page.words, box.of("waiting", owner)
    if not waiting:
        title = words.say("No alert waits for an answer")
    else:
        oldest = max((now() - alert.raised_at).days for alert in waiting)
        title = (
            words.count(
                "{n} alert waits for an answer, the oldest {age}",
                "{n} alerts wait for an answer, the oldest {age}",
                len(waiting),
                age=words.count("{n} day", "{n} days", oldest),
            )
            if oldest
            else words.count(
                "{n} alert waits for an answer, not a day old",
                "{n} alerts wait for an answer, none a day old",
                len(waiting),
            )
        )
    return words.say("{owner}: {title}", owner=owner, title=title) if owner else title


def _filters(page: Page, box: Inbox) -> tuple[str, str | None]:
    words = page.words
    owners = box.owners
    owner = filters.options(
        st.selectbox,
        words.say("Owner"),
        [EVERYONE, *owners],
        "owner",
        words,
        {EVERYONE: words.say("Everyone")},
        width=240,
    )
    shown = {
        "waiting": words.say("waiting"),
        "acknowledged": words.say("acknowledged"),
        "snoozed": words.say("left aside"),
        "resolved": words.say("resolved"),
        "all": words.say("all"),
    }
    picked = None if owner == EVERYONE else owner
    labels = {
        code: words.say("{label} {n}", label=label, n=words.integer(len(box.of(code, picked))))
        for code, label in shown.items()
    }
    state = filters.options(
        st.segmented_control,
        words.say("State"),
        list(STATES),
        "state",
        words,
        labels,
        required=True,
        wrap=True,
    )
    return state, picked


def _found(box: Inbox, state: str, owner: str | None) -> tuple[list[list[Heading]], str | None]:
    """The alerts to show, client by client: those of the filters, or the one that the address names."""
    named = st.query_params.get("alert")
    if named is not None:
        return [[alert] for alert in box.alerts if alert.alert_id == named], named
    return box.by_client(state, owner), None


def _cards(
    page: Page, box: Inbox, found: Sequence[list[Heading]], clients: Mapping[str, AlertClient], state: str
) -> None:
    words = page.words
    if not found:
        calm = words.say("Nothing waits here. What was answered is one choice further.")
        other = words.say("There is no such alert here.")
        st.html(table.box(words.say("No alerts"), calm if state == "waiting" else other, 60))
        return
    n_pages = -(-len(found) // A_PAGE)
    asked = st.query_params.get("page", "1")
    number = min(max(1, int(asked)), n_pages) if asked.isdecimal() else 1
    groups = found[(number - 1) * A_PAGE : number * A_PAGE]
    shown = {alert["alert_id"]: alert for alert in inbox.whole([each for group in groups for each in group])}
    if not shown:
        st.html(table.box(words.say("Alerts cannot be read at the moment"), "", 60))
    for group in groups:
        TURNS.give_way()
        if known := [shown[each.alert_id] for each in group if each.alert_id in shown]:
            _card(page, box, known, clients.get(known[0]["account_id"] or ""))
    if n_pages > 1:
        _other_pages(page, number, n_pages)


def _card(page: Page, box: Inbox, group: Sequence[Alert], client: AlertClient | None) -> None:
    """One client's alerts: the first in sight, the others folded under their kinds."""
    words, (first, *others) = page.words, group
    with st.container(border=True, key=f"alert_{first['alert_id']}"):
        _row(page, box, first, client)
        if others:
            kinds = ", ".join(dict.fromkeys(alert_sentences.kind(each["kind"], words) for each in others))
            label = words.count(
                "{n} more of this client: {kinds}",
                "{n} more of this client: {kinds}",
                len(others),
                kinds=in_markdown(kinds),
            )
            with st.expander(label):
                for each in others:
                    _row(page, box, each, client)


def _row(page: Page, box: Inbox, alert: Alert, client: AlertClient | None) -> None:
    words = page.words
    left, right = st.columns(2, vertical_alignment="center")
    with left:
        st.html(_said(page, box, alert, client))
    with (
        right,
        st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"),
    ):
        _evidence(page, alert)
        if box.closed_because is None:
            answering.offered(page, alert)
    if box.closed_because is None and alert["state"] == "failed":
        st.html(f'<p class="gw-note">{in_html(words.say("No message about it got through."))}</p>')


def _said(page: Page, box: Inbox, alert: Alert, client: AlertClient | None) -> str:
    words = page.words
    name = (client.account_name or client.account_id) if client else alert["subject_id"]
    severity = alert_sentences.severity(client, words)
    first = [
        f'<span class="gw-neg">{in_html(severity)}</span>'
        if severity and client and client.risk_band == "high"
        else in_html(severity or ""),
        f"<strong>{in_html(name)}</strong>",
        in_html(alert_sentences.kind(alert["kind"], words)),
        in_html(page.labels.of(alert["service_dimension"])) if alert["service_dimension"] else "",
    ]
    days = (now() - alert["raised_at"]).days
    second = [
        *alert_sentences.evidence(alert, words),
        alert_sentences.whose(alert, words),
        words.say("open {n} d", n=words.integer(days))
        if alert["resolved_at"] is None
        else words.say("raised {day}", day=words.day(alert["raised_at"].date())),
    ]
    lines = [
        f'<span class="gw-alert">{" · ".join(part for part in first if part)}</span>',
        in_html(" · ".join(second)),
        *(in_html(line) for line in alert_sentences.done(alert, words)),
        *(in_html(line) for line in _judged(page, box, alert)),
    ]
    return f'<p class="gw-line" style="margin:0">{"<br>".join(lines)}</p>'


def _judged(page: Page, box: Inbox, alert: Alert) -> list[str]:
    words = page.words
    mine = [row for row in box.judgements if row["account_id"] == alert["account_id"]]
    return [
        words.say(
            "Set by hand, {who}, until {day}: {what}. {reason}",
            who=row["made_by"],
            day=words.day(row["expires_on"]),
            what=answering.judgement(row["value"], words),
            reason=row["reason"],
        )
        for row in mine
        if row["service_dimension"] in ("", alert["service_dimension"])
    ]


def _evidence(page: Page, alert: Alert) -> None:
    """The client's page on the alert's dimension; for a source, the page on what was delivered."""
    view, code = ("client", "client") if alert["account_id"] else ("quality", "quality")
    if not page.person.may_open(code):
        return
    asked = {"account": alert["account_id"], "dim": alert["service_dimension"]}
    kept = {name: value for name in filters.LASTING if (value := filters.lasting(name))}
    st.page_link(
        f"views/{view}.py",
        label=page.words.say("Evidence"),
        icon=":material/search:",
        query_params=kept | {name: value for name, value in asked.items() if value},
    )


def _other_pages(page: Page, number: int, n_pages: int) -> None:
    words = page.words
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(words.say("Page {number} of {all}", number=number, all=n_pages), width="content")
        for label, icon, target in (
            (words.say("Before"), ":material/arrow_back:", number - 1),
            (words.say("Next"), ":material/arrow_forward:", number + 1),
        ):
            if 1 <= target <= n_pages and st.button(label, type="tertiary", icon=icon):
                st.query_params["page"] = str(target)
                st.rerun()


def _back_to_all(page: Page) -> None:
    if st.button(page.words.say("All alerts"), type="tertiary", icon=":material/arrow_back:"):
        st.query_params.pop("alert", None)
        st.rerun()


def _why_closed(page: Page, box: Inbox) -> None:
    words = page.words
    why = {
        "read_only": words.say("The ledger can only be read here: nobody can answer from this page."),
        "not_your_role": words.say("Your role reads alerts and does not answer them."),
    }
    if box.closed_because in why:
        st.html(f'<p class="gw-note" role="note">{in_html(why[box.closed_because])}</p>')


def _nothing_to_read(page: Page, box: Inbox) -> None:
    words = page.words
    if box.closed_because == "away":
        st.title(words.say("Alerts cannot be read at the moment"), anchor=False)
        shell.freshness(page)
        st.markdown(
            words.say("The ledger they stand in is away. No alert is lost by that. Next: `gapwatch doctor`.")
        )
        return
    st.title(words.say("No alert was raised yet"), anchor=False)
    shell.freshness(page)
    st.markdown(words.say("Alerts are raised after a publish. Next: `gapwatch notify`."))


main()

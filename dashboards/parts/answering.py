"""Answering an alert: acknowledge, leave aside, resolve, assign, judge by hand.

A form is made once it is opened: those of a page of alerts take longer than all the rest of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

import streamlit as st

from dashboards import alert_sentences, inbox
from dashboards.inbox import Alert, Told
from dashboards.markup import in_markdown
from dashboards.shell import Page
from dashboards.texts import Words
from gapwatch.alerts import actions, overrides, store
from gapwatch.alerts.engine import OPEN_STATES
from gapwatch.ledger import now

_TOLD = "told_about_alert"
_OPENED = "forms_opened"
WEEK = timedelta(days=7)
QUARTER = timedelta(days=91)


def tell(page: Page) -> None:
    """Say once what became of the last action."""
    message: Told | None = st.session_state.pop(_TOLD, None)
    if message is None:
        return
    text = in_markdown(alert_sentences.told(message, page.words))
    if message.kind == "done":
        st.toast(text, icon=":material/check:")
    else:
        st.warning(text, icon=":material/person_alert:" if message.kind == "faster" else ":material/error:")


def offered(page: Page, alert: Alert) -> None:
    """The buttons of an alert that is open."""
    words = page.words
    if alert["state"] not in OPEN_STATES:
        return
    if alert["state"] != "acknowledged":
        st.button(
            words.say("Acknowledge"),
            icon=":material/check:",
            key=f"acknowledge_{alert['alert_id']}",
            on_click=_acknowledge,
            args=(page, alert),
        )
    _snooze(page, alert)
    _resolve(page, alert)
    _more(page, alert)


def judgement(value: str | None, words: Words) -> str:
    """What was set by hand."""
    known = {
        "high": words.say("high risk"),
        "medium": words.say("medium risk"),
        "low": words.say("low risk"),
    }
    return known.get(value or "", words.say("no alerts"))


def _acknowledge(page: Page, alert: Alert) -> None:
    _do(
        "acknowledged",
        alert,
        lambda ledger, alert_id, version: actions.acknowledge(
            ledger, alert_id, actor=page.person.email, version=version
        ),
    )


def _snooze(page: Page, alert: Alert) -> None:
    words, key = page.words, alert["alert_id"]
    today = now().date()

    def put() -> None:
        until, reason = st.session_state[f"until_{key}"], st.session_state[f"why_{key}"] or ""
        _do(
            "snoozed",
            alert,
            lambda ledger, alert_id, version: actions.snooze(
                ledger,
                alert_id,
                actor=page.person.email,
                until=datetime.combine(until, time()),
                reason=reason,
                version=version,
            ),
            typed=reason,
        )

    def form() -> None:
        with st.form(f"snooze_{key}", border=False):
            st.date_input(
                words.say("Leave aside until"),
                value=today + WEEK,
                min_value=today + timedelta(days=1),
                max_value=today + actions.LONGEST_SNOOZE - timedelta(days=1),
                key=f"until_{key}",
            )
            _text(words.say("Why"), f"why_{key}")
            st.form_submit_button(words.say("Leave aside"), on_click=put)

    _opens(words.say("Snooze"), f"snoozing_{key}", form)


def _resolve(page: Page, alert: Alert) -> None:
    words, key = page.words, alert["alert_id"]

    def put() -> None:
        cause = st.session_state[f"cause_{key}"] or ""
        outcome = st.session_state[f"outcome_{key}"]
        _do(
            "resolved",
            alert,
            lambda ledger, alert_id, version: actions.resolve(
                ledger, alert_id, actor=page.person.email, outcome=outcome, cause=cause, version=version
            ),
            typed=cause,
        )

    label = words.say("Resolve")

    def form() -> None:
        with st.form(f"resolve_{key}", border=False):
            _text(words.say("What it was"), f"cause_{key}")
            st.selectbox(
                words.say("How it ended"),
                store.OUTCOMES,
                format_func=lambda code: alert_sentences.outcome(code, words),
                key=f"outcome_{key}",
            )
            st.form_submit_button(label, on_click=put)

    _opens(label, f"resolving_{key}", form)


def _more(page: Page, alert: Alert) -> None:
    def forms() -> None:
        _assign(page, alert)
        if alert["account_id"] is not None:
            _judge(page, alert)

    _opens(page.words.say("More"), f"more_{alert['alert_id']}", forms)


def _assign(page: Page, alert: Alert) -> None:
    words, key = page.words, alert["alert_id"]
    ws = inbox.door.workspace()

    def put() -> None:
        owner = st.session_state[f"to_{key}"] or ""
        _do(
            "assigned",
            alert,
            lambda ledger, alert_id, version: actions.assign(
                _workspace(), ledger, alert_id, actor=page.person.email, owner=owner, version=version
            ),
        )

    known = sorted({*(ws.people if ws else ()), *([alert["owner"]] if alert["owner"] else [])})
    with st.form(f"assign_{key}", border=False):
        st.selectbox(
            words.say("Assign to"),
            known,
            index=None,
            accept_new_options=True,
            placeholder=words.say("Name as in the CRM"),
            key=f"to_{key}",
        )
        st.form_submit_button(words.say("Assign"), on_click=put)


def _judge(page: Page, alert: Alert) -> None:
    words, key = page.words, alert["alert_id"]
    today = now().date()

    def put() -> None:
        value, until = st.session_state[f"value_{key}"], st.session_state[f"ends_{key}"]
        reason = st.session_state[f"reason_{key}"] or ""
        _do(
            "override_made",
            alert,
            lambda ledger, _, __: overrides.make(
                ledger,
                account_id=alert["account_id"],
                kind=overrides.MUTE if value == overrides.MUTE else overrides.RISK_BAND,
                value=None if value == overrides.MUTE else value,
                reason=reason,
                expires_on=until,
                actor=page.person.email,
            ),
            typed=reason,
        )

    with st.form(f"judge_{key}", border=False):
        st.selectbox(
            words.say("Set by hand"),
            [*overrides.BANDS, overrides.MUTE],
            format_func=lambda code: judgement(code, words),
            key=f"value_{key}",
        )
        st.date_input(
            words.say("Until"),
            value=today + QUARTER,
            min_value=today,
            max_value=today + overrides.LONGEST,
            key=f"ends_{key}",
        )
        _text(words.say("Why"), f"reason_{key}")
        st.form_submit_button(words.say("Set by hand"), on_click=put)


def _opens(label: str, key: str, made: Callable[[], None]) -> None:
    """A button that opens to what ``made`` draws, from the first time on: what was typed outlives closing."""
    opened: set[str] = st.session_state.setdefault(_OPENED, set())
    with st.popover(label, on_change="rerun", key=key) as inside:
        if inside.open:
            opened.add(key)
        if key in opened:
            made()


def _text(label: str, key: str) -> None:
    st.text_input(label, key=key, max_chars=actions.LONGEST_TEXT)


def _do(action: str, alert: Alert, do: Callable[..., object], *, typed: str = "") -> None:
    st.session_state[_TOLD] = inbox.act(action, alert, do, typed=typed)


def _workspace() -> inbox.Workspace:
    ws = inbox.door.workspace()
    assert ws is not None, "an inbox without a workspace offers nothing"
    return ws

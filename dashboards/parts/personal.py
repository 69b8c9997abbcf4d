"""Names and comments on the client page: shown to roles that may, and each look at them is in the audit."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import streamlit as st

from dashboards import door, table
from dashboards.markup import in_html
from dashboards.queries import personal as asked_of
from dashboards.queries.personal import Named
from dashboards.rows import Client
from dashboards.shell import Page
from gapwatch import audit
from gapwatch.errors import GapwatchError
from gapwatch.ledger import Ledger
from gapwatch.snapshots import SnapshotMissingError

log = logging.getLogger("gapwatch.dashboards")

NEWEST = 8


def names(page: Page, found: Client) -> Mapping[str, Named]:
    """Who the contacts are; nothing for a role that may not know, or where the look cannot be noted."""
    if not page.person.viewer.may_see_names or not _noted(page, found):
        return {}
    try:
        return asked_of.names(page.snapshot, found.account_id)
    except SnapshotMissingError:
        return {}


def comments(page: Page, found: Client, known: Mapping[str, Named]) -> None:
    """What the client's people wrote, newest first; call it with what :func:`names` gave."""
    if not known:
        return
    words = page.words
    rows = asked_of.comments(page.snapshot, found.account_id, NEWEST)
    if not rows:
        return
    title = words.say("What they wrote")
    st.subheader(title, anchor=False)
    cells = [
        [
            in_html(words.day(row.submitted_at.date()))
            + f"<small>{in_html(_name(known, row.contact_id))}</small>",
            in_html(row.answer_text),
        ]
        for row in rows
    ]
    columns = [
        table.Column(in_html(words.say("Answered")), "gw-tight"),
        table.Column(in_html(words.say("Comment")), "gw-wrap"),
    ]
    caption = words.say("Names and comments: that you looked at them is noted in the audit.")
    st.html(table.table(columns, cells, label=title, caption=caption))


def _name(known: Mapping[str, Named], contact_id: str | None) -> str:
    named = known.get(contact_id or "")
    return (named.display_name if named else None) or contact_id or ""


def _noted(page: Page, found: Client) -> bool:
    """Write the look into the audit, once a session for each client and snapshot. False: not possible."""
    seen: set[tuple[str, str]] = st.session_state.setdefault("personal_data_seen", set())
    key = (found.account_id, page.snapshot.snapshot_id)
    if key in seen:
        return True
    ws = door.workspace()
    if ws is None:
        return False
    try:
        with Ledger.of(ws) as ledger, ledger.writing() as connection:
            audit.append(
                connection,
                page.person.email,
                "personal_data_viewed",
                "account",
                found.account_id,
                {"role": page.person.role, "snapshot_id": page.snapshot.snapshot_id},
            )
    except GapwatchError as error:
        log.warning("names stay hidden, because the look at them cannot be noted: %s", error)
        return False
    seen.add(key)
    return True

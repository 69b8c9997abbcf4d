"""The alerts somebody may see, from the ledger, and what they may do with them.

The ledger knows no viewers: an alert is shown where its client is one of those that the snapshot shows
this viewer. An alert about a source is shown to who sees all clients.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

from sqlalchemy.engine import URL

from dashboards import door
from gapwatch import ledger_database
from gapwatch.alerts import actions, overrides, store
from gapwatch.alerts.store import Heading
from gapwatch.errors import GapwatchError
from gapwatch.ledger import Ledger, now
from gapwatch.workspace import Workspace

__all__ = ["MOST", "STATES", "Alert", "Inbox", "Told", "Workspace", "act", "read", "whole"]

log = logging.getLogger("gapwatch.dashboards")

#: States of the ledger behind each choice of the page; what waits comes first.
STATES: dict[str, tuple[str, ...]] = {
    "waiting": ("pending", "sent", "failed"),
    "acknowledged": ("acknowledged",),
    "snoozed": ("snoozed",),
    "resolved": ("resolved",),
    "all": ("pending", "sent", "failed", "acknowledged", "snoozed", "resolved"),
}
MOST = 5000
#: The ledger that pages read from, opened once for all of them, under its address and what that holds for.
_kept: dict[tuple[URL, object], Ledger] = {}

Looked = TypeVar("Looked")
Alert = Mapping[str, Any]
Unusable = Literal["no_workspace", "none_yet", "away", "read_only", "not_your_role"]


@dataclass(frozen=True)
class Inbox:
    """What the viewer may see: alerts of all states, highest risk first, then the longest waiting.

    And why nothing can be done, where that is so.
    """

    alerts: list[Heading] = field(default_factory=list)
    judgements: list[Mapping[str, Any]] = field(default_factory=list)
    closed_because: Unusable | None = None

    def of(self, state: str, owner: str | None = None) -> list[Heading]:
        """Alerts of one choice of states, in their order."""
        return [a for a in self.alerts if a.state in STATES[state] and owner in (None, a.owner)]

    def by_client(self, state: str, owner: str | None = None) -> list[list[Heading]]:
        """The same, those of one client together at the place of the first; a source's stand alone."""
        groups: dict[str, list[Heading]] = {}
        for alert in self.of(state, owner):
            groups.setdefault(alert.account_id or alert.alert_id, []).append(alert)
        return list(groups.values())

    @property
    def owners(self) -> list[str]:
        """Everybody who owns one of them."""
        return sorted({a.owner for a in self.alerts if a.owner})


def read(visible: Collection[str], *, sees_all: bool, may_act: bool) -> Inbox:
    """The alerts about the clients in ``visible``; about sources too for who ``sees_all``."""
    ws = door.workspace()
    if ws is None:
        return Inbox(closed_because="no_workspace")
    try:
        if not Ledger.is_made(ws):
            return Inbox(closed_because="none_yet")
        found, judged, is_read_only = _look(ws, _headings_and_judgements)
    except GapwatchError as error:
        log.warning("the ledger cannot be read: %s", error)
        return Inbox(closed_because="away")
    known = set(visible)
    seen = (a for a in found if a.account_id in known or (a.account_id is None and sees_all))
    return Inbox(
        alerts=sorted(seen, key=lambda a: (-(a.risk_score or -1.0), a.raised_at, a.alert_id)),
        judgements=[row for row in judged if row["account_id"] in known],
        closed_because="read_only" if is_read_only else None if may_act else "not_your_role",
    )


def whole(seen: Sequence[Heading]) -> list[Alert]:
    """All that the ledger holds of some alerts of an inbox, in their order; empty where it is away by now."""
    ws = door.workspace()
    try:
        assert ws is not None, "an inbox without a workspace shows nothing"
        return _look(ws, lambda ledger: [*store.whole(ledger, [each.alert_id for each in seen])])
    except GapwatchError as error:
        log.warning("the ledger cannot be read: %s", error)
        return []


def _headings_and_judgements(ledger: Ledger) -> tuple[list[Heading], list[dict[str, Any]], bool]:
    with ledger.reading() as connection:
        found = store.headings(ledger, connection, MOST)
        return found, overrides.in_force(connection, now().date()), ledger.is_read_only


def _look(ws: Workspace, at: Callable[[Ledger], Looked]) -> Looked:
    """Read from the ledger kept open; from one opened anew where another file stands in its place, or where
    that cannot be read, as another content was put into the file.

    Nobody waits while another opens it: a server that is away takes seconds to be known as such.
    """
    url = ledger_database.url_of(ws)
    key = None
    with suppress(FileNotFoundError):
        key = url, ledger_database.identity(url)
        if (kept := _kept.get(key)) is not None:
            with suppress(GapwatchError):
                return at(kept)
            _kept.pop(key, None)
    ledger = Ledger(url)
    answer = at(ledger)
    if key is not None:
        _kept.clear()
        _kept[key] = ledger
    return answer


@dataclass(frozen=True)
class Told:
    """What somebody is told after they did something: done, or who was faster, or what is wrong."""

    kind: Literal["done", "faster", "refused"]
    action: str
    by: str | None = None
    at: datetime | None = None
    why: str = ""
    typed: str = ""


def act(action: str, alert: Alert, do: Callable[[Ledger, str, int], object], *, typed: str = "") -> Told:
    """Do something to the alert as it was read. ``typed`` is given back where nothing was done."""
    ws = door.workspace()
    if ws is None:
        return Told("refused", action, typed=typed)
    try:
        with Ledger.of(ws) as ledger:
            try:
                do(ledger, alert["alert_id"], alert["version"])
            except actions.StaleAlertError:
                with suppress(GapwatchError):
                    last = store.story(ledger, alert["alert_id"]).events[-1]
                    return Told("faster", last["action"], last["actor"], last["at"], typed=typed)
                raise
    except GapwatchError as error:
        return Told("refused", action, why=error.what, typed=typed)
    return Told("done", action)

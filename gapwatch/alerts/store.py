"""The alerts in the ledger, to be read: lists, one with all that was done to it, counts.

Rows are dictionaries of the table's columns; ``state`` is as it is at the moment of reading, so a snooze
that is over shows as acknowledged. What changes alerts is :mod:`gapwatch.alerts.actions`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, case, func, select

from gapwatch import audit
from gapwatch.alerts.engine import OPEN_STATES
from gapwatch.errors import UserError
from gapwatch.ledger import Ledger, now
from gapwatch.ledger_tables import alerts, delivery_attempts, outbox

STATES = (*OPEN_STATES, "resolved", "suppressed")
OUTCOMES = ("confirmed", "not_confirmed", "saved", "lost", "duplicate")
#: States as the filters of the command line and the screens name them.
OPEN = "open"
ALL = "all"
_NEWEST_FIRST = (
    alerts.c.raised_week_id.desc(),
    func.coalesce(alerts.c.risk_score, -1).desc(),
    alerts.c.alert_id,
)


@dataclass(frozen=True)
class Filters:
    """Which alerts; None: all. ``state`` is a state, ``open`` (not resolved, not suppressed) or ``all``."""

    state: str = OPEN
    owner: str | None = None
    kind: str | None = None
    account_id: str | None = None
    raised_week_id: int | None = None


@dataclass(frozen=True)
class Page:
    """Some alerts, newest week and highest risk first, and how many fit the filters in all."""

    alerts: list[dict[str, Any]]
    total: int


@dataclass(frozen=True)
class Heading:
    """What lists and counts need of an alert; ``state`` as it is at the moment of reading."""

    alert_id: str
    account_id: str | None
    owner: str | None
    state: str
    risk_score: float | None
    raised_at: datetime


@dataclass(frozen=True)
class Story:
    """One alert, with what was done to it and the messages about it, oldest first."""

    alert: dict[str, Any]
    events: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {"alert": self.alert, "events": self.events, "deliveries": self.deliveries}


@dataclass(frozen=True)
class Counts:
    """How many alerts there are by state and, of the open ones, by owner and by kind.

    ``overdue``: open, not acknowledged, and their day is over.
    """

    by_state: dict[str, int] = field(default_factory=dict)
    by_owner: dict[str | None, int] = field(default_factory=dict)
    by_kind: dict[str, int] = field(default_factory=dict)
    overdue: int = 0

    @property
    def open(self) -> int:
        """Alerts that somebody may still have to do something about."""
        return sum(count for state, count in self.by_state.items() if state in OPEN_STATES)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "open": self.open,
            "overdue": self.overdue,
            "by_state": self.by_state,
            "by_owner": {owner or "": count for owner, count in self.by_owner.items()},
            "by_kind": self.by_kind,
        }


def find(ledger: Ledger, filters: Filters | None = None, *, limit: int = 100, offset: int = 0) -> Page:
    """Alerts that fit. Raises UserError for a state that there is not."""
    wanted = filters or Filters()
    _check_state(wanted.state)
    at = now()
    chosen = _chosen(select(alerts), wanted, at)
    with ledger.reading() as connection:
        total: int = connection.execute(
            _chosen(select(func.count()).select_from(alerts), wanted, at)
        ).scalar_one()
        rows = connection.execute(chosen.order_by(*_NEWEST_FIRST).limit(limit).offset(offset)).mappings()
        return Page([as_read(row, at) for row in rows], total)


def headings(ledger: Ledger, connection: Connection, limit: int) -> list[Heading]:
    """Of all alerts what lists and counts need, newest week and highest risk first."""
    c = alerts.c
    state = _state_at(now()).label("state")
    query = select(c.alert_id, c.account_id, c.owner, state, c.risk_score, c.raised_at)
    newest = ledger.as_one_value(query.order_by(*_NEWEST_FIRST).limit(limit))
    rows: list[Any] = json.loads(connection.execute(newest).scalar() or "[]")
    return [
        Heading(*(*names, None if risk is None else float(risk), datetime.fromisoformat(raised_at)))
        for *names, risk, raised_at in rows
    ]


def whole(ledger: Ledger, alert_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The alerts with these ids, in the order of the ids; one that there is not is left out."""
    at = now()
    with ledger.reading() as connection:
        rows = connection.execute(select(alerts).where(alerts.c.alert_id.in_(alert_ids))).mappings()
        found = {row["alert_id"]: as_read(row, at) for row in rows}
    return [found[alert_id] for alert_id in alert_ids if alert_id in found]


def story(ledger: Ledger, alert_id: str) -> Story:
    """One alert by its id or the beginning of it. Raises UserError where none or several begin so."""
    with ledger.reading() as connection:
        alert = one(connection, alert_id)
        messages = connection.execute(
            select(outbox).where(outbox.c.alert_id == alert["alert_id"]).order_by(outbox.c.created_at)
        ).mappings()
        deliveries = []
        for message in messages.all():
            tries = connection.execute(
                select(delivery_attempts)
                .where(delivery_attempts.c.delivery_id == message["delivery_id"])
                .order_by(delivery_attempts.c.attempt_id)
            ).mappings()
            deliveries.append(
                {**message, "payload": json.loads(message["payload"]), "tries": [dict(row) for row in tries]}
            )
        return Story(alert, audit.events_of(connection, alert["alert_id"]), deliveries)


def counts(ledger: Ledger, owner: str | None = None) -> Counts:
    """How many there are (of one owner)."""
    at = now()
    state = _state_at(at)
    whose = alerts.c.owner == owner if owner is not None else alerts.c.alert_id.is_not(None)
    is_late = and_(state.in_(("pending", "sent", "failed")), alerts.c.due_on < at.date())
    query = (
        select(
            state.label("state"),
            alerts.c.owner,
            alerts.c.kind,
            func.count().label("n"),
            func.sum(case((is_late, 1), else_=0)).label("late"),
        )
        .where(whose)
        .group_by(state, alerts.c.owner, alerts.c.kind)
    )
    by_state: dict[str, int] = {}
    by_owner: dict[str | None, int] = {}
    by_kind: dict[str, int] = {}
    overdue = 0
    with ledger.reading() as connection:
        for row in connection.execute(query):
            by_state[row.state] = by_state.get(row.state, 0) + row.n
            if row.state in OPEN_STATES:
                by_owner[row.owner] = by_owner.get(row.owner, 0) + row.n
                by_kind[row.kind] = by_kind.get(row.kind, 0) + row.n
                overdue += row.late
    return Counts(by_state, by_owner, by_kind, overdue)


def one(connection: Connection, alert_id: str) -> dict[str, Any]:
    """The alert whose id begins so. Raises UserError where none or several do."""
    rows = (
        connection.execute(
            select(alerts)
            .where(alerts.c.alert_id.startswith(alert_id, autoescape=True))
            .order_by(alerts.c.alert_id)
            .limit(2)
        )
        .mappings()
        .all()
    )
    if len(rows) == 1 and alert_id:
        return as_read(rows[0], now())
    raise UserError(
        f"Several alerts begin with {alert_id!r}" if rows else f"There is no alert {alert_id!r}",
        rule="alert_known",
        next_step="gapwatch alerts list --state all",
    )


def owners(ledger: Ledger) -> Sequence[str]:
    """Everybody who owns an open alert, by name."""
    return sorted(owner for owner in counts(ledger).by_owner if owner)


def as_read(row: RowMapping, at: datetime) -> dict[str, Any]:
    """A row as a reader sees it: evidence as a list, and a snooze that is over as acknowledged."""
    alert = dict(row)
    alert["evidence_keys"] = json.loads(row["evidence_keys"]) if row["evidence_keys"] else []
    if row["state"] == "snoozed" and row["snoozed_until"] <= at:
        alert["state"] = "acknowledged"
    return alert


def _chosen(query: Select[Any], wanted: Filters, at: datetime) -> Select[Any]:
    state = _state_at(at)
    if wanted.state == OPEN:
        query = query.where(state.in_(OPEN_STATES))
    elif wanted.state != ALL:
        query = query.where(state == wanted.state)
    for name in ("owner", "kind", "account_id", "raised_week_id"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(alerts.c[name] == value)
    return query


def _state_at(at: datetime) -> Any:
    is_over = and_(alerts.c.state == "snoozed", alerts.c.snoozed_until <= at)
    return case((is_over, "acknowledged"), else_=alerts.c.state)


def _check_state(state: str) -> None:
    if state not in (*STATES, OPEN, ALL):
        raise UserError(
            f"There is no state {state!r}",
            rule="alert_state",
            next_step=f"choose one of {', '.join((OPEN, ALL, *STATES))}",
        )

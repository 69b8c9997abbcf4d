"""What people do with alerts: acknowledge, snooze, resolve, assign. Each is one transaction, with its audit.

Who acts on what they have read names the ``version`` they saw: where somebody else was faster nothing is
changed, and the second is told. Without a version the alert is taken as it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, update

from gapwatch import audit
from gapwatch.alerts import store
from gapwatch.alerts.engine import OPEN_STATES
from gapwatch.alerts.outbox_rows import enqueue, withdraw_unsent
from gapwatch.alerts.owners import named
from gapwatch.errors import UserError
from gapwatch.faults import fault_point
from gapwatch.ledger import Ledger, now
from gapwatch.ledger_tables import alerts
from gapwatch.workspace import Workspace

LONGEST_SNOOZE = timedelta(days=366)
LONGEST_TEXT = 2000


class StaleAlertError(UserError):
    """The alert was changed by somebody else after it was read; nothing was done."""


def acknowledge(
    ledger: Ledger, alert_id: str, *, actor: str, version: int | None = None, note: str | None = None
) -> dict[str, Any]:
    """Somebody has taken it up. Raises UserError for an alert that is not open, StaleAlertError."""
    with ledger.writing() as connection:
        alert = _seen(connection, alert_id, version)
        _require_open(alert, "acknowledged")
        at = now()
        changed = {
            "state": "acknowledged",
            "acknowledged_at": at,
            "acknowledged_by": actor,
            **_text("note", note),
        }
        return _change(connection, alert, "acknowledged", actor, changed, at)


def snooze(
    ledger: Ledger,
    alert_id: str,
    *,
    actor: str,
    until: datetime,
    reason: str,
    version: int | None = None,
) -> dict[str, Any]:
    """Leave it aside until an instant (naive UTC), for a reason; then it is open again by itself.

    Who snoozes an alert has seen it, so it counts as acknowledged. Raises UserError for an instant that
    is past or more than a year away, a missing reason, or an alert that is not open; StaleAlertError.
    """
    at = now()
    if not at < until <= at + LONGEST_SNOOZE:
        raise UserError(
            f"An alert cannot be left aside until {until:%Y-%m-%d %H:%M} UTC",
            rule="snooze_until",
            next_step="name a day within the next year",
        )
    _require(reason, "snooze_reason", "Leaving an alert aside needs a reason", '--reason "..."')
    with ledger.writing() as connection:
        alert = _seen(connection, alert_id, version)
        _require_open(alert, "left aside")
        changed = {
            "state": "snoozed",
            "snoozed_until": until,
            **_text("snooze_reason", reason),
            "acknowledged_at": alert["acknowledged_at"] or at,
            "acknowledged_by": alert["acknowledged_by"] or actor,
        }
        return _change(connection, alert, "snoozed", actor, changed, at, until=until)


def resolve(
    ledger: Ledger,
    alert_id: str,
    *,
    actor: str,
    outcome: str,
    cause: str,
    note: str | None = None,
    version: int | None = None,
) -> dict[str, Any]:
    """Close the case: what it was (``cause``, in words) and how it ended (``outcome``).

    ``outcome``: confirmed, not_confirmed, saved, lost, duplicate; it decides whether the rule was right.
    Raises UserError for another outcome, a missing cause or an alert that is not open; StaleAlertError.
    """
    if outcome not in store.OUTCOMES:
        raise UserError(
            f"There is no outcome {outcome!r}",
            rule="alert_outcome",
            next_step=f"choose one of {', '.join(store.OUTCOMES)}",
        )
    _require(cause, "alert_cause", "Closing an alert needs its cause", '--cause "..."')
    with ledger.writing() as connection:
        alert = _seen(connection, alert_id, version)
        _require_open(alert, "resolved")
        at = now()
        changed = {
            "state": "resolved",
            "resolved_at": at,
            "resolved_by": actor,
            "outcome": outcome,
            **_text("cause", cause),
            **_text("note", note),
        }
        return _change(connection, alert, "resolved", actor, changed, at, outcome=outcome)


def assign(
    ws: Workspace,
    ledger: Ledger,
    alert_id: str,
    *,
    actor: str,
    owner: str,
    version: int | None = None,
) -> dict[str, Any]:
    """Give it to somebody else, who is told; what was not sent to the owner before is withdrawn.

    Where no channel reaches the new owner, what waits for the one before is sent all the same. Raises
    UserError for an alert that is not open or an empty name; StaleAlertError.
    """
    _require(owner, "alert_owner", "An alert needs an owner", '--to "Name as in the CRM"')
    with ledger.writing() as connection:
        alert = _seen(connection, alert_id, version)
        _require_open(alert, "assigned")
        at = now()
        told = named(ws, owner.strip(), role=alert["owner_role"] or "")
        if told.channels and told.person != alert["owner"]:
            withdraw_unsent(connection, alert["alert_id"])
            fault_point("alerts.withdrawn")
            enqueue(ledger, connection, alert["alert_id"], told, at, alert["snapshot_id"])
        changed = {"owner": told.person, "is_fallback_owner": False}
        return _change(connection, alert, "assigned", actor, changed, at, owner=told.person)


def _seen(connection: Connection, alert_id: str, version: int | None) -> dict[str, Any]:
    alert = store.one(connection, alert_id)
    if version is None or version == alert["version"]:
        return alert
    events = audit.events_of(connection, alert["alert_id"])
    last = events[-1] if events else None
    by = f": {last['action']} by {last['actor']} at {last['at']:%Y-%m-%d %H:%M} UTC" if last else ""
    raise StaleAlertError(
        f"The alert was changed after you read it{by}; nothing was done",
        where=f"alert {alert['alert_id']}",
        rule="alert_version",
        next_step=f"gapwatch alerts show {alert['alert_id']}",
    )


def _require_open(alert: dict[str, Any], what: str) -> None:
    if alert["state"] not in OPEN_STATES:
        why = f" by {alert['resolved_by']}" if alert["resolved_by"] else ""
        raise UserError(
            f"The alert cannot be {what}: it is {alert['state']}{why}",
            where=f"alert {alert['alert_id']}",
            rule="alert_open",
            next_step=f"gapwatch alerts show {alert['alert_id']}",
        )


def _require(text: str, rule: str, what: str, option: str) -> None:
    if not text.strip():
        raise UserError(what, rule=rule, next_step=f"the same command with {option}")


def _text(column: str, text: str | None) -> dict[str, str]:
    return {column: text.strip()[:LONGEST_TEXT]} if text and text.strip() else {}


def _change(
    connection: Connection,
    alert: dict[str, Any],
    action: str,
    actor: str,
    changed: dict[str, Any],
    at: datetime,
    **details: Any,
) -> dict[str, Any]:
    connection.execute(
        update(alerts)
        .where(alerts.c.alert_id == alert["alert_id"])
        .values(**changed, version=alert["version"] + 1)
    )
    fault_point("alerts.changed")
    audit.append(connection, actor, action, "alert", alert["alert_id"], details, at=at)
    return store.one(connection, alert["alert_id"])

"""Messages about one alert, as rows of the outbox: one per channel of its owner, written with the alert.

Sending is :mod:`gapwatch.delivery`'s; the key of a row makes a second one for the same alert, person and
channel impossible.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from sqlalchemy import Connection, delete, select

from gapwatch.alerts.owners import NOBODY, Owner
from gapwatch.ledger import Ledger
from gapwatch.ledger_tables import alerts, outbox

#: Not sent, and nobody is sending it now.
UNSENT = ("pending", "retry", "held_for_digest")


def enqueue(
    ledger: Ledger,
    connection: Connection,
    alert_id: str,
    owner: Owner,
    at: datetime,
    snapshot_id: str | None,
) -> int:
    """One message per channel of the owner, inside the caller's transaction; how many are new."""
    key: str = connection.execute(
        select(alerts.c.alert_key).where(alerts.c.alert_id == alert_id)
    ).scalar_one()
    rows = [
        {
            "delivery_id": idempotency_key(key, owner.person or NOBODY, channel)[:16],
            "alert_id": alert_id,
            # The day is known when that day's digest is made.
            "digest_on": None,
            "recipient": owner.person or NOBODY,
            "channel": channel,
            "idempotency_key": idempotency_key(key, owner.person or NOBODY, channel),
            "state": "held_for_digest" if owner.is_digest else "pending",
            "attempts": 0,
            "next_attempt_at": at,
            "created_at": at,
            "payload": json.dumps({"language": owner.language, "snapshot_id": snapshot_id}),
        }
        for channel in owner.channels
    ]
    if not rows:
        return 0
    statement = ledger.insert(outbox).values(rows).on_conflict_do_nothing()
    return len(connection.execute(statement.returning(outbox.c.delivery_id)).all())


def withdraw_unsent(connection: Connection, alert_id: str) -> int:
    """Take back what nobody has begun to send; how many."""
    is_waiting = (outbox.c.alert_id == alert_id) & outbox.c.state.in_(UNSENT)
    return connection.execute(delete(outbox).where(is_waiting)).rowcount


def idempotency_key(alert_key: str, recipient: str, channel: str) -> str:
    """The same for every try, so that a receiver that honours it shows the message once."""
    return hashlib.sha256("\x1f".join((alert_key, recipient, channel)).encode("utf-8")).hexdigest()

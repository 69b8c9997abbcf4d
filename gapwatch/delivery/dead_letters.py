"""Dead letters: messages given up after the last try, visible and to be sent again on demand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from gapwatch import audit
from gapwatch.delivery.outbox import alerts_of, set_state
from gapwatch.errors import UserError
from gapwatch.ledger import Ledger, now
from gapwatch.ledger_tables import outbox

_c = outbox.c


def dead(ledger: Ledger) -> list[dict[str, Any]]:
    """Rows that are given up, oldest first: id, alert, recipient, channel, tries, last error."""
    shown = (
        _c.delivery_id, _c.alert_id, _c.digest_on, _c.recipient, _c.channel, _c.attempts, _c.last_error,
        _c.created_at,
    )  # fmt: skip
    query = select(*shown).where(_c.state == "dead").order_by(_c.created_at, _c.delivery_id)
    with ledger.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def revive(connection: Connection, delivery_ids: Iterable[str] | None, at: datetime) -> list[str]:
    """Dead rows (all where None) are to be sent again, from the first try on, only where not confirmed."""
    query = select(_c.delivery_id, _c.alert_id, _c.digest_on, _c.recipient, _c.channel)
    query = query.where(_c.state == "dead").order_by(_c.delivery_id)
    if delivery_ids is not None:
        query = query.where(_c.delivery_id.in_(list(delivery_ids)))
    rows = connection.execute(query).all()
    for row in rows:
        again = {"state": "pending", "attempts": 0, "next_attempt_at": at}
        connection.execute(update(outbox).where(_c.delivery_id == row.delivery_id).values(again))
        members = alerts_of(row.alert_id, row.digest_on, row.recipient, row.channel)
        set_state(connection, members, ("failed",), "pending")
    return [row.delivery_id for row in rows]


def resend(ledger: Ledger, delivery_ids: Sequence[str] | None, actor: str) -> list[str]:
    """Revive dead rows (all where None) on behalf of somebody; their ids.

    Raises UserError, changing nothing, where one of them is not a dead message or none is named.
    """
    with ledger.writing() as connection:
        at = now()
        revived = revive(connection, delivery_ids, at)
        unknown = sorted(set(delivery_ids or ()) - set(revived))
        if unknown or delivery_ids == []:
            raise UserError(
                f"There is no dead message {unknown[0]!r}" if unknown else "No message is named",
                rule="delivery_dead",
                next_step="gapwatch alerts dead",
            )
        for delivery_id in revived:
            audit.append(connection, actor, "resent", "delivery", delivery_id, at=at)
    return revived

"""The outbox: messages wait here until their receivers confirmed them, whatever dies meanwhile.

A sender leases a row, sends, and writes down the outcome; each is one short transaction. The lease is
longer than the send's hard deadline, so a row of a sender that died is taken by another only when the
dead one can send no more. What a target confirmed is a row of ``delivery_attempts`` and is not sent to it
again; a crash between its confirmation and our note repeats the message once, under the same key.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from gapwatch.faults import fault_point
from gapwatch.ledger import Ledger
from gapwatch.ledger_tables import alerts, delivery_attempts, outbox

if TYPE_CHECKING:
    from gapwatch.delivery.orders import Outcome
    from gapwatch.workspace import Delivery

LOST = "the sender ended before an outcome was known"
_OPEN = ("pending", "retry")
_c, _a = outbox.c, delivery_attempts.c


@dataclass(frozen=True)
class Parcel:
    """One leased row: ``confirmed`` targets have it already, of ``unknown`` ones nobody knows."""

    delivery_id: str
    alert_id: str | None
    digest_on: Any
    recipient: str
    channel: str
    key: str
    attempts: int
    payload: dict[str, Any]
    confirmed: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Waiting:
    """What is left in the outbox: rows to be sent, dead ones, and when the next one is due."""

    open: int
    dead: int
    next_at: datetime | None


def put(
    connection: Connection,
    ledger: Ledger,
    *,
    key: str,
    recipient: str,
    channel: str,
    digest_on: date,
    payload: dict[str, Any],
    at: datetime,
) -> bool:
    """Add the row of a digest within the caller's transaction; False where it was there already."""
    values = {
        "delivery_id": key[:16],
        "digest_on": digest_on,
        "recipient": recipient,
        "channel": channel,
        "idempotency_key": key,
        "state": "pending",
        "attempts": 0,
        "next_attempt_at": at,
        "created_at": at,
        "payload": json.dumps(payload, ensure_ascii=False, allow_nan=False),
    }
    added = ledger.insert(outbox).values(values).on_conflict_do_nothing()
    return connection.execute(added.returning(outbox.c.delivery_id)).first() is not None


def lease(
    ledger: Ledger,
    sender: str,
    settings: Delivery,
    now: datetime,
    channels: Iterable[str],
) -> Parcel | None:
    """Take the row that has been due longest, for as long as a send may take; None where none is due.

    Only rows of ``channels`` are looked at. A row whose sender died counts one try without an outcome.
    """
    is_lost = and_(_c.state == "leased", _c.leased_until < now)
    due = or_(and_(_c.state.in_(_OPEN), _c.next_attempt_at <= now), is_lost)
    with ledger.writing() as connection:
        # By key first: sorting whole rows would read every payload that waits.
        first = (
            select(_c.delivery_id)
            .where(due, _c.channel.in_(list(channels)))
            .order_by(_c.next_attempt_at, _c.delivery_id)
            .limit(1)
        )
        query = select(outbox).where(_c.delivery_id == first.scalar_subquery())
        row = connection.execute(query).mappings().first()
        if row is None:
            return None
        if row["state"] == "leased":
            _note(connection, row["delivery_id"], now, is_ok=False, target=None, status="unknown", error=LOST)
            if row["attempts"] >= settings.max_attempts:
                _bury(connection, row["delivery_id"], row["alert_id"], row["digest_on"], LOST)
                return None
        fault_point("delivery.inside_lease")
        connection.execute(
            update(outbox)
            .where(_c.delivery_id == row["delivery_id"])
            .values(
                state="leased",
                attempts=row["attempts"] + 1,
                leased_by=sender,
                leased_until=now + timedelta(seconds=2 * settings.deadline_seconds + 1),
            )
        )
        tried = connection.execute(
            select(_a.target, _a.is_ok, _a.status)
            .where(_a.delivery_id == row["delivery_id"], _a.target.is_not(None))
            .order_by(_a.attempt_id)
        ).all()
    confirmed = {str(target) for target, is_ok, _ in tried if is_ok}
    newest = {str(target): status for target, _, status in tried}
    return Parcel(
        row["delivery_id"],
        row["alert_id"],
        row["digest_on"],
        row["recipient"],
        row["channel"],
        row["idempotency_key"],
        row["attempts"] + 1,
        json.loads(row["payload"]),
        tuple(sorted(confirmed)),
        tuple(sorted(target for target, status in newest.items() if status == "unknown")),
    )


def record(
    ledger: Ledger,
    parcel: Parcel,
    sender: str,
    outcome: Outcome | None,
    failed: str | None,
    settings: Delivery,
    now: datetime,
    *,
    is_last: bool,
) -> str | None:
    """Write down an outcome; with the last one of a try also what becomes of the row, which is returned.

    ``failed`` is the first error of this try, or None where all targets have confirmed. A row that
    another sender has taken meanwhile is only touched by a full confirmation.
    """
    with ledger.writing() as connection:
        if outcome is not None:
            _note(
                connection,
                parcel.delivery_id,
                now,
                is_ok=bool(outcome.is_ok),
                target=outcome.target or None,
                status=outcome.status,
                error=outcome.error,
                seconds=outcome.seconds,
            )
            fault_point("delivery.inside_mark")
            if outcome.is_ok:
                _confirm(connection, parcel, now)
            if outcome.retry_after is not None:
                pause = min(outcome.retry_after, settings.longest_wait_seconds)
                _hold(connection, parcel.channel, now + timedelta(seconds=pause))
        if not is_last:
            return None
        mine = and_(_c.delivery_id == parcel.delivery_id, _c.state == "leased", _c.leased_by == sender)
        if failed is None:
            connection.execute(
                update(outbox)
                .where(_c.delivery_id == parcel.delivery_id)
                .values(
                    state="sent",
                    sent_at=func.coalesce(_c.sent_at, now),
                    leased_by=None,
                    leased_until=None,
                    last_error=None,
                )
            )
            return "sent"
        if not connection.execute(select(_c.delivery_id).where(mine)).first():
            return "taken"
        if parcel.attempts >= settings.max_attempts:
            _bury(connection, parcel.delivery_id, parcel.alert_id, parcel.digest_on, failed)
            return "dead"
        wait = backoff(parcel.attempts, settings)
        if outcome is not None and outcome.retry_after is not None:
            wait = max(wait, min(outcome.retry_after, settings.longest_wait_seconds))
        connection.execute(
            update(outbox)
            .where(mine)
            .values(
                state="retry",
                next_attempt_at=now + timedelta(seconds=wait),
                leased_by=None,
                leased_until=None,
                last_error=failed,
            )
        )
        return "retry"


def backoff(attempts: int, settings: Delivery) -> float:
    """Seconds before the next try: doubled each time, capped, and shortened by chance by up to a half.

    The chance keeps messages that failed together from coming again together.
    """
    whole = min(settings.first_wait_seconds * 2 ** min(attempts - 1, 30), settings.longest_wait_seconds)
    return float(whole) * random.uniform(0.5, 1)  # noqa: S311  # no secret


def waiting(ledger: Ledger, channels: Iterable[str] | None = None) -> Waiting:
    """What is left to do (in these channels)."""
    still = _c.state.in_((*_OPEN, "leased"))
    when = func.min(func.coalesce(_c.leased_until, _c.next_attempt_at))
    inside = [] if channels is None else [_c.channel.in_(list(channels))]
    with ledger.reading() as connection:
        found: Any = connection.execute(select(func.count(), when).where(still, *inside)).one()
        buried = connection.execute(select(func.count()).where(_c.state == "dead")).scalar_one()
    return Waiting(found[0], buried, found[1])


def open_by_channel(ledger: Ledger) -> dict[str, int]:
    """Rows to be sent, by channel."""
    query = select(_c.channel, func.count()).where(_c.state.in_(_OPEN)).group_by(_c.channel)
    with ledger.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(query.order_by(_c.channel))}


def _note(connection: Connection, delivery_id: str, now: datetime, *, is_ok: bool, **values: Any) -> None:
    connection.execute(
        insert(delivery_attempts).values(delivery_id=delivery_id, at=now, is_ok=is_ok, **values)
    )


def _confirm(connection: Connection, parcel: Parcel, now: datetime) -> None:
    """One target has it: its alerts count as sent."""
    first = {"sent_at": func.coalesce(_c.sent_at, now)}
    connection.execute(update(outbox).where(_c.delivery_id == parcel.delivery_id).values(first))
    if parcel.digest_on is not None:
        members = and_(
            _members(parcel.digest_on, parcel.recipient, parcel.channel), _c.state == "held_for_digest"
        )
        connection.execute(update(outbox).where(members).values({"state": "sent", **first}))
    inside = alerts_of(parcel.alert_id, parcel.digest_on, parcel.recipient, parcel.channel)
    set_state(connection, inside, ("pending", "failed"), "sent")


def _bury(connection: Connection, delivery_id: str, alert_id: str | None, digest_on: Any, error: str) -> None:
    """The row is dead; its alerts have failed where no other row of theirs is alive or was confirmed."""
    gone = {"state": "dead", "last_error": error, "leased_by": None, "leased_until": None}
    connection.execute(update(outbox).where(_c.delivery_id == delivery_id).values(gone))
    row = connection.execute(select(_c.recipient, _c.channel).where(_c.delivery_id == delivery_id)).one()
    other = outbox.alias("other")
    digest_is_dead = (
        select(other.c.delivery_id)
        .where(
            other.c.alert_id.is_(None),
            other.c.digest_on == _c.digest_on,
            other.c.recipient == _c.recipient,
            other.c.channel == _c.channel,
            other.c.state == "dead",
        )
        .exists()
    )
    alive = (
        select(_c.delivery_id)
        .where(_c.alert_id == alerts.c.alert_id, or_(_c.sent_at.is_not(None), _c.state != "dead"))
        .where(~and_(_c.state == "held_for_digest", digest_is_dead))
        .exists()
    )
    inside = alerts_of(alert_id, digest_on, row.recipient, row.channel)
    set_state(connection, and_(inside, ~alive), ("pending",), "failed")


def _hold(connection: Connection, channel: str, until: datetime) -> None:
    """The receiver asks to be left alone: every row of its channel waits."""
    earlier = and_(_c.channel == channel, _c.state.in_(_OPEN), _c.next_attempt_at < until)
    connection.execute(update(outbox).where(earlier).values(next_attempt_at=until))


def _members(digest_on: Any, recipient: str, channel: str) -> Any:
    inside = and_(_c.digest_on == digest_on, _c.recipient == recipient, _c.channel == channel)
    return and_(inside, _c.alert_id.is_not(None))


def alerts_of(alert_id: str | None, digest_on: Any, recipient: str, channel: str) -> Any:
    """Which alerts a row tells of: its own, or those of its digest."""
    if alert_id is not None:
        return alerts.c.alert_id == alert_id
    return alerts.c.alert_id.in_(select(_c.alert_id).where(_members(digest_on, recipient, channel)))


def set_state(connection: Connection, which: Any, before: tuple[str, ...], after: str) -> None:
    """Change the state of alerts that are in one of those ``before``.

    Their version stays: who answers an alert while it is being sent has read nothing that is no longer so.
    """
    connection.execute(update(alerts).where(which, alerts.c.state.in_(before)).values(state=after))

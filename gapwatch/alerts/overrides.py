"""Judgements by hand about an account: alerts muted, or a risk band set. Each has a reason and an end.

After its last day an override counts no more; the next run notes that in the audit.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from gapwatch import audit
from gapwatch.alerts.engine import Condition
from gapwatch.errors import UserError
from gapwatch.ledger import Ledger, now
from gapwatch.ledger_tables import overrides

MUTE = "mute"
RISK_BAND = "risk_band"
BANDS = ("high", "medium", "low")
LONGEST = timedelta(days=366)
_AUDITED = ("account_id", "service_dimension", "kind", "value", "expires_on")
#: Who is named where nobody did it.
BY_ITSELF = "gapwatch"


def make(
    ledger: Ledger,
    *,
    account_id: str,
    kind: str,
    reason: str,
    expires_on: date,
    actor: str,
    service_dimension: str = "",
    value: str | None = None,
) -> dict[str, Any]:
    """Note a judgement. ``mute``: no alerts of the account (in this service dimension, where one is named).

    ``risk_band``: what somebody knows better than the score; low and medium keep churn_risk silent.
    Raises UserError for a missing reason, an end that is past or more than a year away, another band.
    """
    today = now().date()
    if not reason.strip():
        raise _wrong("A judgement by hand needs a reason", "override_reason", 'add --reason "..."')
    if not today <= expires_on <= today + LONGEST:
        raise _wrong(
            f"A judgement by hand cannot end on {expires_on}",
            "override_end",
            "name a day within the next year: --until YYYY-MM-DD",
        )
    if kind not in (MUTE, RISK_BAND) or (kind == RISK_BAND) != (value in BANDS):
        raise _wrong(
            f"There is no judgement {kind} {value or ''}".rstrip(),
            "override_kind",
            f"mute, or risk_band with one of {', '.join(BANDS)}",
        )
    row = {
        "override_id": secrets.token_hex(6),
        "account_id": account_id,
        "service_dimension": service_dimension,
        "kind": kind,
        "value": value,
        "reason": reason.strip(),
        "made_by": actor,
        "made_at": now(),
        "expires_on": expires_on,
    }
    with ledger.writing() as connection:
        connection.execute(overrides.insert().values(row))
        details = {name: row[name] for name in _AUDITED}
        audit.append(connection, actor, "override_made", "override", str(row["override_id"]), details)
    return row


def revoke(ledger: Ledger, override_id: str, *, actor: str) -> None:
    """End one before its time. Raises UserError where there is none that still counts."""
    with ledger.writing() as connection:
        c = overrides.c
        changed = connection.execute(
            update(overrides)
            .where(c.override_id == override_id, c.revoked_at.is_(None))
            .values(revoked_at=now(), revoked_by=actor)
        ).rowcount
        if not changed:
            raise _wrong(
                f"There is no judgement {override_id!r} that counts",
                "override_known",
                "gapwatch alerts overrides",
            )
        audit.append(connection, actor, "override_revoked", "override", override_id)


def in_force(connection: Connection, on: date) -> list[dict[str, Any]]:
    """Those that count on a day, by account."""
    c = overrides.c
    query = (
        select(overrides)
        .where(c.revoked_at.is_(None), c.expires_on >= on)
        .order_by(c.account_id, c.made_at, c.override_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def note_expired(connection: Connection, at: datetime) -> int:
    """Write down in the audit those whose last day is over; how many."""
    c = overrides.c
    query = select(c.override_id).where(c.revoked_at.is_(None), c.expires_on < at.date())
    ids: list[str] = list(connection.execute(query).scalars())
    for override_id in ids:
        connection.execute(
            update(overrides).where(c.override_id == override_id).values(revoked_at=at, revoked_by=BY_ITSELF)
        )
        audit.append(connection, BY_ITSELF, "override_expired", "override", override_id, at=at)
    return len(ids)


def muting(counting: Sequence[dict[str, Any]]) -> Callable[[Condition], bool]:
    """Whether one of these keeps a condition silent, for :func:`gapwatch.alerts.engine.decide`."""
    muted = {(row["account_id"], row["service_dimension"]) for row in counting if row["kind"] == MUTE}
    bands = {row["account_id"]: row["value"] for row in counting if row["kind"] == RISK_BAND}

    def is_muted(condition: Condition) -> bool:
        account = condition.account_id
        if account is None:
            return False
        is_judged = condition.kind == "churn_risk" and bands.get(account) in ("medium", "low")
        return (account, "") in muted or (account, condition.service_dimension) in muted or is_judged

    return is_muted


def _wrong(what: str, rule: str, next_step: str) -> UserError:
    return UserError(what, rule=rule, next_step=next_step)

"""The audit: who did what to which alert or override, append-only, each event hashed with the one before.

Events hold ids and states, no free text: what people write stands in the rows themselves, so that a
person's data can be erased there without breaking the chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from gapwatch.ledger import now
from gapwatch.ledger_tables import audit

#: Before the first event.
NOTHING = "0" * 64
CHUNK = 1000


@dataclass(frozen=True)
class Verification:
    """What became of the chain. ``newest_hash`` kept elsewhere proves later that no event was cut off."""

    events: int
    newest_hash: str
    problem: str | None

    @property
    def exit_code(self) -> int:
        """1 where the chain is broken."""
        return 1 if self.problem else 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "is_whole": self.problem is None}


def append(
    connection: Connection,
    actor: str,
    action: str,
    subject_kind: str,
    subject_id: str,
    details: Mapping[str, Any] | None = None,
    *,
    at: datetime | None = None,
) -> None:
    """Add one event. The connection is one of :meth:`gapwatch.ledger.Ledger.writing`: the only writer."""
    last = connection.execute(
        select(audit.c.event_id, audit.c.hash).order_by(audit.c.event_id.desc()).limit(1)
    ).first()
    event = {
        "event_id": last.event_id + 1 if last else 1,
        "at": at or now(),
        "actor": actor,
        "action": action,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "details": json.dumps(details or {}, default=str, ensure_ascii=False, sort_keys=True),
        "previous_hash": last.hash if last else NOTHING,
    }
    connection.execute(audit.insert().values(**event, hash=_hash(event)))


def events_of(connection: Connection, subject_id: str) -> list[dict[str, Any]]:
    """What was done to one alert or override, oldest first; ``details`` as a mapping."""
    query = select(audit).where(audit.c.subject_id == subject_id).order_by(audit.c.event_id)
    return [{**row, "details": json.loads(row["details"])} for row in connection.execute(query).mappings()]


def verify(connection: Connection, expected: str | None = None) -> Verification:
    """Walk the whole chain. ``expected`` is a hash noted earlier, which has to be in it."""
    events, previous, is_met = 0, NOTHING, expected is None or expected == NOTHING
    while True:
        rows = connection.execute(
            select(audit).where(audit.c.event_id > events).order_by(audit.c.event_id).limit(CHUNK)
        ).mappings()
        chunk = list(rows)
        if not chunk:
            break
        for row in map(dict, chunk):
            problem = _problem(row, events + 1, previous)
            if problem:
                return Verification(events, previous, problem)
            events, previous = row["event_id"], row["hash"]
            is_met = is_met or previous == expected
    return Verification(
        events, previous, None if is_met else f"no event has the hash {expected}: events were cut off"
    )


def _problem(row: Mapping[str, Any], number: int, previous: str) -> str | None:
    if row["event_id"] != number:
        return f"event {number} is missing"
    if row["previous_hash"] != previous:
        return f"event {number} does not follow the one before it"
    if row["hash"] != _hash(row):
        return f"event {number} was changed"
    return None


def _hash(event: Mapping[str, Any]) -> str:
    names = ("event_id", "at", "actor", "action", "subject_kind", "subject_id", "details", "previous_hash")
    values = [event[name].isoformat() if name == "at" else event[name] for name in names]
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode("utf-8")).hexdigest()

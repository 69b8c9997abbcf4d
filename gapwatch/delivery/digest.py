"""The digest: who asks for it gets one message a day with all alerts of that day, ranked."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from gapwatch.alerts.outbox_rows import idempotency_key
from gapwatch.alerts.owners import named
from gapwatch.delivery import outbox as rows
from gapwatch.delivery.payloads import has_facts
from gapwatch.faults import fault_point
from gapwatch.ledger import Ledger
from gapwatch.ledger_tables import alerts, outbox

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace


def assemble(ws: Workspace, ledger: Ledger, now: datetime) -> int:
    """Make the digest of this (UTC) day for everybody who has alerts held and none yet; how many.

    What is held after a day's digest was made waits for the next day's. Each is one transaction, and its
    key is the person, the channel and the day: doing it again makes no second one.
    """
    today, made = now.date(), 0
    held: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    c = outbox.c
    query = (
        select(c.delivery_id, c.recipient, c.channel, c.payload, alerts.c.owner)
        .join(alerts, alerts.c.alert_id == c.alert_id)
        .where(c.state == "held_for_digest", c.digest_on.is_(None))
    )
    with ledger.reading() as connection:
        for row in connection.execute(query).mappings():
            if has_facts(json.loads(row["payload"])):
                held[row["recipient"], row["channel"]].append(dict(row))
    for (recipient, channel), members in sorted(held.items()):
        person = named(ws, members[0]["owner"], role="")
        key = idempotency_key(f"digest:{today}", recipient, channel)
        ids = [row["delivery_id"] for row in members]
        with ledger.writing() as connection:
            mine = (c.delivery_id.in_(ids), c.state == "held_for_digest", c.digest_on.is_(None))
            if not person.is_digest:
                # The person changed the mind: each alert goes out by itself.
                connection.execute(update(outbox).where(*mine).values(state="pending", next_attempt_at=now))
                continue
            payload = {
                "language": person.language,
                "alerts": ranked([json.loads(row["payload"]) for row in members]),
            }
            is_new = rows.put(
                connection,
                ledger,
                key=key,
                recipient=recipient,
                channel=channel,
                payload=payload,
                at=now,
                digest_on=today,
            )
            fault_point("delivery.inside_digest")
            if is_new:
                connection.execute(update(outbox).where(*mine).values(digest_on=today))
                made += 1
    return made


def ranked(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Highest risk first, then the longest open, as the weekly budget ranks them; ties by key."""
    return sorted(
        members,
        key=lambda facts: (
            -round(facts["risk_score"] or 0, 9),
            facts["since_on"] or "9999",
            facts["alert_key"],
        ),
    )

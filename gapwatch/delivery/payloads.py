"""Payloads of the outbox: the facts of an alert put beside the row that tells of it, while they are there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from gapwatch.delivery.facts import Facts
from gapwatch.faults import fault_point
from gapwatch.ledger import Ledger
from gapwatch.ledger_tables import alerts, outbox

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace

_UNSENT = ("pending", "retry", "leased", "held_for_digest")


def enclose(ws: Workspace, ledger: Ledger, delivery_id: str | None = None) -> dict[str, dict[str, Any]]:
    """Give every unsent row (or one) that has none yet its facts; they are returned by row.

    A row is written with its alert, in one short transaction that reads no snapshot. What the snapshot
    tells is added here, before it may be pruned; doing it again changes nothing.
    """
    query = (
        select(outbox.c.delivery_id, outbox.c.payload, alerts)
        .join(alerts, alerts.c.alert_id == outbox.c.alert_id)
        # By the text, since each sender that starts would else read all payloads of a storm.
        .where(outbox.c.state.in_(_UNSENT), outbox.c.payload.not_like('%"alert_key"%'))
        .order_by(alerts.c.snapshot_id, outbox.c.delivery_id)
    )
    if delivery_id is not None:
        query = query.where(outbox.c.delivery_id == delivery_id)
    with ledger.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    bare = [row for row in rows if not has_facts(json.loads(row["payload"]))]
    written: dict[str, dict[str, Any]] = {}
    with Facts(ws) as facts:
        for row in bare:
            language = json.loads(row["payload"]).get("language", "en")
            written[row["delivery_id"]] = facts.of(row, language)
    if written:
        with ledger.writing() as connection:
            for row in bare:
                text = json.dumps(written[row["delivery_id"]], ensure_ascii=False, allow_nan=False)
                unchanged = (outbox.c.delivery_id == row["delivery_id"], outbox.c.payload == row["payload"])
                connection.execute(update(outbox).where(*unchanged).values(payload=text))
            fault_point("delivery.inside_enclose")
    return written


def has_facts(payload: dict[str, Any]) -> bool:
    """False for a row that was only just written with its alert."""
    return "alert_key" in payload

"""Facts of the ledger as raw tables, copied at the start of every build: a rebuild reuses them.

The tables stand empty in every warehouse (:func:`gapwatch.warehouse.create_tables`). Each copy replaces
the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from gapwatch.casts import identifier
from gapwatch.ledger import Ledger
from gapwatch.ledger_tables import alerts, outbox
from gapwatch.warehouse import TABLES

if TYPE_CHECKING:
    import duckdb

    from gapwatch.workspace import Workspace

Rows = Sequence[Sequence[Any]]


def export(ws: Workspace, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Fill the tables from the ledger, in one transaction of the warehouse; nothing where there is none.

    The caller holds the warehouse lock. Raises what :class:`gapwatch.ledger.Ledger` raises.
    """
    if not Ledger.is_made(ws):
        return
    with Ledger.of(ws) as ledger, ledger.reading() as connection:
        read = {table: rows(connection) for table, rows in SOURCES.items()}
    warehouse.execute("begin")
    try:
        for table, rows in read.items():
            warehouse.execute(f"delete from {table}")
            if rows:
                columns = ", ".join(map(identifier, TABLES[table]))
                marks = ", ".join("?" * len(TABLES[table]))
                warehouse.executemany(f"insert into {table} ({columns}) values ({marks})", rows)
        warehouse.execute("commit")
    except BaseException:
        warehouse.execute("rollback")
        raise


def _alerts(connection: Connection) -> Rows:
    """Alerts that were raised, in the order of ``raw._alerts``; suppressed ones are with them, as such."""
    first_sent = (
        select(outbox.c.alert_id, func.min(outbox.c.sent_at).label("first_sent_at"))
        .where(outbox.c.sent_at.is_not(None))
        .group_by(outbox.c.alert_id)
        .subquery()
    )
    c = alerts.c
    query = (
        select(
            c.alert_id,
            c.kind,
            c.account_id,
            c.service_dimension,
            c.driver,
            c.state,
            c.raised_at,
            first_sent.c.first_sent_at,
            c.acknowledged_at,
            c.resolved_at,
            c.cause,
            c.outcome,
            c.owner,
        )
        .outerjoin(first_sent, first_sent.c.alert_id == c.alert_id)
        .order_by(c.alert_id)
    )
    return [tuple(row) for row in connection.execute(query)]


#: Table of the warehouse -> what reads its rows, with columns in the order of the table's declaration.
SOURCES: dict[str, Callable[[Connection], Rows]] = {"raw._alerts": _alerts}

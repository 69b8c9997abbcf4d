"""Facts of the ledger as raw tables, copied at the start of every build: a rebuild reuses them.

The tables stand empty in every warehouse (:func:`gapwatch.warehouse.create_tables`). Each copy replaces
the one before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from gapwatch.casts import identifier
from gapwatch.ledger import Ledger
from gapwatch.ledger_tables import alerts, outbox
from gapwatch.risk import registry
from gapwatch.warehouse import TABLES

if TYPE_CHECKING:
    import duckdb

    from gapwatch.workspace import Workspace

Rows = Sequence[Sequence[Any]]

#: What marts show as it stands: new rows need a new snapshot, and no model built again.
RECORDS = ("raw._backtests", "raw._calibrations", "raw._rule_records")


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


def weeks_to_score(warehouse: duckdb.DuckDBPyConnection) -> int | None:
    """The first week that a churn model scores which the last build did not have; None without one."""
    _create_built(warehouse)
    found = warehouse.execute(
        "select min(trained_through_week) + 1 from raw._churn_models "
        "where is_published and model_id not in (select fact from meta.facts_built)"
    ).fetchone()
    return None if found is None or found[0] is None else int(found[0])


def has_new_records(warehouse: duckdb.DuckDBPyConnection) -> bool:
    """Whether a replay was recorded since the last build. Its marts only show what is recorded."""
    _create_built(warehouse)
    known = "select 1 from meta.facts_built where fact = ?"
    return warehouse.execute(known, [_records_digest(warehouse)]).fetchone() is None


def note_built(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A build has taken up all facts that are exported."""
    _create_built(warehouse)
    warehouse.execute("delete from meta.facts_built")
    warehouse.execute(
        "insert into meta.facts_built select model_id from raw._churn_models where is_published "
        "union all select ?",
        [_records_digest(warehouse)],
    )


def _create_built(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("create table if not exists meta.facts_built (fact varchar)")


def _records_digest(warehouse: duckdb.DuckDBPyConnection) -> str:
    rows = [warehouse.execute(f"select * from {table} order by all").fetchall() for table in RECORDS]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


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
SOURCES: dict[str, Callable[[Connection], Rows]] = {
    "raw._alerts": _alerts,
    "raw._churn_models": registry.models,
    "raw._churn_coefficients": registry.coefficients,
    "raw._backtests": registry.metric_rows,
    "raw._calibrations": registry.calibration_rows,
    "raw._rule_records": registry.rule_rows,
}

"""The rows somebody may read: views over an attached snapshot that hold those and no others.

Queries name their tables as always. For a viewer who may not see every client the name leads to a view in
the database in memory, and a table about which nothing is known here leads nowhere: a mart that is new is
seen by nobody restricted until it says whom it is about, by its columns or in ``ABOUT_NOBODY``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from gapwatch.access.viewers import Scope

#: Marts without a client's row: words, weeks, deliveries, how well is measured, and the record of rules.
ABOUT_NOBODY = frozenset(
    {
        "dim_alert_rules",
        "dim_risk_drivers",
        "dim_service_dimensions",
        "dim_signals",
        "dim_weeks",
        "fct_backtest",
        "fct_batches",
        "fct_calibration",
        "fct_dimension_weights_weekly",
        "fct_gate_days",
        "fct_measurement_quality",
        "fct_priors_weekly",
        "fct_rule_records",
        "fct_source_freshness",
        "rpt_quarantine_rules",
        "rpt_source_quality",
        "rpt_source_reach",
    }
)

_OWNERS = ("account_manager", "solution_manager", "delivery_manager", "channel_manager")
_MEMBERS = "rpt_portfolio_members"

_STRANGERS = """
    create table access.strangers as
    select cut, cut_value, first_week_id, last_week_id from snapshot.marts.rpt_portfolio_members
    where account_id not in (select account_id from access.clients)
"""
# A mean may be seen where every client that it counts may be: in its week, and in the one it compares with.
_NO_STRANGER = """
    t.cut in (select cut from snapshot.marts.rpt_portfolio_members)
    and not exists (
        select 1 from access.strangers as s where s.cut = t.cut and s.cut_value = t.cut_value{weeks}
    )
"""
_IN_ITS_WEEKS = " and s.first_week_id <= t.week_id and s.last_week_id >= t.week_id - {before}"
_ONE_CLIENT = "t.cut = 'account' and t.cut_value in (select account_id from access.clients)"

# What the names and comments belong to is told by the columns of the private tables.
_PRIVATE = {
    "comments": "t.account_id in (select account_id from access.clients)",
    "contacts": """t.contact_id in (select contact_id from snapshot.marts.dim_contacts
                                    where account_id in (select account_id from access.clients))""",
}


def filter_rows(connection: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """Make ``memory.marts``, ``memory.meta`` and ``memory.private`` of an attached snapshot.

    They hold what ``scope`` allows; ``private`` has something where the private file is attached.
    """
    connection.execute("use memory")
    row = connection.execute("select window_weeks from snapshot.meta.snapshot").fetchone()
    window_weeks = int(row[0]) if row else 0
    for schema in ("access", "marts", "meta", "private"):
        connection.execute(f"create schema {schema}")
    # A copy, because a view would bind the scope's values anew in every query.
    connection.execute(
        f"create table access.clients as select account_id from snapshot.marts.dim_accounts "
        f"where {_condition(scope)}",
        _values(scope),
    )
    columns = _columns(connection, "snapshot", "marts")
    if _MEMBERS in columns:
        connection.execute(_STRANGERS)
    for table, names in columns.items():
        condition = _allowed(table, names, window_weeks, has_members=_MEMBERS in columns)
        if condition is not None:
            rows = f'select * from snapshot.marts."{table}" as t where {condition}'
            connection.execute(f'create view marts."{table}" as {rows}')
    for table in _columns(connection, "snapshot", "meta"):
        connection.execute(f'create view meta."{table}" as select * from snapshot.meta."{table}"')
    for table in _columns(connection, "private_snapshot", "private"):
        if table in _PRIVATE:
            connection.execute(
                f'create view private."{table}" as select * from private_snapshot.private."{table}" as t '
                f"where {_PRIVATE[table]}"
            )


def _allowed(table: str, columns: set[str], window_weeks: int, *, has_members: bool) -> str | None:
    """The condition on the rows of a mart; None where it may not be read at all."""
    if "account_id" in columns:
        return "t.account_id in (select account_id from access.clients)"
    if {"cut", "cut_value"} <= columns:
        if not has_members:  # an older snapshot: who is in a cut is not known
            return _ONE_CLIENT
        weeks = ""
        if "week_id" in columns:
            before = "t.weeks_before" if "weeks_before" in columns else str(window_weeks)
            weeks = _IN_ITS_WEEKS.format(before=before)
        return f"({_NO_STRANGER.format(weeks=weeks)}) or ({_ONE_CLIENT})"
    return "true" if table in ABOUT_NOBODY else None


def _condition(scope: Scope) -> str:
    conditions = ["true"]
    if scope.tiers is not None:
        conditions.append("tier in (select unnest($tiers))")
    if scope.regions is not None:
        conditions.append("region in (select unnest($regions))")
    if scope.owners is not None:
        owned = " or ".join(f"{owner} in (select unnest($owners))" for owner in _OWNERS)
        conditions.append(f"({owned})")
    return " and ".join(conditions)


def _values(scope: Scope) -> dict[str, list[str]]:
    given = {"tiers": scope.tiers, "regions": scope.regions, "owners": scope.owners}
    return {name: list(values) for name, values in given.items() if values is not None}


def _columns(connection: duckdb.DuckDBPyConnection, database: str, schema: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_catalog = ? and table_schema = ?",
        [database, schema],
    ).fetchall():
        found.setdefault(table, set()).add(column)
    return found

"""Comparing marts row by row: keys, text, integers and instants exactly, doubles within 1e-9."""

from __future__ import annotations

from pathlib import Path

import duckdb

TOLERANCE = 1e-9
#: What builds did: what one of them restated, in another order of builds was never said.
HISTORY = frozenset({"fct_restatements"})
#: What tells how and when files came, and not what is in them.
ON_THE_WAY: dict[str, frozenset[str]] = {
    "fct_batches": frozenset({"file", "message", "landed_at", "loaded_at"}),
    "fct_source_freshness": frozenset({"newest_loaded_at", "last_landed_at", "last_outcome", "last_message"}),
    "rpt_source_quality": frozenset({"last_good_at", "last_message"}),
    "rpt_quarantine_rules": frozenset({"first_stopped_at"}),
}


def mart_keys(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    """Mart -> its columns, of an attached database."""
    rows = connection.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_catalog = ? and table_schema = 'marts' order by table_name, ordinal_position",
        [database],
    ).fetchall()
    marts: dict[str, list[str]] = {}
    for table, column in rows:
        marts.setdefault(table, []).append(column)
    return marts


def differences(one: Path, other: Path) -> dict[str, str]:
    """Mart -> what differs between two warehouses or snapshots; empty where they are equal.

    Rows are put side by side in the order of their exact columns; then every double is compared. Only
    the columns of `ON_THE_WAY` and the marts of `HISTORY` are left out.
    """
    connection = duckdb.connect()
    connection.execute(f"attach '{one}' as one (read_only); attach '{other}' as other (read_only)")
    marts = mart_keys(connection, "one")
    found = {} if marts == mart_keys(connection, "other") else {"marts": "not the same tables and columns"}
    for mart, columns in marts.items():
        if found.keys() == {"marts"}:
            break
        if mart in HISTORY:
            continue
        types = dict(
            connection.execute(
                "select column_name, data_type from information_schema.columns "
                "where table_catalog = 'one' and table_schema = 'marts' and table_name = ?",
                [mart],
            ).fetchall()
        )
        compared = [c for c in columns if c not in ON_THE_WAY.get(mart, ())]
        doubles = [c for c in compared if types[c] == "DOUBLE"]
        exact = [c for c in compared if c not in doubles]
        frames = {}
        for database in ("one", "other"):
            listed = ", ".join(f'"{c}"' for c in exact + doubles)
            frames[database] = connection.execute(
                f"select {listed} from {database}.marts.{mart} order by {listed}"
            ).fetchall()
        if len(frames["one"]) != len(frames["other"]):
            found[mart] = f"{len(frames['one'])} rows against {len(frames['other'])}"
            continue
        for left, right in zip(frames["one"], frames["other"], strict=True):
            for name, a, b in zip(exact + doubles, left, right, strict=True):
                same = a == b or (
                    name in doubles and a is not None and b is not None and abs(a - b) <= TOLERANCE
                )
                if not same:
                    found.setdefault(mart, f"{name}: {a!r} against {b!r} in {left!r}")
    return found

"""The oracles: no row lost or doubled (O1), the same as undisturbed (O2), whole snapshots only (O3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import create_engine, text

from gapwatch import ledger_export, snapshots
from gapwatch.contracts import CONTRACTS
from gapwatch.landing import list_batches
from gapwatch.publish import snapshots_left_behind
from gapwatch.workspace import load_workspace

#: What a clock wrote.
_INSTANTS = frozenset({"_loaded_at", "loaded_at", "landed_at", "quarantined_at", "resolved_at"})
#: What tells in which order batches were taken, and how often one was tried.
_ORDER = frozenset({"load_seq", "stale_from"})
_OF_THE_LEDGER = frozenset(f'raw."{table.removeprefix("raw.")}"' for table in ledger_export.SOURCES)
_FILE_COLUMNS = "source, file, size, sha256, dialect_fingerprint, batch_id, outcome, rule, message, records"


def rows_unaccounted(folder: Path) -> list[str]:
    """O1: what is wrong with any landed batch or key, in sentences; empty where every row is accounted for.

    Each row of a file is in raw, in quarantine (open), or its whole batch is held; each key once.
    """
    ws = load_workspace(folder)
    wrong: list[str] = []
    landed = {batch.batch_id: batch for batch in list_batches(ws.landing_path)}
    with duckdb.connect(str(ws.warehouse_path), read_only=True) as connection:
        listed = connection.execute(
            "select batch_id, contract, outcome, rows, records, "
            "accepted_rows, quarantined_rows, waiting_rows from raw._batches"
        ).fetchall()
        if sorted(row[0] for row in listed) != sorted(landed):
            wrong.append(f"landed {sorted(landed)}, in raw {sorted(row[0] for row in listed)}")
        for batch_id, contract, outcome, rows, records, *counts in listed:
            batch = landed.get(batch_id)
            if batch is None:
                continue
            in_file = _one(connection, "select count(*) from read_parquet(?)", str(batch.path))
            in_raw = _one(connection, f"select count(*) from raw.{contract} where _batch_id = ?", batch_id)
            stopped = [
                _one(
                    connection,
                    "select count(*) from quarantine.rows where _batch_id = ? and status = ?",
                    batch_id,
                    status,
                )
                for status in ("quarantined", "waiting")
            ]
            found = [in_raw, *stopped]
            if found != counts:
                wrong.append(f"{batch.file}: found {found}, the manifest row says {counts}")
            if not in_file == batch.records == records == rows:
                wrong.append(f"{batch.file}: {in_file} rows landed of {batch.records}, in raw {rows}")
            is_held = outcome in {"held", "crashed"}
            if sum(counts) != (0 if is_held else rows):
                wrong.append(f"{batch.file}: {counts} do not add up to {rows} ({outcome})")
        for contract in CONTRACTS:
            doubled = _one(
                connection,
                "select count(*) from (select 1 from ("
                f"select _source, _batch_id, _row, _column from raw.{contract} union all "
                "select _source, _batch_id, _row, _column from quarantine.rows "
                "where contract = ? and status in ('quarantined', 'waiting')) "
                "group by _source, _batch_id, _row, _column having count(*) > 1)",
                contract,
            )
            if doubled:
                wrong.append(f"{contract}: {doubled} rows are there twice")
    return wrong


def tables(folder: Path, *, in_order: bool = True) -> dict[str, Any]:
    """O2: an order-free digest of every table of raw, quarantine and the ledger's files, without clocks.

    What a build takes over from the ledger is left out: it stands there, and each build copies it again.

    ``in_order`` false: leave out in which order the batches were taken.
    """
    ws = load_workspace(folder)
    left_out = _INSTANTS if in_order else _INSTANTS | _ORDER
    digests: dict[str, Any] = {}
    with duckdb.connect(str(ws.warehouse_path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        listed = connection.execute(
            "select table_schema || '.\"' || table_name || '\"', list(column_name order by ordinal_position) "
            "from information_schema.columns where table_schema in ('raw', 'quarantine') group by all"
        ).fetchall()
        for table, columns in listed:
            if table in _OF_THE_LEDGER or (table == 'raw."_changes"' and not in_order):
                continue
            kept = ", ".join(f'"{column}"' for column in columns if column not in left_out)
            digests[table] = connection.execute(
                f"select count(*), sum(hash({kept})::hugeint), bit_xor(hash({kept})) from {table}"
            ).fetchone()
    return digests | landed(folder)


def landed(folder: Path) -> dict[str, Any]:
    """O2 of the way in: what became of each file, and what is in each batch."""
    ws = load_workspace(folder)
    engine = create_engine(f"sqlite:///{ws.ledger_path}")
    with engine.connect() as ledger:
        files = [tuple(row) for row in ledger.execute(text(f"select {_FILE_COLUMNS} from file_versions"))]
    engine.dispose()
    manifests = [{**batch.to_manifest(), "landed_at": None} for batch in list_batches(ws.landing_path)]
    # In its id a batch has the digest of what is in it.
    return {
        "ledger": sorted(map(str, files)),
        "manifests": sorted(map(str, manifests)),
        "landing": sorted(path.name for path in ws.landing_path.glob("*/*")),
    }


def unlike(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Table -> the two digests, where they differ."""
    names = one.keys() | other.keys()
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


def half_published(folder: Path) -> list[str]:
    """O3: snapshots whose files do not fit their digests, and files that no description names."""
    ws = load_workspace(folder)
    published = ws.published_path
    wrong = [path.name for path in snapshots_left_behind(ws)]
    pointed = snapshots.current(published)
    infos = snapshots.available(published)
    if pointed is None or pointed not in infos:
        wrong.append(f"the pointer names {pointed}")
    for info in infos:
        for name, sha256 in ((info.file, info.sha256), (info.private_file, info.private_sha256)):
            if not (published / name).is_file() or snapshots.digest(published / name) != sha256:
                wrong.append(f"{name} does not fit its digest")
    return wrong


def current_file(folder: Path) -> Path:
    """The published snapshot."""
    ws = load_workspace(folder)
    return ws.published_path / snapshots.find(ws.published_path).file


def _one(connection: duckdb.DuckDBPyConnection, query: str, *values: Any) -> Any:
    row = connection.execute(query, list(values)).fetchone()
    assert row is not None
    return row[0]

"""The warehouse file: the one module that opens it for writing, and the tables it must have.

The warehouse is a cache: landing and the ledger are the truth, and what raw lacks is loaded again from
landing. Whoever calls :func:`write_connection` holds the workspace's warehouse lock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from gapwatch.casts import identifier, quoted
from gapwatch.contracts import CONTRACTS, raw_columns
from gapwatch.errors import GapwatchError, InternalError, ResourceError
from gapwatch.workspace import Workspace

_SCHEMAS = ("raw", "quarantine", "meta")
#: How long a killed process may take to let go of the file.
SECONDS_TO_DIE = 5.0

#: What DuckDB is opened with.
Config = dict[str, str | bool | int | float | list[str]]

#: Bookkeeping tables: name -> column -> type.
TABLES: dict[str, dict[str, str]] = {
    "raw._batches": {
        "batch_id": "VARCHAR",
        "source": "VARCHAR",
        "system": "VARCHAR",
        "contract": "VARCHAR",
        "file": "VARCHAR",
        "file_sha256": "VARCHAR",
        "records": "BIGINT",
        "rows": "BIGINT",
        "accepted_rows": "BIGINT",
        "quarantined_rows": "BIGINT",
        "waiting_rows": "BIGINT",
        "outcome": "VARCHAR",
        "message": "VARCHAR",
        "as_of": "TIMESTAMP",
        "min_known_at": "TIMESTAMP",
        "max_known_at": "TIMESTAMP",
        "landed_at": "TIMESTAMP",
        "loaded_at": "TIMESTAMP",
        "load_seq": "BIGINT",
        "is_full": "BOOLEAN",
        "expectations_declared": "INTEGER",
        "expectations_evaluated": "INTEGER",
    },
    "raw._sources": {
        "source": "VARCHAR",
        "system": "VARCHAR",
        "contract": "VARCHAR",
        "time_zone": "VARCHAR",
        "calendar_id": "VARCHAR",
        "history": "VARCHAR",
        "delivers": "VARCHAR",
        "arrival_lag_minutes": "DOUBLE",
        "ids": "VARCHAR",
        "records_first_response": "BOOLEAN",
        "is_anonymous": "BOOLEAN",
        "late_after_days": "DOUBLE",
    },
    "raw._delivered_keys": {
        "_source": "VARCHAR",
        "contract": "VARCHAR",
        "batch_id": "VARCHAR",
        "as_of": "TIMESTAMP",
        "key": "VARCHAR",
    },
    "raw._changes": {"load_seq": "BIGINT", "contract": "VARCHAR", "stale_from": "TIMESTAMP"},
    "raw._alerts": {
        "alert_id": "VARCHAR",
        "kind": "VARCHAR",
        "account_id": "VARCHAR",
        "service_dimension": "VARCHAR",
        "driver": "VARCHAR",
        "state": "VARCHAR",
        "raised_at": "TIMESTAMP",
        "first_sent_at": "TIMESTAMP",
        "acknowledged_at": "TIMESTAMP",
        "resolved_at": "TIMESTAMP",
        "cause": "VARCHAR",
        "outcome": "VARCHAR",
        "owner": "VARCHAR",
    },
    "raw._churn_models": {
        "model_id": "VARCHAR",
        "trained_at": "TIMESTAMP",
        "trained_through_week": "INTEGER",
        "horizon_days": "INTEGER",
        "intercept": "DOUBLE",
        "is_published": "BOOLEAN",
        "reason": "VARCHAR",
        "n_train": "BIGINT",
        "n_events": "BIGINT",
        "n_test_losses": "BIGINT",
    },
    "raw._churn_coefficients": {
        "model_id": "VARCHAR",
        "feature": "VARCHAR",
        "mean": "DOUBLE",
        "scale": "DOUBLE",
        "fill_value": "DOUBLE",
        "coefficient": "DOUBLE",
        "is_dropped": "BOOLEAN",
        "drop_reason": "VARCHAR",
        "line": "DOUBLE",
        "full_value": "DOUBLE",
    },
    "raw._backtests": {
        "model": "VARCHAR",
        "metric": "VARCHAR",
        "cut": "VARCHAR",
        "value": "DOUBLE",
        "low": "DOUBLE",
        "high": "DOUBLE",
        "n": "BIGINT",
        "null_reason": "VARCHAR",
        "from_week": "INTEGER",
        "to_week": "INTEGER",
        "computed_as_of": "TIMESTAMP",
    },
    "raw._calibrations": {
        "model": "VARCHAR",
        "bin": "INTEGER",
        "n": "BIGINT",
        "n_events": "BIGINT",
        "mean_probability": "DOUBLE",
        "event_share": "DOUBLE",
        "low": "DOUBLE",
        "high": "DOUBLE",
        "computed_as_of": "TIMESTAMP",
    },
    "raw._rule_records": {
        "kind": "VARCHAR",
        "rule_version": "VARCHAR",
        "n_raised": "BIGINT",
        "n_judged": "BIGINT",
        "n_hits": "BIGINT",
        "precision": "DOUBLE",
        "precision_low": "DOUBLE",
        "precision_high": "DOUBLE",
        "base_rate": "DOUBLE",
        "median_lead_days": "DOUBLE",
        "false_per_owner_month": "DOUBLE",
        "from_week": "INTEGER",
        "to_week": "INTEGER",
        "null_reason": "VARCHAR",
        "computed_as_of": "TIMESTAMP",
    },
    "quarantine.rows": {
        "_source": "VARCHAR",
        "source": "VARCHAR",
        "contract": "VARCHAR",
        "_batch_id": "VARCHAR",
        "_file": "VARCHAR",
        "_row": "BIGINT",
        "_column": "VARCHAR",
        "line": "BIGINT",
        "key": "VARCHAR",
        "rule": "VARCHAR",
        "column_name": "VARCHAR",
        "value": "VARCHAR",
        "content": "VARCHAR",
        "status": "VARCHAR",
        "quarantined_at": "TIMESTAMP",
        "resolved_at": "TIMESTAMP",
    },
}


@contextmanager
def write_connection(ws: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for writing, with the workspace's limits, every schema and table in place.

    The caller holds the warehouse lock. Raises ResourceError where disk or memory ran out (inside the
    block as well) and InternalError where the file cannot be opened.
    """
    ws.warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    ws.tmp_path.mkdir(parents=True, exist_ok=True)
    with resource_errors(ws):
        connection = _opened(ws)
        try:
            create_tables(connection)
            yield connection
        finally:
            connection.close()


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the schemas raw, quarantine and meta."""
    for schema in _SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    tables = {f"raw.{name}": raw_columns(contract) for name, contract in CONTRACTS.items()} | TABLES
    for name, columns in tables.items():
        listed = ", ".join(f"{identifier(column)} {kind}" for column, kind in columns.items())
        connection.execute(f"create table if not exists {name} ({listed})")
    for column, kind in TABLES["raw._churn_coefficients"].items():
        # Warehouses from before models kept their lines.
        connection.execute(
            f"alter table raw._churn_coefficients add column if not exists {identifier(column)} {kind}"
        )


@contextmanager
def resource_errors(ws: Workspace) -> Iterator[None]:
    """Turn DuckDB's "out of memory" and "disk full" into a ResourceError that says what to change."""
    try:
        yield
    except GapwatchError:
        raise
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise ResourceError(
            f"Memory or temporary disk space ran out: {_first_line(error)}",
            where=str(ws.warehouse_path),
            rule="resources",
            next_step="raise limits.memory or limits.temp_directory_size in gapwatch.yml, then run it again",
        ) from error
    except (duckdb.IOException, duckdb.FatalException, OSError) as error:
        if not any(sign in str(error) for sign in ("No space left", "Disk quota", "not enough space")):
            raise
        raise ResourceError(
            f"The disk is full: {_first_line(error)}",
            where=str(ws.warehouse_path),
            rule="resources",
            next_step="free disk space, then run the same command again",
        ) from error


def _opened(ws: Workspace) -> duckdb.DuckDBPyConnection:
    config: Config = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": ws.limits.memory,
        "threads": ws.limits.threads,
        "temp_directory": str(ws.tmp_path),
        "max_temp_directory_size": ws.limits.temp_directory_size,
    }
    try:
        connection = _connected(ws.warehouse_path, config)
    except duckdb.IOException as error:
        raise InternalError(
            f"The warehouse cannot be opened: {_first_line(error)}",
            where=str(ws.warehouse_path),
            rule="warehouse",
            next_step="close the program that has it open; if the file is damaged, remove it and run "
            "gapwatch run: it is rebuilt from landing",
        ) from error
    # ICU is part of the wheel; loading it by name keeps autoloading off.
    connection.execute("load icu")
    connection.execute(f"set TimeZone = {quoted('UTC')}")
    return connection


def _connected(path: Path, config: Config) -> duckdb.DuckDBPyConnection:
    """Wait a little for a process that was killed: it gives up our lock some moments before DuckDB's."""
    given_up_at = time.monotonic() + SECONDS_TO_DIE
    while True:
        try:
            return duckdb.connect(str(path), config=config)
        except duckdb.IOException as error:
            if "Could not set lock" not in str(error) or time.monotonic() > given_up_at:
                raise
            time.sleep(0.05)


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__

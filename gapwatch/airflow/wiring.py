"""Defaults, assets and names that all DAGs agree on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset

from gapwatch.airflow.callbacks import record_failure

#: One slot: DuckDB has one writing process. The library takes its own lock as well.
WRITER_POOL = "warehouse_writer"
OWNERS = ("data-platform",)
TAGS = ("clients", "surveys", "tickets", "deliveries", "ingest", "model", "risk", "alerts")

#: Emitted by a gate that has loaded what a group of sources delivered.
LOADED = {
    group: Asset(f"gapwatch://raw/{group}") for group in ("clients", "surveys", "tickets", "deliveries")
}
#: Emitted by a publish.
SNAPSHOT = Asset("gapwatch://published/snapshot")

#: What can pass by itself (a busy lock, a full disk, a file still growing) is tried for about an hour.
RETRIES: dict[str, Any] = {
    "retries": 5,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=30),
}


def dag_options(page: str | None, *tags: str) -> dict[str, Any]:
    """Keyword arguments that every DAG is made with; ``page`` is the file's docstring."""
    return {
        "doc_md": page,
        "tags": list(tags),
        "start_date": datetime(2024, 1, 1, tzinfo=UTC),
        # Files wait in their folder: one run takes all of them, there is nothing to catch up on.
        "catchup": False,
        "max_active_runs": 1,
        "default_args": {"owner": OWNERS[0], "on_failure_callback": record_failure, **RETRIES},
    }

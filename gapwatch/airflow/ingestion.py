"""The tasks of a DAG that takes in one group of sources."""

from __future__ import annotations

from typing import Any

from airflow.sdk import task

from gapwatch.airflow import tasks
from gapwatch.airflow.wiring import LOADED, WRITER_POOL


def take_in(group: str) -> None:
    """Land each source of the group by itself, load what landed, and fail where a batch of it is held."""

    @task
    def sources() -> list[str]:
        return tasks.sources_of(group)

    @task(map_index_template="{{ task.op_kwargs['source'] }}")
    def ingest(source: str) -> dict[str, Any]:
        return tasks.ingest(source)

    # What other sources landed is loaded even where one of them failed.
    @task(pool=WRITER_POOL, trigger_rule="all_done", outlets=[LOADED[group]])
    def gate() -> dict[str, Any]:
        return tasks.gate()

    @task
    def none_held(report: dict[str, Any]) -> None:
        tasks.require_none_held(report, group)

    landed = ingest.expand(source=sources())
    loaded = gate()
    # The last task waits for both, so that a failed source fails the run as well.
    landed >> loaded
    landed >> none_held(loaded)

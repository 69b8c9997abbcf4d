"""### Model satisfaction

- **Reads** `raw` in the warehouse.
- **Writes** the marts in the warehouse, then a new read-only snapshot under `published/` and the asset
  `gapwatch://published/snapshot`.
- **Schedule** whenever one of the ingests has loaded something: any of the assets `gapwatch://raw/...`.
- **When it fails** the snapshot published before stays, with its age on every page. A busy lock or a full
  disk is tried again with growing pauses. A failed model or a failed check of the marts is not: `gapwatch
  build` shows which, `gapwatch status` what came in since. Clear the task after the fix.
"""

from __future__ import annotations

from airflow.sdk import AssetAny, dag, task

from gapwatch.airflow import tasks
from gapwatch.airflow.wiring import LOADED, SNAPSHOT, WRITER_POOL, dag_options


@dag(schedule=AssetAny(*LOADED.values()), **dag_options(__doc__, "model"))
def model_satisfaction() -> None:
    # One task for the whole build: tasks per model start dbt anew each time and fight for one file.
    @task(pool=WRITER_POOL)
    def build() -> dict:
        return tasks.build()

    @task(pool=WRITER_POOL, outlets=[SNAPSHOT])
    def publish() -> dict:
        return tasks.publish()

    build() >> publish()


model_satisfaction()

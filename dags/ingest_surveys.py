"""### Surveys in

- **Reads** the files of every source in the workspace's `gapwatch.yml` whose contract is one of:
  survey_questions, survey_invitations, survey_answers.
- **Writes** immutable batches under `landing/`, rows to `raw` and `quarantine` in the warehouse, and the
  asset `gapwatch://raw/surveys`, which starts `model_satisfaction`.
- **Schedule** ten minutes past each hour. Each run takes every file that is new; a run that is missed is
  not made up for, since the next one takes its files.
- **When it fails** a busy lock or a full disk is tried again with growing pauses. A file that is refused or
  a batch that is held fails at once and in each run until it is settled, and the other sources go on: look
  at `gapwatch status`, correct the file or the mapping, check with `gapwatch doctor`, then clear the task
  or run `gapwatch gate repair`.
"""

from __future__ import annotations

from airflow.sdk import CronDataIntervalTimetable, dag

from gapwatch.airflow.ingestion import take_in
from gapwatch.airflow.wiring import dag_options


@dag(
    schedule=CronDataIntervalTimetable("10 * * * *", timezone="UTC"),
    **dag_options(__doc__, "ingest", "surveys"),
)
def ingest_surveys() -> None:
    take_in("surveys")


ingest_surveys()

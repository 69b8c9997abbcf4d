"""### Notify of churn risk

- **Reads** the published snapshot (`fct_alert_conditions`, `dim_accounts`) and the ledger.
- **Writes** alerts, their audit and their messages to the ledger, and sends what is due through the
  channels of `gapwatch.yml`, whose addresses stand in the environment of the workers.
- **Schedule** whenever a snapshot is published, asset `gapwatch://published/snapshot`, and once an hour, so
  that messages which wait for another try, and the day's digests, go out on days without new data too.
- **When it fails** nothing is lost and nothing is sent twice: the next run goes on. A receiver that fails
  does not fail the task: its messages are tried again, and `gapwatch alerts list --state failed` shows
  those that were given up. A ledger that cannot be reached is tried again with growing pauses.
"""

from __future__ import annotations

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, task

from gapwatch.airflow import tasks
from gapwatch.airflow.wiring import SNAPSHOT, dag_options

SCHEDULE = AssetOrTimeSchedule(
    timetable=CronTriggerTimetable("40 * * * *", timezone="UTC"), assets=[SNAPSHOT]
)


@dag(schedule=SCHEDULE, **dag_options(__doc__, "alerts"))
def notify_churn_risk() -> None:
    # Not in the writer's pool: it reads the snapshot, and writes to the ledger only.
    @task
    def notify() -> dict:
        return tasks.notify()

    notify()


notify_churn_risk()

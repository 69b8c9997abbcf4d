"""### Train the churn model

- **Reads** the newest published snapshot: account-weeks as known then, and who was lost since.
- **Writes** to the ledger: a fitted model with its coefficients, published or refused with the reason, and
  the replayed record of score, model and alert rules. Builds take them up; nothing published before changes.
- **Schedule** Mondays at five, after the week has closed. A run that is missed is not made up for: the next
  one trains on everything that is known by then.
- **When it fails** the models published before go on scoring, and the record on the screens grows older. A
  refused model is no failure: `gapwatch train` says why. Without a snapshot, run `model_satisfaction` first.
"""

from __future__ import annotations

from airflow.sdk import CronDataIntervalTimetable, dag, task

from gapwatch.airflow import tasks
from gapwatch.airflow.wiring import dag_options


@dag(
    schedule=CronDataIntervalTimetable("0 5 * * 1", timezone="UTC"),
    **dag_options(__doc__, "risk"),
)
def train_churn_model() -> None:
    # Neither opens the warehouse: they read a published file and write to the ledger.
    @task
    def train() -> dict:
        return tasks.train()

    @task
    def backtest() -> dict:
        return tasks.backtest()

    train() >> backtest()


train_churn_model()

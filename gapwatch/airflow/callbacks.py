"""What happens when a task has failed for good."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger(__name__)


def record_failure(context: dict[str, Any]) -> None:
    """Write the failure of a task to the workspace's ledger, where ``gapwatch status`` shows it.

    A callback must not fail itself: a ledger that cannot be reached is said in the task's log.
    """
    from gapwatch import pipeline
    from gapwatch.airflow.tasks import workspace

    task = context["task_instance"]
    try:
        pipeline.record_failure(
            workspace(),
            step=f"{task.dag_id}.{task.task_id}",
            message=str(context.get("exception") or "failed"),
        )
    except Exception:  # the task's own error is the one that matters
        log.exception("the failure of %s could not be written to the ledger", task.task_id)

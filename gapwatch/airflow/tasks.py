"""The bodies of the tasks: the same library calls as the command line makes.

What cannot pass by itself is turned into ``AirflowFailException``, which ends the retries at once.
Results that travel between tasks are small and carry no client's data.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from gapwatch.errors import GapwatchError, LockBusyError, ResourceError, UserError

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace

HELD = 11


def workspace() -> Workspace:
    """The workspace that ``GAPWATCH_WORKSPACE`` names."""
    from gapwatch.workspace import load_workspace

    folder = os.environ.get("GAPWATCH_WORKSPACE")
    if not folder:
        raise UserError(
            "Airflow does not know the workspace",
            where="environment variable GAPWATCH_WORKSPACE",
            rule="the DAGs read one workspace, named by the environment of the scheduler and its workers",
            next_step="export GAPWATCH_WORKSPACE=/path/to/workspace, then start Airflow again",
        )
    return load_workspace(Path(folder))


def sources_of(group: str) -> list[str]:
    """Names of the workspace's sources that belong to an ingest group."""
    from gapwatch.contracts import CONTRACTS

    with final_errors():
        return [source.name for source in workspace().sources if CONTRACTS[source.contract].group == group]


def ingest(source: str) -> dict[str, Any]:
    """Land one source's new files; fails for good where a file is refused, after landing the others."""
    from gapwatch import pipeline

    with final_errors():
        return _settled(pipeline.ingest(workspace(), sources=[source]), source)


def gate() -> dict[str, Any]:
    """Check and load what is landed. A held batch is told by :func:`require_none_held`, not here.

    The rows of the other batches are in by then, and whoever waits for them shall hear of it.
    """
    from gapwatch import pipeline

    with final_errors():
        return dict(pipeline.gate(workspace()).as_dict())


def require_none_held(report: dict[str, Any], group: str) -> None:
    """Fail the run, for a person to look at, as long as a batch of this ingest group is held.

    Whichever group's gate met the batch first, it is the runs of its own group that fail.
    """
    from gapwatch.contracts import CONTRACTS
    from gapwatch.gate_report import HELD_OUTCOMES

    files = sorted(
        batch["file"]
        for batch in (*report["batches"], *report["still_held"])
        if batch["outcome"] in HELD_OUTCOMES and CONTRACTS[batch["contract"]].group == group
    )
    if files:
        raise AirflowFailException(
            f"Held at the gate: {', '.join(files)}. "
            "Next: gapwatch status, then correct the file or its mapping, and gapwatch gate repair."
        )


def build() -> dict[str, Any]:
    """Transform raw rows into marts."""
    from gapwatch import pipeline

    with final_errors():
        return dict(pipeline.build(workspace()).as_dict())


def publish() -> dict[str, Any]:
    """Check the marts and put them out as a snapshot."""
    from gapwatch import pipeline

    with final_errors():
        return dict(pipeline.publish(workspace()).as_dict())


def train() -> dict[str, Any]:
    """Fit a churn model on the published snapshot; published or refused, the ledger says why."""
    from gapwatch import pipeline

    with final_errors():
        return dict(pipeline.train(workspace()).as_dict())


def backtest() -> dict[str, Any]:
    """Replay the published snapshot and record how score, model and rules did."""
    from gapwatch import pipeline

    with final_errors():
        return dict(pipeline.backtest(workspace()).as_dict())


def notify() -> dict[str, Any]:
    """Raise alerts from the published snapshot, and send what is due; nothing before the first publish."""
    from gapwatch import pipeline
    from gapwatch.snapshots import current

    with final_errors():
        ws = workspace()
        return dict(pipeline.notify(ws).as_dict()) if current(ws.published_path) else {}


@contextmanager
def final_errors() -> Iterator[None]:
    """Let through what a retry can mend; end the retries for what only a person can."""
    try:
        yield
    except (LockBusyError, ResourceError):
        raise
    except GapwatchError as error:
        raise AirflowFailException(str(error)) from error


def _settled(report: Any, name: str) -> dict[str, Any]:
    if report.exit_code == HELD:
        raise AirflowFailException(f"A file of {name} is not taken. Next: gapwatch status.")
    return dict(report.as_dict())

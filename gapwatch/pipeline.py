"""The steps, wired: each alone or all in a row, with their locks and their records in the ledger.

Ingest takes the landing lock by itself; whatever touches the warehouse is done under its lock, which a
whole run keeps from the gate to the publish, so that two runs never take turns within one another.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from gapwatch import locks
from gapwatch.errors import GapwatchError, UserError
from gapwatch.ledger import Ledger, now

if TYPE_CHECKING:
    from pathlib import Path

    from gapwatch.alerts.notify import NotifyReport
    from gapwatch.gate_report import GateReport
    from gapwatch.landing import IngestReport
    from gapwatch.publish import PublishReport
    from gapwatch.risk.backtest import Backtest
    from gapwatch.risk.train import Training
    from gapwatch.summary import Summary
    from gapwatch.transform import BuildReport
    from gapwatch.workspace import Workspace

OUTCOMES = {0: "done", 10: "quarantine", 11: "held"}
_INTERRUPTED = 130


class Progress(Protocol):
    """How steps report how far they are: ``done`` of ``total`` (0 or None: not known) of ``label``."""

    def __call__(self, label: str, done: int = 0, total: int | None = None) -> None:
        """Called often; returns at once."""


class Report(Protocol):
    """What every step returns."""

    @property
    def exit_code(self) -> int:
        """0 done, 10 done with rows quarantined or waiting, 11 as long as a batch or file is held."""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""


R = TypeVar("R", bound=Report)


@dataclass
class RunReport:
    """All steps of one run, in order; ``seconds`` per step; ``summary`` where something is published."""

    run_id: str
    steps: dict[str, Report] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    summary: Summary | None = None

    @property
    def exit_code(self) -> int:
        """That of the step with most to say: held before quarantined before done."""
        return max((step.exit_code for step in self.steps.values()), default=0)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "run_id": self.run_id,
            "steps": {name: step.as_dict() for name, step in self.steps.items()},
            "seconds": self.seconds,
            "summary": self.summary.as_dict() if self.summary else None,
            "exit_code": self.exit_code,
        }


def run(
    ws: Workspace, *, full_refresh: bool = False, backfill: bool = False, progress: Progress | None = None
) -> RunReport:
    """Ingest, gate, build, publish, notify. Every step does only what is new.

    With ``backfill`` old data is expected: an unusual volume is a notice, alerts are raised suppressed, and
    nothing is sent.

    A workspace of which nothing could be let in yet ends after the gate, whose report says why. Raises
    what the steps raise; what was done before stays done.
    """
    from gapwatch import gate, landing, publish, transform
    from gapwatch.alerts.notify import notify
    from gapwatch.summary import summarise

    with _recorded(ws, "run", progress) as record:
        report = RunReport(record.run_id, record.reports, record.seconds)
        record.step("ingest", lambda: landing.ingest(ws, progress=progress))
        with record.warehouse_lock():
            record.step("gate", lambda: gate.gate(ws, progress=progress, backfill=backfill))
            try:
                record.step(
                    "build", lambda: transform.build(ws, full_refresh=full_refresh, progress=progress)
                )
            except UserError as error:
                if error.rule == "something_admitted" and report.exit_code:
                    return report
                raise
            record.step("publish", lambda: publish.publish(ws))
        # Without the warehouse's lock: sending writes to the ledger only. What has to wait goes with the
        # next run, or with `gapwatch notify`, which stays to try again.
        record.step("notify", lambda: notify(ws, backfill=backfill, stay_seconds=0))
        report.summary = summarise(ws, exit_code=report.exit_code, seconds=report.seconds)
        return report


def ingest(
    ws: Workspace, *, sources: Sequence[str] | None = None, progress: Progress | None = None
) -> IngestReport:
    """Land the new files of all sources, or of these. Raises UserError for a source that does not exist."""
    from gapwatch import landing

    with _recorded(ws, "ingest", progress) as record:
        return record.step("ingest", lambda: landing.ingest(ws, sources=sources, progress=progress))


def gate(ws: Workspace, *, backfill: bool = False, progress: Progress | None = None) -> GateReport:
    """Check what is landed and load what passes; what an earlier gate held is told again."""
    from gapwatch import gate as gate_module

    with _recorded(ws, "gate", progress) as record, record.warehouse_lock():
        return record.step("gate", lambda: gate_module.gate(ws, progress=progress, backfill=backfill))


def repair(
    ws: Workspace,
    *,
    batches: Sequence[str] | None = None,
    source: str | None = None,
    backfill: bool = False,
    progress: Progress | None = None,
) -> GateReport:
    """Replay quarantined rows and held batches with the mapping as it is now."""
    from gapwatch import gate as gate_module

    def work() -> GateReport:
        return gate_module.repair(ws, batches=batches, source=source, progress=progress, backfill=backfill)

    with _recorded(ws, "repair", progress) as record, record.warehouse_lock():
        return record.step("repair", work)


def build(ws: Workspace, *, full_refresh: bool = False, progress: Progress | None = None) -> BuildReport:
    """Transform raw rows into marts."""
    from gapwatch import transform

    with _recorded(ws, "build", progress) as record, record.warehouse_lock():
        return record.step("build", lambda: transform.build(ws, full_refresh=full_refresh, progress=progress))


def publish(ws: Workspace, *, progress: Progress | None = None) -> PublishReport:
    """Put the marts out as a snapshot."""
    from gapwatch import publish as publish_module

    with _recorded(ws, "publish", progress) as record, record.warehouse_lock():
        return record.step("publish", lambda: publish_module.publish(ws))


def train(ws: Workspace, *, progress: Progress | None = None) -> Training:
    """Fit a churn model on the published snapshot; builds score with it where it is published."""
    from gapwatch.risk import train as train_module

    with _recorded(ws, "train", progress) as record:
        return record.step("train", lambda: train_module.train(ws))


def backtest(ws: Workspace, report: Path | None = None, *, progress: Progress | None = None) -> Backtest:
    """Replay the published snapshot, record what is found, and write the page where a path is given."""
    from gapwatch.risk import backtest as backtest_module

    with _recorded(ws, "backtest", progress) as record:
        return record.step("backtest", lambda: backtest_module.recorded(ws, report))


def notify(ws: Workspace, *, backfill: bool = False, progress: Progress | None = None) -> NotifyReport:
    """Raise alerts from the published snapshot, and send what is due."""
    from gapwatch.alerts import notify as notify_module

    with _recorded(ws, "notify", progress) as record:
        return record.step("notify", lambda: notify_module.notify(ws, backfill=backfill))


def record_failure(ws: Workspace, *, step: str, message: str) -> None:
    """Note in the ledger that something failed which started no run of its own, or could not note it."""
    with Ledger.of(ws) as ledger:
        run_id = uuid.uuid4().hex
        ledger.record_run(run_id, step, os.getpid(), socket.gethostname())
        ledger.finish_run(run_id, 1, message)


@dataclass
class _Record:
    """One run's records, as it goes."""

    ws: Workspace
    ledger: Ledger
    run_id: str
    progress: Progress | None
    reports: dict[str, Report] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def step(self, name: str, work: Callable[[], R]) -> R:
        """Do one step and note how it ended."""
        if self.progress is not None:
            self.progress(name)
        started_at, began = now(), time.monotonic()
        try:
            report = work()
        except BaseException as error:
            self._note_failure(name, started_at, error)
            raise
        self.reports[name] = report
        self.seconds[name] = round(time.monotonic() - began, 2)
        outcome = OUTCOMES.get(report.exit_code, "failed")
        self.ledger.record_step(self.run_id, name, started_at, outcome, report=report.as_dict())
        return report

    def warehouse_lock(self) -> AbstractContextManager[None]:
        """The warehouse's lock; says on the progress bar whom it waits for."""
        return locks.warehouse_lock(self.ws, on_wait=self._waiting)

    def _waiting(self, holder: locks.Holder | None) -> None:
        if self.progress is not None:
            who = f"{holder.command} (process {holder.pid})" if holder else "another process"
            self.progress(f"waiting for {who}")

    def _note_failure(self, name: str, started_at: datetime, error: BaseException) -> None:
        # The step's own error is the one to show, also where the ledger is what broke.
        with suppress(GapwatchError):
            self.ledger.record_step(self.run_id, name, started_at, "failed", _message(error))


@contextmanager
def _recorded(ws: Workspace, command: str, progress: Progress | None) -> Iterator[_Record]:
    with Ledger.of(ws) as ledger:
        record = _Record(ws, ledger, uuid.uuid4().hex, progress)
        ledger.record_run(record.run_id, command, os.getpid(), socket.gethostname())
        try:
            yield record
        except BaseException as error:
            with suppress(GapwatchError):
                ledger.finish_run(record.run_id, _exit_code(error), _message(error))
            raise
        codes = [report.exit_code for report in record.reports.values()]
        ledger.finish_run(record.run_id, max(codes, default=0))


def _exit_code(error: BaseException) -> int:
    if isinstance(error, GapwatchError):
        return error.exit_code
    return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def _message(error: BaseException) -> str:
    return str(error) if isinstance(error, GapwatchError) else f"{type(error).__name__}: {error}"

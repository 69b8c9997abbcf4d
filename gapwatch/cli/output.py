"""What the commands print: progress on standard error, reports and errors."""

from __future__ import annotations

import errno
import json
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import typer
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from gapwatch.errors import GapwatchError

#: Nothing is drawn for what ends sooner.
QUIET_SECONDS = 2.0
STEPS = frozenset(
    {
        "simulate",
        "ingest",
        "gate",
        "repair",
        "build",
        "publish",
        "notify",
        "doctor",
        "train",
        "backtest",
    }
)
ISSUE_STEP = "run the same command with --debug and report the traceback"
#: Errors of the system that mean "full", and those of a disk that fails.
_FULL = frozenset({errno.ENOMEM, errno.ENOSPC, errno.EDQUOT})
_FAILING = frozenset({errno.EIO, errno.EROFS})


@dataclass
class Settings:
    """How this process prints; set by the shared options."""

    debug: bool = False
    json: bool = False


settings = Settings()
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


class Bars:
    """One progress bar per step of a command, drawn once the command has run for a while.

    Calling it is the library's progress protocol, ``bars(label, done, total)``, with a ``total`` of
    None or 0 where it is not known. A label that names a step begins that step's bar; any other says
    what the step is at.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._step = ""
        self._task: TaskID | None = None
        # A timer, since a step may be long before it reports for the first time.
        self._timer = threading.Timer(QUIET_SECONDS, progress.start)
        self._timer.daemon = True
        self._timer.start()

    def __call__(self, label: str, done: int = 0, total: int | None = None) -> None:
        """Move the bar of the present step."""
        if self._task is None or (label in STEPS and label != self._step):
            self._finish()
            self._step = label
            self._task = self._progress.add_task(label, total=total or None)
        text = self._step if label == self._step else f"{self._step}: {label}"
        self._progress.update(self._task, description=text, completed=done, total=total or None)

    def stop(self) -> None:
        """Take the bars off the screen."""
        self._timer.cancel()
        self._progress.stop()

    def _finish(self) -> None:
        if self._task is not None:
            self._progress.update(self._task, description=self._step, total=1, completed=1)


@contextmanager
def progress() -> Iterator[Bars]:
    """Bars on standard error; silence where that is no terminal or JSON is asked for."""
    bars = Bars(
        Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<28}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=errors,
            transient=True,
            disable=settings.json or not errors.is_terminal,
        )
    )
    try:
        yield bars
    finally:
        bars.stop()


class Report(Protocol):
    """What a command ends with; an ``exit_code`` beside it is one of the documented ones."""

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""


@dataclass(frozen=True)
class Answer:
    """A report of a few fields."""

    values: Mapping[str, Any]
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return dict(self.values)


def show(report: Report) -> None:
    """Print a report: as JSON where asked for, else as tables."""
    if settings.json:
        print_json({**report.as_dict(), "exit_code": _exit_code(report)})
    else:
        console.print(_rendered(report))


def finish(report: Report) -> NoReturn:
    """Print a report and end the command with its exit code."""
    show(report)
    raise typer.Exit(_exit_code(report))


def print_json(report: Mapping[str, Any]) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(report, indent=2, default=str, ensure_ascii=False) + "\n")


def fail(error: BaseException) -> int:
    """Print an error as one paragraph (as JSON where JSON is asked for); returns the exit code."""
    if settings.debug:
        traceback.print_exception(error, file=sys.stderr)
    known = error if isinstance(error, GapwatchError) else _unknown(error)
    if settings.json:
        print_json(
            {
                "error": {
                    "what": known.what,
                    "where": known.where,
                    "rule": known.rule,
                    "next_step": known.next_step,
                },
                "exit_code": known.exit_code,
            }
        )
    errors.print(f"[bold red]Error:[/] {_escaped(str(known))}", soft_wrap=True)
    return known.exit_code


def _exit_code(report: Report) -> int:
    # Some reports have nothing but success to tell.
    return int(getattr(report, "exit_code", 0))


def _rendered(report: Any) -> RenderableType:
    from gapwatch.cli import render

    # By name, since importing the classes would import their modules into every command.
    own: dict[str, Callable[[Any], RenderableType]] = {
        "RunReport": render.run,
        "AlertList": render.alert_list,
        "Status": render.status,
        "Examination": render.examination,
        "Proposal": render.proposal,
        "Listing": render.listing,
        "TableReport": render.shares,
        "Training": render.shares,
        "RuleTrial": render.shares,
        "Backtest": render.shares,
    }
    renderer = own.get(type(report).__name__)
    return renderer(report) if renderer is not None else render.generic(report.as_dict())


def _unknown(error: BaseException) -> GapwatchError:
    from gapwatch.errors import InternalError, ResourceError

    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _FULL):
        return ResourceError(
            f"No room left: {error}",
            rule="resources",
            next_step="free disk space or memory, then run it again",
        )
    if isinstance(error, OSError) and error.errno in _FAILING:
        return ResourceError(
            f"The disk does not do what it is asked: {error}",
            rule="resources",
            next_step="look at the disk and how it is mounted (`gapwatch doctor`), then run it again",
        )
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else None
    return InternalError(
        f"{type(error).__name__}: {error}", where=where, rule="internal", next_step=ISSUE_STEP
    )


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)

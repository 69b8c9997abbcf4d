"""The gate: every landed batch passes, leaves rows in quarantine, is held, or its check crashed.

A batch is typed with the present mapping, judged by the suite of its contract, and written to raw in
one transaction. What crashed is tried again by the next run; what is held, after a fix, by
:func:`repair`. Rows that wait for an account or a question go on by themselves once it has arrived.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, takewhile
from time import perf_counter
from typing import Literal, Protocol

import duckdb

from gapwatch import batch_rules, gate_load, quarantine
from gapwatch.batches import Batch, list_batches
from gapwatch.errors import HeldError, UserError
from gapwatch.gate_report import HELD_OUTCOMES, BatchReport, GateReport, HeldBatch
from gapwatch.gate_stage import CHUNK_ROWS, Judged, judge, judge_together, stage
from gapwatch.locks import warehouse_lock
from gapwatch.sources import Source
from gapwatch.validation import Checker
from gapwatch.warehouse import write_connection
from gapwatch.workspace import Workspace

__all__ = ["BatchReport", "GateReport", "gate", "repair"]

#: Contracts that others refer to go first; the others keep the order in which they landed.
_FIRST = ("identities", "accounts", "contacts", "survey_questions")


#: Batches of at most so many records are judged together with their neighbours of the same source.
TOGETHER_ROWS = 100_000


class Progress(Protocol):
    """How steps report how far they are."""

    def __call__(self, label: str, done: int = 0, total: int | None = None) -> None:
        """``done`` of ``total`` (None: not known) of what ``label`` names."""


def gate(ws: Workspace, *, progress: Progress | None = None, backfill: bool = False) -> GateReport:
    """Take every landed batch that raw does not have yet, then the waiting rows that can go on.

    What an earlier run held is told again. With ``backfill`` an unusual volume is a notice. Raises
    LockBusyError, ResourceError, InternalError.
    """
    with _run(ws, progress, backfill=backfill) as run:
        run.forget_withdrawn()
        run.take(b for b in run.landed.values() if run.verdicts.get(b.batch_id, "crashed") == "crashed")
        run.tell_held()
    return run.report


def repair(
    ws: Workspace,
    *,
    batches: Sequence[str] | None = None,
    source: str | None = None,
    progress: Progress | None = None,
    backfill: bool = False,
) -> GateReport:
    """Replay quarantined rows and held batches with the mapping, questions and limits as they are now.

    ``batches`` (ids) and ``source`` narrow it down; a batch named by its id is taken whatever its
    volume. Raises UserError for a batch or source that does not exist, and what `gate` raises.
    """
    with _run(ws, progress, backfill=backfill, trusted=frozenset(batches or ())) as run:
        chosen = run.chosen(batches, source)
        run.take(b for b in chosen if run.verdicts.get(b.batch_id) in {None, "held", "crashed"})
        run.replay(b for b in chosen if run.verdicts.get(b.batch_id) in {"pass", "quarantine"})
    return run.report


@contextmanager
def _run(
    ws: Workspace, progress: Progress | None, *, backfill: bool, trusted: frozenset[str] = frozenset()
) -> Iterator[_Run]:
    with warehouse_lock(ws), write_connection(ws) as connection:
        run = _Run(ws, connection, progress, backfill=backfill, trusted=trusted)
        yield run
        run.admit()
        gate_load.write_sources(connection, ws.sources)


@dataclass
class _Run:
    """One run of the gate over an open warehouse."""

    ws: Workspace
    connection: duckdb.DuckDBPyConnection
    progress: Progress | None
    backfill: bool = False
    trusted: frozenset[str] = frozenset()
    report: GateReport = field(default_factory=GateReport)
    #: Verdicts of batches that were judged together, by batch id; None where one has to be judged alone.
    judged: dict[str, Judged | None] = field(default_factory=dict)

    @cached_property
    def checker(self) -> Checker:
        """Great Expectations, imported when the first batch needs it."""
        began = perf_counter()
        checker = Checker()
        self.report.seconds_starting += perf_counter() - began
        return checker

    @cached_property
    def verdicts(self) -> dict[str, str]:
        """Outcome of every batch that raw knows at the start."""
        return dict(self.connection.execute("select batch_id, outcome from raw._batches").fetchall())

    @cached_property
    def landed(self) -> dict[str, Batch]:
        """Landed batches of the workspace's sources by id, in the order in which they are taken."""
        known = {source.name for source in self.ws.sources}
        batches = list_batches(self.ws.landing_path)
        foreign = sorted({b.source for b in batches} - known)
        if foreign:
            self.report.notices.append(
                f"landing holds batches of {', '.join(foreign)}, which gapwatch.yml does not name: left alone"
            )
        mine = [b for b in batches if b.source in known]
        mine.sort(key=lambda b: _FIRST.index(b.contract) if b.contract in _FIRST else len(_FIRST))
        return {b.batch_id: b for b in mine}

    def chosen(self, batches: Sequence[str] | None, source: str | None) -> list[Batch]:
        """Landed batches of these ids and this source."""
        if source is not None:
            self.ws.source(source)
        for batch_id in batches or ():
            if batch_id not in self.landed:
                raise UserError(
                    f"There is no landed batch {batch_id!r}",
                    where=str(self.ws.landing_path),
                    rule="batch_known",
                    next_step="gapwatch status lists the batches",
                )
        wanted = set(batches) if batches else self.landed.keys()
        return [b for b in self.landed.values() if b.batch_id in wanted and source in {None, b.source}]

    def take(self, batches: Iterable[Batch]) -> None:
        """Gate whole batches."""
        todo = list(batches)
        for number, batch in enumerate(todo):
            self._tell(number, len(todo))
            source = self.ws.source(batch.source)
            entry = BatchReport(source.name, source.contract, batch.batch_id, batch.file, "pass")
            entry.records = batch.records
            entry.notices.extend(batch.notices)
            with self._timed():
                self._judge_ahead(source, todo[number:])
                self._take(source, batch, entry)
            self.report.batches.append(entry)
        if todo:
            self._tell(len(todo), len(todo))

    def forget_withdrawn(self) -> None:
        """Forget the held batches that somebody took out of landing: nothing of them is in raw."""
        gone = [
            batch_id
            for batch_id, outcome in self.verdicts.items()
            if outcome in HELD_OUTCOMES and batch_id not in self.landed
        ]
        for batch_id in gone:
            gate_load.forget(self.connection, batch_id)

    def tell_held(self) -> None:
        """Report the batches that earlier runs held and that are held still."""
        taken = {batch.batch_id for batch in self.report.batches}
        for batch_id, outcome in self.verdicts.items():
            if outcome == "held" and batch_id in self.landed and batch_id not in taken:
                self.report.still_held.append(_held(self.connection, batch_id))

    def replay(self, batches: Iterable[Batch]) -> None:
        """Replay all open rows of batches that are in raw."""
        for batch in batches:
            if quarantine.choose_open(self.connection, batch):
                self._replay(self.ws.source(batch.source), batch, "repaired")

    def admit(self) -> None:
        """Let waiting rows go on whose account or question has arrived, referred-to contracts first."""
        order = {name: place for place, name in enumerate(_FIRST)}
        for source in sorted(self.ws.sources, key=lambda s: order.get(s.contract, len(order))):
            for batch_id in quarantine.waiting_that_can_go_on(self.connection, source):
                if batch_id in self.landed:
                    quarantine.choose_ready(self.connection, self.landed[batch_id])
                    self._replay(source, self.landed[batch_id], "admitted")

    def _judge_ahead(self, source: Source, batches: Sequence[Batch]) -> None:
        """Judge the run of small batches of this source that begins here, all at once."""
        if not batches or batches[0].batch_id in self.judged:
            return
        run = list(takewhile(lambda b: b.source == source.name and b.records <= TOGETHER_ROWS, batches))
        total = list(accumulate(batch.records for batch in run))
        run = run[: bisect_right(total, CHUNK_ROWS)]
        self.judged = dict.fromkeys((batch.batch_id for batch in run), None)
        if len(run) > 1:
            self.judged |= judge_together(self.connection, source, run, self.checker, self.report)

    def _take(self, source: Source, batch: Batch, entry: BatchReport) -> None:
        try:
            batch_rules.check_records(self.connection, batch)
            entry.rows = stage(self.connection, source, batch)
            batch_rules.check_rows(batch, entry.rows)
            if self._judge(source, batch, entry):
                self._judge_whole(source, batch, entry)
        except HeldError as error:
            entry.outcome, entry.message = "held", str(error)
            entry.rows = entry.rows or batch.records
            entry.rules = {error.rule: entry.rows} if error.rule else {}
        except (duckdb.ProgrammingError, duckdb.DataError, duckdb.InternalException) as error:
            # Nothing is loaded and the others go on; what is short of memory or disk is not caught here.
            self._crashed(batch, entry, str(error).splitlines()[0])
        if entry.outcome in {"held", "crashed"}:
            entry.accepted = entry.quarantined = entry.waiting = 0
            gate_load.load_nothing(self.connection, source, batch, entry)
        else:
            gate_load.load(self.connection, source, batch, entry)

    def _replay(self, source: Source, batch: Batch, action: Literal["admitted", "repaired"]) -> None:
        entry = BatchReport(source.name, source.contract, batch.batch_id, batch.file, "pass", action)
        with self._timed():
            try:
                entry.rows = stage(self.connection, source, batch, only="chosen")
                is_judged = entry.rows > 0 and self._judge(source, batch, entry)
            except HeldError as error:
                self.report.notices.append(f"{batch.file} cannot be replayed: {error}")
                return
            if is_judged:
                gate_load.load_replayed(self.connection, source, batch, entry)
        # Rows whose check crashed, or whose cells the mapping no longer names, stay where they are.
        if entry.rows:
            self.report.batches.append(entry)

    def _judge(self, source: Source, batch: Batch, entry: BatchReport) -> bool:
        """Judge what is staged and count it; False where the check crashed."""
        known = self.judged.get(batch.batch_id) if entry.action == "loaded" else None
        verdict = judge(self.connection, source, batch, self.checker, self.report, known)
        entry.expectations_declared, entry.expectations_evaluated = verdict.declared, verdict.evaluated
        if verdict.crash is not None:
            self._crashed(batch, entry, verdict.crash)
            return False
        counts = self.connection.execute("select rule, status, count(*) from stopped group by all")
        for rule, status, count in sorted(counts.fetchall()):
            entry.rules[rule] = entry.rules.get(rule, 0) + count
            entry.waiting += count if status == "waiting" else 0
            entry.quarantined += count if status == "quarantined" else 0
        entry.accepted = entry.rows - entry.quarantined - entry.waiting
        if entry.quarantined:
            entry.outcome = "quarantine"
        if entry.rules:
            first = batch_rules.example(self.connection, batch, batch_rules.worst(entry.rules))
            entry.message = batch_rules.sentence(source, batch, entry.rules, entry.quarantined, first)
        return True

    def _judge_whole(self, source: Source, batch: Batch, entry: BatchReport) -> None:
        """The rules about the batch as a whole. Raises HeldError; their time counts as the checks'."""
        began = perf_counter()
        is_expected = self.backfill or batch.batch_id in self.trusted
        limits = self.ws.limits
        try:
            batch_rules.check_share(self.connection, source, batch, entry, limits)
            batch_rules.check_volume(self.connection, source, batch, entry, limits, is_expected=is_expected)
            batch_rules.notice_key_collisions(self.connection, source, batch, entry)
            batch_rules.notice_equal_versions(self.connection, source, batch, entry)
        finally:
            self.report.seconds_gate += perf_counter() - began

    def _crashed(self, batch: Batch, entry: BatchReport, why: str) -> None:
        entry.outcome = "crashed"
        entry.message = (
            f"The check of {batch.file} crashed and says nothing: {why}. Next: gapwatch gate tries it again."
        )

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Count what is spent neither in the checks nor in loading them as reading."""
        began, elsewhere = perf_counter(), self.report.seconds_gate + self.report.seconds_starting
        try:
            yield
        finally:
            elsewhere = self.report.seconds_gate + self.report.seconds_starting - elsewhere
            self.report.seconds_reading += perf_counter() - began - elsewhere

    def _tell(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress("Checking batches", done, total)


def _held(connection: duckdb.DuckDBPyConnection, batch_id: str) -> HeldBatch:
    columns = "source, contract, batch_id, file, outcome, rows, coalesce(message, '')"
    query = f"select {columns} from raw._batches where batch_id = ?"
    return HeldBatch(*connection.execute(query, [batch_id]).fetchall()[0])

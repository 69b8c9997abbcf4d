"""What the gate did, as data: per batch, per rule, and the exit code."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal["pass", "quarantine", "held", "crashed"]

#: Outcomes of batches of which nothing is let in.
HELD_OUTCOMES = ("held", "crashed")
EXIT_DONE = 0
EXIT_QUARANTINED = 10
EXIT_HELD = 11


@dataclass
class BatchReport:
    """One batch at the gate. ``rows`` = accepted + quarantined + waiting, or all held.

    ``action``: ``loaded`` (a new batch), ``admitted`` (waiting rows whose account or question has
    arrived) or ``repaired`` (replayed after a fix); for the latter two the counts are of the replayed rows.
    ``rules`` counts the rows that each rule stopped.
    """

    source: str
    contract: str
    batch_id: str
    file: str
    outcome: Outcome
    action: Literal["loaded", "admitted", "repaired"] = "loaded"
    records: int = 0
    rows: int = 0
    accepted: int = 0
    quarantined: int = 0
    waiting: int = 0
    message: str = ""
    rules: dict[str, int] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    expectations_declared: int = 0
    expectations_evaluated: int = 0


@dataclass(frozen=True)
class HeldBatch:
    """A batch that an earlier run held and that is still not let in."""

    source: str
    contract: str
    batch_id: str
    file: str
    outcome: Outcome
    rows: int
    message: str


@dataclass
class GateReport:
    """One run of the gate.

    ``still_held`` are told by every gate until they are settled: let in, or taken out of landing.
    Seconds apart: reading, typing and loading in DuckDB; the checks themselves; loading the library that
    checks, once a run.
    """

    batches: list[BatchReport] = field(default_factory=list)
    still_held: list[HeldBatch] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    seconds_reading: float = 0.0
    seconds_gate: float = 0.0
    seconds_starting: float = 0.0

    @property
    def rules(self) -> dict[str, int]:
        """Rows stopped by each rule, over all batches."""
        total: Counter[str] = Counter()
        for batch in self.batches:
            total.update(batch.rules)
        return dict(sorted(total.items()))

    @property
    def held(self) -> list[BatchReport | HeldBatch]:
        """Batches that are held or whose check crashed, in this run or in an earlier one."""
        return [*(batch for batch in self.batches if batch.outcome in HELD_OUTCOMES), *self.still_held]

    @property
    def exit_code(self) -> int:
        """11 as long as a batch is held or its check crashed, 10 when this run stopped rows, else 0."""
        if self.held:
            return EXIT_HELD
        return EXIT_QUARANTINED if any(b.quarantined or b.waiting for b in self.batches) else EXIT_DONE

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json`` and for the run's record."""
        return {
            "batches": [asdict(batch) for batch in self.batches],
            "still_held": [asdict(batch) for batch in self.still_held],
            "rules": self.rules,
            "notices": self.notices,
            "accepted": sum(batch.accepted for batch in self.batches),
            "quarantined": sum(batch.quarantined for batch in self.batches),
            "waiting": sum(batch.waiting for batch in self.batches),
            "held": sum(batch.rows for batch in self.held),
            "seconds_reading": round(self.seconds_reading, 3),
            "seconds_gate": round(self.seconds_gate, 3),
            "seconds_starting": round(self.seconds_starting, 3),
            "exit_code": self.exit_code,
        }

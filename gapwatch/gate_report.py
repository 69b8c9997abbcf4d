"""What the gate did, as data: per batch, per rule, and the exit code."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal["pass", "quarantine", "held", "crashed"]

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


@dataclass
class GateReport:
    """One run of the gate.

    Seconds apart: reading, typing and loading in DuckDB; the checks themselves; loading the library that
    checks, once a run.
    """

    batches: list[BatchReport] = field(default_factory=list)
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
    def exit_code(self) -> int:
        """11 when a batch was held or its check crashed, 10 when rows were stopped, else 0."""
        if any(batch.outcome in {"held", "crashed"} for batch in self.batches):
            return EXIT_HELD
        return EXIT_QUARANTINED if any(b.quarantined or b.waiting for b in self.batches) else EXIT_DONE

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json`` and for the run's record."""
        return {
            "batches": [asdict(batch) for batch in self.batches],
            "rules": self.rules,
            "notices": self.notices,
            "accepted": sum(batch.accepted for batch in self.batches),
            "quarantined": sum(batch.quarantined for batch in self.batches),
            "waiting": sum(batch.waiting for batch in self.batches),
            "held": sum(batch.rows for batch in self.batches if batch.outcome in {"held", "crashed"}),
            "seconds_reading": round(self.seconds_reading, 3),
            "seconds_gate": round(self.seconds_gate, 3),
            "seconds_starting": round(self.seconds_starting, 3),
            "exit_code": self.exit_code,
        }

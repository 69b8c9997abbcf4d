"""What an ingest did: the outcome of each file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

#: Called with the file at hand, the bytes dealt with and the bytes there are in all.
Progress = Callable[[str, int, int], None]

OUTCOMES = ("landed", "duplicate", "unchanged", "growing", "held")


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file.

    ``outcome``: landed (a new batch), duplicate (its content was landed under another name), unchanged
    (dealt with by an earlier run), growing (not taken yet), held (not taken: see ``rule``, ``message``).
    """

    source: str
    file: str
    outcome: str
    rule: str | None = None
    message: str | None = None
    batch_id: str | None = None
    records: int | None = None
    bytes: int = 0
    notices: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class IngestReport:
    """All files of one ingest, in the order they were looked at; instants are naive UTC."""

    started_at: datetime
    finished_at: datetime
    files: tuple[FileOutcome, ...]
    sources_without_files: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Files by outcome, all outcomes named."""
        found = Counter(file.outcome for file in self.files)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    @property
    def held(self) -> tuple[FileOutcome, ...]:
        """The files that were not taken and need a person."""
        return tuple(file for file in self.files if file.outcome == "held")

    @property
    def landed(self) -> tuple[FileOutcome, ...]:
        """The files that became new batches."""
        return tuple(file for file in self.files if file.outcome == "landed")

    @property
    def exit_code(self) -> int:
        """0 where all files were dealt with, 11 where one is held."""
        return 11 if self.held else 0

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat(),
            "counts": self.counts,
            "files": [asdict(file) | {"notices": list(file.notices)} for file in self.files],
            "sources_without_files": list(self.sources_without_files),
            "exit_code": self.exit_code,
        }

"""What the queries return about deliveries, and the steps of an overall gap; named like the columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Source:
    """Whether one source can be believed today, and what of it stands outside; instants are naive UTC."""

    source: str
    system: str | None
    contract: str
    state: str
    newest_known_at: datetime | None
    last_good_at: datetime | None
    expected_days: float | None
    n_rows: int
    n_quarantined: int
    n_waiting: int
    held_batch_id: str | None
    last_message: str | None


@dataclass(frozen=True)
class Reach:
    """How many clients have a number of one side that rests on a source; ``overall`` is any dimension."""

    source: str
    side: str
    service_dimension: str
    n_accounts: int


@dataclass(frozen=True)
class Stopped:
    """Rows of a source that one rule keeps out."""

    source: str
    contract: str
    rule: str
    column_name: str
    status: str
    n_rows: int
    n_batches: int
    first_stopped_at: datetime | None


@dataclass(frozen=True)
class GateDay:
    """What the gate made of one source's batches of one day."""

    source: str
    delivered_on: date
    outcome: str


@dataclass(frozen=True)
class Worked:
    """One step of a client's overall gap: a service dimension, from perception to its weighted part."""

    service_dimension: str
    paired_perception_score: float | None
    expectation_score: float | None
    satisfaction_gap: float | None
    n_paired: int
    gap_of_all: float | None
    kept_share: float | None
    gap_shrunk: float | None
    weight: float | None
    weighted_gap: float | None
    promise_gap: float | None
    n_promises: int | None
    situation: str | None

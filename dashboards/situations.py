"""What the queries return about felt beside factual, and what counts for how much; named like the columns."""

from __future__ import annotations

from dataclasses import dataclass

#: The four situations in the order a leader acts on them: what was broken and is not felt yet comes first.
SITUATIONS = ("factual_bad", "both_bad", "felt_bad", "both_good")


@dataclass(frozen=True)
class FeltPoint:
    """One client on one service dimension in one week: what they felt beside what we did."""

    account_id: str
    account_name: str | None
    tier: str | None
    region: str | None
    perception_shrunk_score: float | None
    perception_low_score: float | None
    perception_high_score: float | None
    n_contacts: int
    n_eligible: int
    promise_gap: float | None
    n_promises: int | None
    situation: str
    is_factual_good: bool | None = None

    @property
    def is_broken_unheard(self) -> bool:
        """Promises are broken, and nobody was heard who could say so."""
        return self.situation == "felt_unknown" and self.is_factual_good is False


@dataclass(frozen=True)
class Importance:
    """How much a service dimension counts by each of three weightings, and who stands behind the last two."""

    service_dimension: str
    default_weight: float | None
    stated_weight: float | None
    derived_weight: float | None
    n_stated: int | None
    n_derived: int | None

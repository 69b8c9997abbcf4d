"""What the queries return about the surveys themselves; named like the columns of the marts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Quality:
    """How well a survey measures one service dimension, over all waves that asked the same."""

    service_dimension: str
    n_complete: int
    gap_reliability: float | None
    is_gap_reliable: bool | None
    reliability_null_reason: str | None
    perception_alpha: float | None
    expectation_alpha: float | None
    perception_expectation_correlation: float | None
    perception_ceiling_share: float | None


@dataclass(frozen=True)
class SurveyScore:
    """NPS, CSAT (shares) or CES (a mean score) of a client or a cut, with its 95 % interval."""

    survey_kind: str
    measure: str
    value: float | None
    low_value: float | None
    high_value: float | None
    n_answers: int
    null_reason: str | None


@dataclass(frozen=True)
class Coverage:
    """How many of one kind of contact have been heard."""

    cut: str
    cut_value: str
    n_eligible: int
    n_heard: int


@dataclass(frozen=True)
class Restated:
    """What facts that arrived late changed in a closed week."""

    service_dimension: str
    week_start_on: date
    satisfaction_gap_before: float | None
    satisfaction_gap_after: float | None
    restated_as_of: datetime


@dataclass(frozen=True)
class Anonymous:
    """What anonymous surveys say of a cut on one service dimension, over one block of weeks."""

    service_dimension: str
    block_start_on: date
    perception_score: float | None
    expectation_score: float | None
    satisfaction_gap: float | None
    n_responses: int | None
    null_reason: str | None

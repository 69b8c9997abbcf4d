"""What the queries return about how far to believe a number, and why it moved; named like the columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Belief:
    """All that is known of one client on one service dimension in one week, felt and factual.

    ``low`` and ``high`` are ends of 95 % intervals; the ``silent`` ends are what the mean would be had
    everybody who was not heard answered the least or the most.
    """

    service_dimension: str
    perception_score: float | None
    perception_shrunk_score: float | None
    perception_low_score: float | None
    perception_high_score: float | None
    perception_silent_low_score: float | None
    perception_silent_high_score: float | None
    perception_trend: str | None
    perception_q_value: float | None
    expectation_score: float | None
    minimum_score: float | None
    satisfaction_gap: float | None
    gap_shrunk: float | None
    gap_low: float | None
    gap_high: float | None
    gap_trend: str | None
    gap_q_value: float | None
    zone_position: float | None
    n_contacts: int
    n_paired: int
    n_minimum: int
    n_inverted: int | None
    n_same_response: int | None
    n_eligible: int
    pairing_basis: str | None
    last_answered_on: date | None
    null_reason: str | None
    promise_gap: float | None
    n_promises: int | None
    situation: str | None


@dataclass(frozen=True)
class Overall:
    """A client over all service dimensions, under each of the three weightings."""

    satisfaction_gap: float | None
    gap_shrunk: float | None
    gap_low: float | None
    gap_high: float | None
    gap_by_stated_weights: float | None
    gap_by_derived_weights: float | None
    n_paired: int
    n_eligible: int
    last_answered_on: date | None
    null_reason: str | None
    stated_null_reason: str | None
    derived_null_reason: str | None


@dataclass(frozen=True)
class Change:
    """Why a client's gap moved against an earlier week; the parts add up to the change."""

    service_dimension: str
    weeks_before: int
    satisfaction_gap_before: float | None
    satisfaction_gap: float | None
    satisfaction_gap_change: float | None
    perception_part: float | None
    expectation_part: float | None
    weights_part: float | None
    respondent_mix_part: float | None
    n_stayers: int
    n_paired_before: int | None
    n_paired: int
    coverage_share_before: float | None
    coverage_share: float | None
    null_reason: str | None


@dataclass(frozen=True)
class PortfolioChange:
    """Why the mean gap of a cut moved: the clients heard at both ends, and those that came and went."""

    service_dimension: str
    weeks_before: int
    satisfaction_gap_before: float | None
    satisfaction_gap: float | None
    satisfaction_gap_change: float | None
    perception_part: float | None
    expectation_part: float | None
    weights_part: float | None
    respondent_mix_part: float | None
    joined_part: float | None
    left_part: float | None
    turnover_part: float | None
    n_stayed: int | None
    n_joined: int | None
    n_newly_heard: int | None
    n_left: int | None
    n_no_longer_heard: int | None
    n_accounts_paired_before: int | None
    n_accounts_paired: int
    coverage_share_before: float | None
    coverage_share: float | None
    null_reason: str | None


@dataclass(frozen=True)
class Part:
    """A row of a waterfall: a total stands from 0, a part where the one before it ended."""

    label: str
    value: float | None
    is_total: bool = False
    note: str = ""


@dataclass(frozen=True)
class ControlPoint:
    """A week of the control chart of new ratings; null before it begins."""

    service_dimension: str
    ewma_score: float | None
    ewma_mean_score: float | None
    ewma_low_score: float | None
    ewma_high_score: float | None
    is_out_of_control: bool | None

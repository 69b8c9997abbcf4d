"""What the queries return about the risk of losing clients; named like the columns of the marts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dashboards.rows import Standing

RELATIONSHIP = "relationship"  # stands for the service dimension of what belongs to none


@dataclass(frozen=True)
class RiskCounts:
    """Counts for the title: clients in view, at risk, silent; those that gave notice are apart."""

    n_clients: int
    n_given_notice: int
    n_at_risk: int
    n_silent: int


@dataclass(frozen=True)
class RenewalCounts:
    """Clients in view whose contract ends within the window, and those of them at risk."""

    n_clients: int
    n_renewing: int
    n_at_risk: int


@dataclass(frozen=True)
class Culprit:
    """In how many of the clients at risk this dimension is the culprit; a tie counts in each."""

    service_dimension: str
    n_clients: int


@dataclass(frozen=True)
class Risk:
    """One client's risk in one week, as known then; change against ``window_weeks`` before.

    A client that has given notice has no rank any more.
    """

    account_id: str
    week_start_on: date
    risk_score: float
    risk_band: str
    risk_rank: int | None
    risk_change: float | None
    churn_probability: float | None
    probability_null_reason: str | None
    culprit_dimension: str | None
    culprit_driver: str | None
    culprit_since_on: date | None
    culprit_weeks: int | None
    culprit_owner_role: str | None
    culprit_owner: str | None
    culprit_null_reason: str | None
    second_dimension: str | None
    second_driver: str | None
    contract_ends_on: date | None
    days_to_renewal: int | None
    annual_value: float | None
    currency: str | None
    tier: str | None
    region: str | None
    account_manager: str | None


@dataclass(frozen=True)
class RiskRow:
    """A client of the worklist: its risk, its name, what to do, and its standing on the culprit."""

    risk: Risk
    account_name: str | None
    play_en: str | None
    play_zh: str | None
    standing: Standing | None


@dataclass(frozen=True)
class Driver:
    """A driver of one client's risk in one week; the value before is that of ``window_weeks`` before."""

    driver: str
    service_dimension: str
    label_en: str
    label_zh: str
    points: float
    log_odds: float | None
    cap: float | None
    value: float | None
    value_before: float | None
    unit: str | None
    since_on: date | None
    owner_role: str | None
    owner: str | None
    evidence_kind: str | None
    evidence_keys: str | None
    n: int | None
    play_en: str | None
    play_zh: str | None


@dataclass(frozen=True)
class RiskPoint:
    """A week of a client's risk."""

    week_start_on: date
    risk_score: float
    risk_band: str


@dataclass(frozen=True)
class Lines:
    """Points from which a client is at risk, and from which the risk is high."""

    medium: float
    high: float


@dataclass(frozen=True)
class Evidence:
    """An alert, answer, ticket, delivery or meeting of a client."""

    lane: str
    evidence_id: str
    occurred_on: date
    state: str
    is_adverse: bool
    service_dimension: str | None
    score: float | None
    days_late: int | None


@dataclass(frozen=True)
class Loss:
    """A client that gave notice or left: what turned first, and what was done."""

    account_id: str
    account_name: str | None
    lost_on: date
    notice_given_on: date | None
    churned_on: date | None
    churn_reason: str | None
    tier: str | None
    region: str | None
    annual_value: float | None
    currency: str | None
    cause_kind: str
    culprit_dimension: str | None
    culprit_driver: str | None
    culprit_since_on: date | None
    weeks_before_notice: int | None
    owner_role: str | None
    owner: str | None
    days_flagged_before: int | None
    promises_broken: int | None
    last_heard_on: date | None
    first_alert_at: datetime | None
    first_acknowledged_at: datetime | None
    what_was_done: str | None


@dataclass(frozen=True)
class LossEvent:
    """Something on the way to a loss, so many whole weeks before it."""

    account_id: str
    occurred_on: date
    event: str
    service_dimension: str | None
    driver: str | None
    ended_on: date | None
    weeks_before_loss: int
    detail: str | None

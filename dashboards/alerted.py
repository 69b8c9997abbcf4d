"""What the queries return for the alerts page; named like the columns of the marts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AlertClient:
    """A client that an alert may be about, and its risk band of the newest week."""

    account_id: str
    account_name: str | None
    risk_band: str | None


@dataclass(frozen=True)
class RuleRecord:
    """How often a rule of alerts was right in the replay; nulls have their reason."""

    kind: str
    n_raised: int
    n_judged: int
    n_hits: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    base_rate: float | None
    median_lead_days: float | None
    false_per_owner_month: float | None
    null_reason: str | None

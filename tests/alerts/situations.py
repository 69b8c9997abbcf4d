"""Conditions as the marts would say them, written by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gapwatch.alerts.engine import Condition
from gapwatch.alerts.rules import Rule
from gapwatch.weeks import start_of

RULES = {
    rule.kind: rule
    for rule in (
        Rule("churn_risk", "1", "account", False, 15, 8, "account_manager", 0),
        Rule("perception_breach", "1", "account", False, 0.1, 8, None, 1),
        Rule("single_voice", "1", "account", True, 15, 8, "account_manager", 2),
        Rule("silence", "1", "account", False, 60, 8, "account_manager", 3),
        Rule("data_stale", "1", "source", True, 7, 1, "data_owner", 6),
    )
}


def condition(week: int, kind: str = "churn_risk", account: str = "A1", **changed: Any) -> Condition:
    """A condition beyond its opening line, since this week."""
    is_source = kind == "data_stale"
    plain = Condition(
        kind=kind,
        subject_kind="source" if is_source else "account",
        subject_id=account,
        account_id=None if is_source else account,
        service_dimension="",
        contact_id="C1" if kind == "single_voice" else "",
        week_id=week,
        is_opening=True,
        badness=5.0,
        value=65.0,
        opening_line=60.0,
        since_on=start_of(week).date(),
        n=12,
        owner_role="account_manager",
        risk_score=None if is_source else 65.0,
        evidence_kind="account",
        evidence_keys='["A1"]',
    )
    return replace(plain, **changed)

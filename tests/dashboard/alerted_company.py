"""The made-up company with a workspace file and alerts in a real ledger."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import fixture_snapshot

from gapwatch.ledger import Ledger, now
from gapwatch.ledger_tables import alerts
from gapwatch.workspace import load_workspace

SETTINGS = """\
version: 1
name: Test company
people:
  K. Braun: {emails: [braun@example.com]}
  Mei Lin: {emails: [lin@example.com]}
"""
#: (client, kind, service dimension, owner, state, days since, value)
RAISED: list[tuple[str | None, str, str, str, str, int, float]] = [
    ("A-001", "churn_risk", "trust", "K. Braun", "sent", 37, 62.0),
    ("A-002", "perception_breach", "trust", "A. Osei", "sent", 20, 0.86),
    ("A-003", "promise_overdue", "responsiveness", "Mei Lin", "failed", 16, 41.0),
    ("A-004", "expectation_inflation", "trust", "J. O'Neil", "pending", 9, 8.2),
    ("A-006", "single_voice", "business_understanding", "K. Braun", "sent", 8, 12.0),
    ("A-007", "silence", "", "A. Osei", "sent", 6, 94.0),
    ("A-008", "silence", "", "Mei Lin", "sent", 3, 80.0),
    ("A-009", "churn_risk", "responsiveness", "J. O'Neil", "acknowledged", 12, 31.0),
    (None, "data_stale", "", "Data team", "sent", 2, 9.0),
]


def publish(workspace: Path, *changes: str, settings: str = SETTINGS) -> Path:
    """The company with its alerts; returns the workspace."""
    fixture_snapshot.publish(workspace, *changes)
    (workspace / "gapwatch.yml").write_text(settings, encoding="utf-8")
    with Ledger.of(load_workspace(workspace)) as ledger, ledger.writing() as connection:
        for number, row in enumerate(RAISED, start=1):
            connection.execute(alerts.insert().values(_alert(number, *row)))
    return workspace


def _alert(
    number: int,
    account: str | None,
    kind: str,
    dimension: str,
    owner: str,
    state: str,
    days: int,
    value: float,
) -> dict[str, Any]:
    raised = now() - timedelta(days=days, hours=1)
    is_answered = state == "acknowledged"
    return {
        "alert_id": f"{number:012x}",
        "alert_key": f"key-{number}",
        "kind": kind,
        "subject_kind": "account" if account else "source",
        "subject_id": account or "deliveries",
        "account_id": account,
        "service_dimension": dimension,
        "contact_id": "",
        "raised_week_id": 2950,
        "raised_at": raised,
        "as_of": raised,
        "owner_role": "account_manager" if account else "data_owner",
        "owner": owner,
        "is_fallback_owner": False,
        "state": state,
        "value": value,
        "risk_score": 60.0 - number if account else None,
        "since_on": (raised - timedelta(days=30)).date(),
        "n": 3,
        "evidence_keys": json.dumps([]),
        "last_seen_week_id": 2950,
        "acknowledged_at": raised + timedelta(days=1) if is_answered else None,
        "acknowledged_by": "lin@example.com" if is_answered else None,
        "version": 1,
    }

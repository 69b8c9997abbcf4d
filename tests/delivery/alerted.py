"""A workspace with alerts in its ledger, and a snapshot with the rows that they were raised from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml
from sqlalchemy import insert, select, update

from gapwatch.alerts.outbox_rows import enqueue
from gapwatch.alerts.owners import named
from gapwatch.ledger import Ledger, now
from gapwatch.ledger_tables import alerts, delivery_attempts, outbox
from gapwatch.snapshots import POINTER, SnapshotInfo
from gapwatch.workspace import Workspace, load_workspace

WEEK = 2953
MONDAY = date(1970, 1, 5) + timedelta(weeks=WEEK)
AS_OF = datetime.fromisoformat("2026-08-16T18:00:00")
SNAPSHOT = "s1"
VARIABLE = "GAPWATCH_TEST_CHANNEL"


@dataclass
class Alerted:
    """One workspace; ``settings`` are those of gapwatch.yml."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        basic = {
            "version": 1,
            "name": "Sample company",
            "channels": {"hook": {"url": f"env:{VARIABLE}"}},
            "alerts": {"default_channels": ["hook"], "link_base": "https://gapwatch.firm.example"},
            "delivery": {
                "deadline_seconds": 5,
                "first_wait_seconds": 0.2,
                "max_attempts": 3,
                "stay_seconds": 0,
            },
        }
        self.settings = {**basic, **self.settings}
        self.write()

    def write(self) -> None:
        (self.folder / "gapwatch.yml").write_text(yaml.safe_dump(self.settings), encoding="utf-8")

    @property
    def ws(self) -> Workspace:
        return load_workspace(self.folder)

    def change(self, section: str, **values: Any) -> None:
        self.settings[section] = {**self.settings.get(section, {}), **values}
        self.write()

    def raise_alerts(self, *rows: Mapping[str, Any]) -> None:
        """Alerts with the rows of the outbox, as raising writes them."""
        ws = self.ws
        with Ledger.of(ws) as ledger, ledger.writing() as connection:
            for values in (alert(**row) for row in rows):
                connection.execute(insert(alerts).values(values))
                owner = named(ws, values["owner"], role="account_manager")
                enqueue(ledger, connection, values["alert_id"], owner, values["raised_at"], SNAPSHOT)

    def alerts(self) -> dict[str, str]:
        """State by alert."""
        return {row["alert_id"]: row["state"] for row in self._all(alerts)}

    def outbox(self) -> list[dict[str, Any]]:
        return sorted(self._all(outbox), key=lambda row: (row["created_at"], row["delivery_id"]))

    def attempts(self) -> list[dict[str, Any]]:
        return sorted(self._all(delivery_attempts), key=lambda row: row["attempt_id"])

    def set(self, **values: Any) -> None:
        """Change all rows of the outbox."""
        with Ledger.of(self.ws) as ledger, ledger.writing() as connection:
            connection.execute(update(outbox).values(**values))

    def _all(self, table: Any) -> list[dict[str, Any]]:
        with Ledger.of(self.ws) as ledger, ledger.reading() as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]


def alert(number: int = 1, **changed: Any) -> dict[str, Any]:
    """A row of ``alerts``: promises to Harbor Logistics were broken and it may leave."""
    account = changed.get("account_id", f"A-{number:03d}")
    kind, dimension = changed.get("kind", "churn_risk"), changed.get("service_dimension", "trust")
    row: dict[str, Any] = {
        "alert_id": f"alert-{number}",
        "alert_key": f"{kind}:account:{account}:{dimension}:{changed.get('contact_id', '')}:{WEEK}",
        "kind": kind,
        "subject_kind": "account",
        "subject_id": account,
        "account_id": account,
        "service_dimension": dimension,
        "contact_id": "",
        "driver": "factual_gap",
        "raised_week_id": WEEK,
        "raised_at": now(),
        "as_of": AS_OF,
        "snapshot_id": SNAPSHOT,
        "owner_role": "account_manager",
        "owner": "K. Braun",
        "is_fallback_owner": False,
        "tier": "gold",
        "state": "pending",
        "value": 72.5,
        "badness": 12.5,
        "opening_line": 60.0,
        "risk_score": 72.5,
        "since_on": MONDAY - timedelta(weeks=6),
        "n": 5,
        "evidence_kind": "promise",
        "evidence_keys": json.dumps(["P-17", "P-9"]),
        "due_on": date(2026, 8, 24),
        "last_seen_week_id": WEEK,
        "version": 1,
    }
    return {**row, **changed}


def publish(folder: Path, *, name: str = "Harbor Logistics", contact: str = "M. Sørensen") -> None:
    """The snapshot that the alerts were raised from, with its private sibling."""
    published = folder / "published"
    published.mkdir(parents=True, exist_ok=True)
    public, private = published / "snapshot-s1.duckdb", published / "private-s1.duckdb"
    with duckdb.connect(str(public)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.dim_accounts as select 'A-001' as account_id, ? as account_name", [name]
        )
        connection.execute(
            f"""create table marts.fct_alert_conditions as
                select 'churn_risk' as kind, 'A-001' as subject_id, 'trust' as service_dimension,
                       '' as contact_id, {WEEK} as week_id, 61.0 as value_before, false as is_provisional"""
        )
        connection.execute(
            f"""create table marts.fct_churn_risk_drivers as
                select 'A-001' as account_id, {WEEK} as week_id, d.*, date '2026-06-22' as since_on
                from (values ('factual_gap', 'trust', 44.0, -38.0, -12.0, 'score', 6),
                             ('silence', 'relationship', 28.5, 96.0, null, 'days', 3),
                             ('renewal_near', 'relationship', 2.0, 90.0, null, 'days', 0),
                             ('gap', 'trust', 0.0, 1.0, null, 'score', 3))
                     as d(driver, service_dimension, points, value, value_before, unit, n)"""
        )
        connection.execute(
            f"""create table marts.fct_churn_risk_weekly as
                select 'A-001' as account_id, {WEEK} as week_id, date '2026-12-31' as contract_ends_on,
                       120000.0 as annual_value, 'EUR' as currency"""
        )
        connection.execute(
            """create table marts.fct_rule_records as
               select 'churn_risk' as kind, 'v1' as rule_version, 30 as n_raised, 20 as n_judged,
                      14 as n_hits,
                      0.7 as precision, 0.481 as precision_low, 0.855 as precision_high,
                      52.0 as median_lead_days, 0.4 as false_per_owner_month,
                      timestamp '2026-08-16 18:00' as computed_as_of"""
        )
    with duckdb.connect(str(private)) as connection:
        connection.execute("create schema private")
        connection.execute(
            "create table private.contacts as select 'C-7' as contact_id, ? as display_name, 'm@x' as email",
            [contact],
        )
    info = SnapshotInfo(SNAPSHOT, public.name, private.name, "", "", "b1", AS_OF, AS_OF)
    for target in (published / "snapshot-s1.json", published / POINTER):
        target.write_text(info.to_json(), encoding="utf-8")

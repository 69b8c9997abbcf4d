"""What a message is made of: an alert's row with what the snapshot that raised it says, as JSON-ready facts.

The facts stay in the outbox, so that a message can be sent when its snapshot is pruned long since. Names of
people are not among them: a contact's name is looked up when the message is written (``contact_name``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import duckdb

from gapwatch import seeds, snapshots
from gapwatch.weeks import start_of

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace

#: Columns of ``alerts`` that a message may speak of.
ALERT_COLUMNS = (
    "alert_id", "alert_key", "kind", "subject_kind", "subject_id", "account_id", "service_dimension",
    "contact_id", "driver", "raised_week_id", "raised_at", "as_of", "snapshot_id", "owner_role", "owner",
    "tier", "value", "badness", "opening_line", "risk_score", "since_on", "n", "evidence_kind",
    "evidence_keys", "due_on",
)  # fmt: skip
MOST_DRIVERS = 8


@dataclass
class Facts:
    """Reads facts for one workspace; keeps the snapshot that it read last open. Use as a context manager."""

    ws: Workspace
    _open: dict[str, duckdb.DuckDBPyConnection | None] = field(default_factory=dict)

    def __enter__(self) -> Facts:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._open.values():
            if connection is not None:
                connection.close()

    def of(self, alert: Mapping[str, Any], language: str) -> dict[str, Any]:
        """The facts of a row of ``alerts``; what its snapshot no longer tells is left out."""
        facts: dict[str, Any] = {name: _plain(alert.get(name)) for name in ALERT_COLUMNS}
        facts["language"] = language
        facts["evidence_keys"] = _keys(alert.get("evidence_keys"))
        week = int(alert["raised_week_id"])
        facts["week_start_on"] = start_of(week).date().isoformat()
        facts["kind_label"] = self._label("alert_rules", "kind", alert["kind"], language)
        facts["unit"] = self._column("alert_rules", "kind", alert["kind"], "unit")
        facts["dimension_label"] = self._label(
            "service_dimensions", "service_dimension", alert["service_dimension"], language
        )
        facts["driver_label"] = self._label("risk_drivers", "driver", alert["driver"], language)
        facts["drivers"], facts["record"] = [], None
        connection = self._snapshot(str(alert["snapshot_id"] or ""))
        if connection is not None:
            facts |= self._read(connection, alert, week)
        for driver in facts["drivers"]:
            driver["label"] = self._label("risk_drivers", "driver", driver["driver"], language)
            driver["dimension_label"] = self._label(
                "service_dimensions", "service_dimension", driver["service_dimension"], language
            )
        facts["play"] = self._play(alert["driver"], alert["service_dimension"], language)
        facts["link"] = self._link(alert)
        return facts

    def _read(
        self, connection: duckdb.DuckDBPyConnection, alert: Mapping[str, Any], week: int
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        key = {"account": alert["account_id"], "week": week}
        named = _rows(
            connection, "select account_name from marts.dim_accounts where account_id = $account", key
        )
        if named:
            found["account_name"] = named[0]["account_name"]
        condition = _rows(
            connection,
            """select value_before, is_provisional from marts.fct_alert_conditions
               where kind = $kind and subject_id = $subject and service_dimension = $dimension
                 and contact_id = $contact and week_id = $week""",
            {
                "kind": alert["kind"],
                "subject": alert["subject_id"],
                "dimension": alert["service_dimension"],
                "contact": alert["contact_id"],
                "week": week,
            },
        )
        found |= condition[0] if condition else {}
        found["drivers"] = _rows(
            connection,
            f"""select driver, service_dimension, points, value, value_before, unit, since_on, n
                from marts.fct_churn_risk_drivers
                where account_id = $account and week_id = $week and points > 0
                order by round(points, 9) desc, driver, service_dimension limit {MOST_DRIVERS}""",
            key,
        )
        terms = _rows(
            connection,
            """select contract_ends_on, annual_value, currency from marts.fct_churn_risk_weekly
               where account_id = $account and week_id = $week""",
            key,
        )
        found |= terms[0] if terms else {}
        record = _rows(
            connection,
            """select n_raised, n_judged, n_hits, precision, precision_low, precision_high, median_lead_days,
                      false_per_owner_month, computed_as_of
               from marts.fct_rule_records where kind = $kind
               order by computed_as_of desc nulls last, rule_version limit 1""",
            {"kind": alert["kind"]},
        )
        found["record"] = record[0] if record and record[0]["n_judged"] else None
        return found

    def _snapshot(self, snapshot_id: str) -> duckdb.DuckDBPyConnection | None:
        if snapshot_id not in self._open:
            try:
                opened = snapshots.open_snapshot(self.ws.published_path, snapshot_id) if snapshot_id else None
            except snapshots.SnapshotMissingError:
                opened = None
            self._open[snapshot_id] = opened
        return self._open[snapshot_id]

    def _link(self, alert: Mapping[str, Any]) -> str:
        """The page that shows the evidence; empty where the workspace does not say where its screens are."""
        base = self.ws.alerts.link_base
        if not base:
            return ""
        page = "client" if alert["account_id"] else "alerts"
        asked = {
            "account": alert["account_id"],
            "dim": alert["service_dimension"],
            "alert": alert["alert_id"],
        }
        return f"{base.rstrip('/')}/{page}?{urlencode({k: v for k, v in asked.items() if v})}"

    def _label(self, seed: str, column: str, code: Any, language: str) -> str:
        text = self._column(seed, column, code, f"label_{language}")
        return text or str(code or "").replace("_", " ")

    def _column(self, seed: str, column: str, code: Any, wanted: str) -> str:
        for row in self._seeds.get(seed, []):
            if row[column] == code:
                return row.get(wanted) or ""
        return ""

    def _play(self, driver: Any, dimension: Any, language: str) -> str:
        plays = [row for row in self._seeds.get("plays", []) if row["driver"] == driver]
        plays.sort(key=lambda row: row["service_dimension"] != dimension)
        for row in plays:
            if row["service_dimension"] in {dimension, "*"}:
                return row[f"play_{language}"]
        return ""

    @cached_property
    def _seeds(self) -> dict[str, list[dict[str, str]]]:
        known = seeds.seed_files(self.ws)
        names = ("alert_rules", "service_dimensions", "risk_drivers", "plays")
        return {name: seeds.rows(self.ws, name) for name in names if f"{name}.csv" in known}


def contact_name(ws: Workspace, snapshot_id: str | None, contact_id: str) -> str | None:
    """A contact's name from the private sibling of a snapshot, else of the newest one; None where unknown."""
    for wanted in dict.fromkeys((snapshot_id, None)):
        try:
            connection = snapshots.open_snapshot(ws.published_path, wanted, private=True)
        except snapshots.SnapshotMissingError:
            continue
        with connection:
            rows = _rows(
                connection,
                "select display_name from private_snapshot.private.contacts where contact_id = $contact",
                {"contact": contact_id},
            )
        if rows and rows[0]["display_name"]:
            return str(rows[0]["display_name"])
    return None


def _rows(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    # A snapshot of an older program may lack a mart: the message then says less.
    with suppress(duckdb.CatalogException, duckdb.BinderException):
        used = {name: value for name, value in values.items() if f"${name}" in query}
        found = connection.execute(query, used)
        columns = [column[0] for column in found.description or []]
        return [dict(zip(columns, map(_plain, row), strict=True)) for row in found.fetchall()]
    return []


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal | float):
        return float(value) if math.isfinite(value) else None
    return value


def _keys(text: Any) -> list[str]:
    with suppress(TypeError, ValueError):
        found = json.loads(text)
        return [str(key) for key in found] if isinstance(found, list) else []
    return []

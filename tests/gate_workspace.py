"""A small company's sources as CSV text, landed and gated by the real steps, for the tests of the gate."""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml

from gapwatch import landing
from gapwatch.gate import GateReport, gate
from gapwatch.workspace import Workspace, load_workspace

#: Contract -> column -> value of a row that breaks no rule. Every column is mapped to itself.
GOOD: dict[str, dict[str, str]] = {
    "accounts": {
        "account_id": "A1",
        "account_name": "Acme",
        "tier": "S",
        "annual_value": "1000",
        "contract_started_on": "2020-01-01",
        "updated_at": "2025-01-01T00:00:00Z",
    },
    "identities": {
        "source": "desk",
        "kind": "account",
        "external_id": "desk-1",
        "internal_id": "A1",
        "updated_at": "2025-01-01T00:00:00Z",
    },
    "contacts": {
        "contact_id": "C1",
        "account_id": "A1",
        "relationship": "key",
        "is_decision_maker": "true",
        "valid_from": "2024-01-01",
        "updated_at": "2025-01-01T00:00:00Z",
    },
    "survey_questions": {
        "survey_id": "S1",
        "survey_kind": "relationship",
        "question_id": "Q1",
        "measure": "perception",
        "service_dimension": "trust",
        "scale_min": "1",
        "scale_max": "7",
        "is_anonymous": "false",
        "updated_at": "2024-01-01T00:00:00Z",
    },
    "survey_invitations": {
        "invitation_id": "I1",
        "survey_id": "S1",
        "account_id": "A1",
        "contact_id": "C1",
        "sent_at": "2025-01-01T00:00:00Z",
        "updated_at": "2025-01-01T00:00:00Z",
    },
    "survey_answers": {
        "response_id": "R1",
        "survey_id": "S1",
        "question_id": "Q1",
        "account_id": "A1",
        "contact_id": "C1",
        "submitted_at": "2025-01-02T00:00:00Z",
        "answer_value": "5",
        "updated_at": "2025-01-02T00:00:00Z",
    },
    "tickets": {
        "ticket_id": "T1",
        "account_id": "A1",
        "contact_id": "C1",
        "opened_at": "2025-01-01T08:00:00Z",
        "resolved_at": "2025-01-01T10:00:00Z",
        "status": "resolved",
        "reopen_count": "0",
        "is_sla_met": "true",
        "subject": "printer",
        "updated_at": "2025-01-01T10:00:00Z",
    },
    "ticket_events": {
        "event_id": "E1",
        "ticket_id": "T1",
        "occurred_at": "2025-01-01T09:00:00Z",
        "event": "responded",
    },
    "ticket_slas": {
        "ticket_id": "T1",
        "metric": "resolution",
        "cycle_seq": "1",
        "started_at": "2025-01-01T09:00:00Z",
        "updated_at": "2025-01-01T10:00:00Z",
    },
    "deliveries": {
        "delivery_id": "D1",
        "account_id": "A1",
        "kind": "milestone",
        "ordered_at": "2025-01-01T08:00:00Z",
        "acceptance_result": "accepted",
        "cancelled_by": "",
        "updated_at": "2025-01-05T00:00:00Z",
    },
    "delivery_promises": {
        "delivery_id": "D1",
        "promise_seq": "1",
        "promised_at": "2025-01-01T08:00:00Z",
        "due_on": "2025-02-01",
        "due_at": "",
        "requested_by": "us",
        "updated_at": "2025-01-01T08:00:00Z",
    },
    "interactions": {
        "interaction_id": "N1",
        "account_id": "A1",
        "occurred_at": "2025-01-01T08:00:00Z",
        "kind": "visit",
        "updated_at": "2025-01-01T08:00:00Z",
    },
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def csv(contract: str, *changes: dict[str, str], header: bool = True) -> str:
    """A file of good rows, one for each set of changes."""
    columns = list(GOOD[contract])
    lines = [",".join(columns)] if header else []
    for change in changes:
        values = {**GOOD[contract], **change}
        lines.append(",".join(f'"{values[c]}"' if values[c] else "" for c in columns))
    return "\n".join(lines) + "\n"


class Company:
    """A workspace with one source a contract (named as the contract), fed file by file."""

    def __init__(self, folder: Path, contracts: Sequence[str] = tuple(GOOD), **limits: Any) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.settings: dict[str, Any] = {
            "version": 1,
            "name": "Test company",
            "limits": {"quiet_seconds": 0, "memory": "1GB", "threads": 2, **limits},
            "sources": [
                {
                    "name": contract,
                    "system": "crm" if contract == "accounts" else "desk",
                    "contract": contract,
                    "reader": "csv",
                    "path": f"inbox/{contract}-*.csv",
                    "columns": {column: column for column in GOOD[contract]},
                }
                for contract in contracts
            ],
        }
        self._files = 0

    def source(self, name: str) -> dict[str, Any]:
        """The settings of one source, to be changed in place."""
        return next(source for source in self.settings["sources"] if source["name"] == name)

    def deliver(self, contract: str, *changes: dict[str, str], name: str | None = None) -> str:
        """Write one file of good rows with changes to the inbox; returns its path."""
        return self.deliver_text(contract, csv(contract, *changes), name=name)

    def deliver_text(self, contract: str, text: str, *, name: str | None = None) -> str:
        self._files += 1
        path = self.folder / "inbox" / f"{contract}-{name or f'{self._files:03d}'}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        # Files land in the order of their delivery, whatever the clock's resolution.
        os.utime(path, (1_700_000_000 + self._files, 1_700_000_000 + self._files))
        return str(path.relative_to(self.folder))

    def load(self) -> Workspace:
        (self.folder / "gapwatch.yml").write_text(yaml.safe_dump(deepcopy(self.settings), sort_keys=False))
        return load_workspace(self.folder)

    def ingest(self) -> Workspace:
        ws = self.load()
        report = landing.ingest(ws)
        assert report.exit_code == 0, report.as_dict()
        return ws

    def gate(self, **options: Any) -> GateReport:
        """Land what is in the inbox and gate it."""
        return gate(self.ingest(), **options)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def digest(company: Company) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that two runs must agree on: all tables without clock instants, in a fixed order."""
    clocks = {"_loaded_at", "loaded_at", "landed_at", "quarantined_at", "resolved_at", "file_sha256"}
    tables = company.query(
        "select table_schema, table_name, list(column_name order by ordinal_position) "
        "from information_schema.columns where table_schema in ('raw', 'quarantine') "
        "group by all order by all"
    )
    found = {}
    for schema, table, columns in tables:
        kept = ", ".join(f'"{c}"' for c in columns if c not in clocks)
        found[f"{schema}.{table}"] = company.query(f'select {kept} from {schema}."{table}" order by all')
    return found

"""A company of a few hundred rows in eight files, and a second delivery that completes the first.

The first delivery has a row for quarantine, rows that wait for an account, and a batch that is held; the
second brings the account, newer and late versions, and new facts.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

#: Monday; facts lie in the five weeks after it.
START = datetime.fromisoformat("2025-03-03T09:00:00")
#: Account that tickets and answers name before the second delivery brings it.
LATE_ACCOUNT = "A5"
MEASURES = (("E", "expectation"), ("P", "perception"))
DIMENSIONS = ("responsiveness", "trust")

_KEYS = {
    "accounts": "account_id account_name tier region contract_started_on updated_at",
    "contacts": "contact_id account_id display_name email relationship valid_from updated_at",
    "survey_questions": "survey_id survey_kind question_id measure service_dimension item_id scale_min "
    "scale_max updated_at",
    "survey_answers": "response_id survey_id question_id account_id contact_id submitted_at answer_value "
    "updated_at",
    "tickets": "ticket_id account_id contact_id opened_at first_response_at resolved_at resolution_due_at "
    "status priority updated_at",
    "deliveries": "delivery_id account_id kind ordered_at delivered_at updated_at",
    "delivery_promises": "delivery_id promise_seq promised_at due_on updated_at",
    "interactions": "interaction_id account_id occurred_at kind updated_at",
}
CONTRACTS = {contract: tuple(columns.split()) for contract, columns in _KEYS.items()}
_SYSTEMS = {"accounts": "crm", "contacts": "crm", "interactions": "crm"}

Row = dict[str, Any]


def make(folder: Path, *, sources: Iterable[str] = tuple(CONTRACTS), **limits: Any) -> Path:
    """Write the settings of the company, without a file of data yet; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "version": 1,
        "name": "Tiny company",
        "roots": ["inbox"],
        "limits": {"quiet_seconds": 0, "memory": "1GB", "threads": 2, "keep_snapshots": 1, **limits},
        "sources": [source(contract) for contract in sources],
    }
    (folder / "inbox").mkdir(exist_ok=True)
    (folder / "gapwatch.yml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return folder


def change_settings(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Read gapwatch.yml, change it, write it."""
    path = folder / "gapwatch.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(settings)
    path.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")


def source(contract: str, **changes: Any) -> dict[str, Any]:
    """Settings of the source of one contract: every column mapped to itself."""
    return {
        "name": contract,
        "system": _SYSTEMS.get(contract, "desk"),
        "contract": contract,
        "reader": "csv",
        "path": f"inbox/{contract}-*.csv",
        "columns": {column: column for column in CONTRACTS[contract]},
        **changes,
    }


def deliver_first(folder: Path) -> None:
    """The first delivery: all sources, an account still missing."""
    for contract, rows in first_delivery().items():
        write(folder, f"{contract}-1.csv", text(contract, rows))


def deliver_second(folder: Path) -> None:
    """The second delivery: three sources."""
    for contract, rows in second_delivery().items():
        write(folder, f"{contract}-2.csv", text(contract, rows))


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """Put a file into the inbox, whole at once."""
    path = folder / "inbox" / name
    hidden = folder / f".{name}.tmp"
    hidden.write_bytes(content.encode() if isinstance(content, str) else content)
    hidden.replace(path)
    return path


def text(contract: str, rows: Iterable[Row], columns: Iterable[str] | None = None) -> str:
    """Rows as CSV, in the order of the contract's columns or another one."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns or CONTRACTS[contract]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def first_delivery() -> dict[str, list[Row]]:
    """Contract -> rows."""
    contacts = [f"C{n}" for n in range(8)]
    return {
        "accounts": [account(f"A{n}") for n in range(4)],
        "contacts": [contact(name, f"A{n % 4}") for n, name in enumerate(contacts)],
        "survey_questions": [
            question(letter, measure, d) for letter, measure in MEASURES for d in DIMENSIONS
        ],
        "survey_answers": [
            row
            for wave in range(2)
            for n in range(8)
            for row in response(f"R{wave}-{n}", f"A{n % 4}", f"C{n}", wave * 14 + n % 5, n)
        ]
        + response("R9", LATE_ACCOUNT, "C9", 16, 3),
        "tickets": [ticket(f"T{n}", f"A{n % 4}", n % 28) for n in range(40)]
        + [ticket(f"L{n}", LATE_ACCOUNT, 3 + n) for n in range(5)]
        + [{**ticket("T-bad", "A1", 6), "status": "on the moon"}],
        "deliveries": [delivery(f"D{n}", f"A{n % 4}", n) for n in range(16)],
        "delivery_promises": [promise(f"D{n}", 1, n, n + 6) for n in range(16)],
        "interactions": [interaction(n, "visit" if n % 8 else "carrier pigeon") for n in range(104)],
    }


def second_delivery() -> dict[str, list[Row]]:
    """Contract -> rows: the late account, newer and older versions, new facts of an older week."""
    return {
        "accounts": [account(LATE_ACCOUNT), {**account("A2"), "tier": "B", "updated_at": _at(24)}],
        "tickets": [
            {**ticket(f"T{n}", f"A{n % 4}", n % 28), "status": "closed", "updated_at": _at(30)}
            for n in range(6)
        ]
        + [ticket("T-late", "A3", 1)],
        "survey_answers": response("R10", "A0", "C0", 31, 6) + response("R11", "A1", "C1", 2, 1),
    }


def account(account_id: str) -> Row:
    """One client of tier S."""
    name = f"Client {account_id}"
    return _row("accounts", account_id, name, "S", "EMEA", "2024-01-01", "2025-01-01T00:00:00Z")


def contact(contact_id: str, account_id: str) -> Row:
    """One person."""
    person = f"Person {contact_id}"
    mail = f"{contact_id}@example.org".lower()
    return _row("contacts", contact_id, account_id, person, mail, "key", "2024-01-01", "2025-01-01T00:00:00Z")


def question(letter: str, measure: str, dimension: str) -> Row:
    """The expectation or the perception of one dimension."""
    name = f"{letter}-{dimension}"
    started = "2025-01-01T00:00:00Z"
    return _row("survey_questions", "S1", "relationship", name, measure, dimension, dimension, 1, 7, started)


def response(response_id: str, account_id: str, contact_id: str, day: int, mood: int) -> list[Row]:
    """All answers of one questionnaire."""
    values: dict[str, Callable[[int], int]] = {"E": lambda m: 7 - m % 2, "P": lambda m: 2 + m % 5}
    return [
        _row(
            "survey_answers",
            response_id,
            "S1",
            f"{letter}-{dimension}",
            account_id,
            contact_id,
            _at(day),
            values[letter](mood + place),
            _at(day, 1),
        )
        for letter, _ in MEASURES
        for place, dimension in enumerate(DIMENSIONS)
    ]


def ticket(ticket_id: str, account_id: str, day: int) -> Row:
    """A ticket answered within an hour; each third one is resolved too late."""
    late = 9 if day % 3 == 0 else 3
    return _row(
        "tickets",
        ticket_id,
        account_id,
        "",
        _at(day),
        _at(day, 1),
        _at(day, late),
        _at(day, 5),
        "resolved",
        "high",
        _at(day, late),
    )


def delivery(delivery_id: str, account_id: str, day: int) -> Row:
    """Ordered on one day, delivered a week later."""
    return _row("deliveries", delivery_id, account_id, "milestone", _at(day), _at(day + 7), _at(day + 7, 1))


def promise(delivery_id: str, sequence: int, day: int, due: int) -> Row:
    """A promised day."""
    due_on = (START + timedelta(days=due)).date().isoformat()
    return _row("delivery_promises", delivery_id, sequence, _at(day), due_on, _at(day))


def interaction(number: int, kind: str) -> Row:
    """A visit, or something that the contract does not know."""
    return _row("interactions", f"N{number}", f"A{number % 4}", _at(number % 28), kind, _at(number % 28))


def _row(contract: str, *values: Any) -> Row:
    return dict(zip(CONTRACTS[contract], values, strict=True))


def _at(day: int, hours: int = 0) -> str:
    return (START + timedelta(days=day, hours=hours)).isoformat() + "Z"

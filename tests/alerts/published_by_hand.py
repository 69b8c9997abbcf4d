"""A workspace whose published snapshot is written by hand: conditions and accounts, nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml

from gapwatch.alerts.engine import Condition
from gapwatch.ledger import now
from gapwatch.snapshots import POINTER, SnapshotInfo
from gapwatch.weeks import start_of, week_of
from gapwatch.workspace import Workspace, load_workspace
from tests.alerts.situations import condition

_TYPES = {"week_id": "integer", "is_opening": "boolean", "since_on": "date", "n": "integer"}
_DOUBLES = ("badness", "value", "opening_line", "risk_score")
ROLES = ("account_manager", "solution_manager", "delivery_manager", "channel_manager")

SETTINGS: dict[str, Any] = {
    "version": 1,
    "name": "By hand",
    "channels": {"mail": {"url": "env:MAIL"}, "chat": {"url": "env:CHAT"}},
    "people": {
        "Li": {"channels": ["mail", "chat"]},
        "Wang": {"channels": ["mail"], "digest": "daily", "language": "zh"},
    },
}

#: Account -> tier and managers.
ACCOUNTS: dict[str, dict[str, str | None]] = {
    "A1": {"tier": "S", "account_manager": "Li", "delivery_manager": "Wang"},
    "A2": {"tier": "C", "account_manager": "Li"},
    "A3": {"tier": None, "account_manager": None},
}


def workspace(folder: Path, **settings: Any) -> Workspace:
    """A workspace without sources; ``settings`` replace whole sections."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gapwatch.yml").write_text(
        yaml.safe_dump(SETTINGS | settings, allow_unicode=True), encoding="utf-8"
    )
    return load_workspace(folder)


def publish(
    ws: Workspace,
    as_of: datetime,
    conditions: Iterable[Condition],
    accounts: dict[str, dict[str, str | None]] = ACCOUNTS,
) -> SnapshotInfo:
    """Put out a snapshot as the publish step would, of these conditions."""
    folder = ws.published_path
    folder.mkdir(exist_ok=True)
    snapshot_id = f"{as_of:%Y%m%d-%H%M%S}"
    info = SnapshotInfo(
        snapshot_id=snapshot_id,
        file=f"snapshot-{snapshot_id}.duckdb",
        private_file=f"private-{snapshot_id}.duckdb",
        sha256="",
        private_sha256="",
        build_id="by hand",
        created_at=as_of,
        as_of=as_of,
    )
    path = folder / info.file
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        names = [column.name for column in fields(Condition)]
        typed = ", ".join(f"{name} {_type(name)}" for name in names)
        connection.execute(f"create table marts.fct_alert_conditions ({typed})")
        rows = [list(asdict(one).values()) for one in conditions]
        if rows:
            marks = ", ".join("?" * len(names))
            connection.executemany(f"insert into marts.fct_alert_conditions values ({marks})", rows)
        columns = ("account_id", "tier", *ROLES)
        typed = ", ".join(f"{column} varchar" for column in columns)
        connection.execute(f"create table marts.dim_accounts ({typed}, is_active boolean)")
        for account_id, known in accounts.items():
            values = [account_id, *(known.get(column) for column in columns[1:]), True]
            connection.execute("insert into marts.dim_accounts values (?, ?, ?, ?, ?, ?, ?)", values)
    info = replace(info, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    show(ws, info, as_of)
    return info


def show(ws: Workspace, info: SnapshotInfo, as_of: datetime) -> None:
    """The same snapshot as it would be named at an instant."""
    text = replace(info, as_of=as_of).to_json()
    for name in (f"snapshot-{info.snapshot_id}.json", POINTER):
        (ws.published_path / name).write_text(text, encoding="utf-8")


def this_week() -> int:
    """The newest closed week, by today's calendar."""
    return week_of(now()) - 1


def today(hours: int = 0) -> datetime:
    """An instant of the running week, close to its start."""
    return start_of(this_week() + 1) + timedelta(hours=1 + hours)


def three_conditions() -> list[Condition]:
    """One for each account of the newest closed week."""
    return [condition(this_week(), account=account) for account in ACCOUNTS]


def _type(name: str) -> str:
    return "double" if name in _DOUBLES else _TYPES.get(name, "varchar")

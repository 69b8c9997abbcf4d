"""Published snapshots of a small made-up company, in the layout and with the columns of the marts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
import yaml

from gapwatch.snapshots import POINTER, SnapshotInfo, digest

SCRIPTS = [
    Path(__file__).with_name(f"fixture_{name}.sql") for name in ("snapshot", "deliveries", "risk", "alerts")
]
SETTINGS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "settings.csv"
MARTS = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "marts"


def recent_instant() -> datetime:
    """Three hours ago, on the minute: a snapshot as of then is fresh."""
    return datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0) - timedelta(hours=3)


def publish(workspace: Path, *changes: str, snapshot_id: str = "0f3a", as_of: datetime | None = None) -> Path:
    """Publish the made-up company, after SQL ``changes`` to it; returns the workspace."""
    published = workspace / "published"
    published.mkdir(parents=True, exist_ok=True)
    as_of = as_of or recent_instant()
    path = published / f"snapshot-{snapshot_id}.duckdb"
    with duckdb.connect(str(path)) as connection:
        # Parameters cannot be bound to a script of several statements.
        for each in SCRIPTS:
            script = each.read_text(encoding="utf-8").replace("$snapshot_id", f"'{snapshot_id}'")
            script = script.replace("$seeds", str(SETTINGS.parent))
            connection.execute(script.replace("$as_of", f"'{as_of}'"))
        connection.execute(
            "create table meta.settings as "
            "select name, value::double as value, unit, reason, false as is_own "
            f"from read_csv('{SETTINGS}')"
        )
        _keep_the_contract(connection)
        for change in changes:
            connection.execute(change)
        connection.execute("CHECKPOINT")
    info = SnapshotInfo(
        snapshot_id=snapshot_id,
        file=path.name,
        private_file=f"private-{snapshot_id}.duckdb",
        sha256=digest(path),
        private_sha256="",
        build_id=f"build-{snapshot_id}",
        created_at=as_of,
        as_of=as_of,
    )
    (published / f"snapshot-{snapshot_id}.json").write_text(info.to_json(), encoding="utf-8")
    pointer = published / f"{POINTER}.new"
    pointer.write_text(info.to_json(), encoding="utf-8")
    pointer.replace(published / POINTER)
    return workspace


def _keep_the_contract(connection: duckdb.DuckDBPyConnection) -> None:
    """Give every column the type of its mart's contract; a column no mart has raises KeyError."""
    made = connection.execute(
        "select table_name, column_name, lower(data_type) from information_schema.columns "
        "where table_schema = 'marts'"
    ).fetchall()
    for mart, column, data_type in made:
        agreed = contracts()[mart][column]
        if data_type != agreed:
            connection.execute(f"alter table marts.{mart} alter column {column} set data type {agreed}")


@cache
def contracts() -> dict[str, dict[str, str]]:
    """Data type of every column of every mart, as its model promises it."""
    models = [
        model
        for path in sorted(MARTS.rglob("*__models.yml"))
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    ]
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for model in models
    }

"""One model's own SQL, as dbt compiled it for a full build, over tables of a test's choosing.

A build takes half a minute and a query a few milliseconds: random tables by the hundred need the latter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from gapwatch.workspace import Workspace

Rows = Sequence[Mapping[str, Any]]


class CompiledModel:
    """A model of a built workspace. ``given`` maps each relation it reads, as ``schema.name``, to the
    types of the columns it needs.
    """

    def __init__(self, ws: Workspace, path: str, given: Mapping[str, Mapping[str, str]]) -> None:
        compiled: Path = ws.state_path / "dbt/target/compiled/gapwatch/models" / path
        self.sql = compiled.read_text(encoding="utf-8")
        self.given = given
        self.connection = duckdb.connect()
        self.connection.execute("attach ':memory:' as warehouse")
        for relation, columns in given.items():
            schema, name = relation.split(".")
            listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
            self.connection.execute(f"create schema if not exists warehouse.{schema}")
            self.connection.execute(f"create table warehouse.{schema}.{name} ({listed})")

    def run(self, tables: Mapping[str, Rows]) -> list[dict[str, Any]]:
        """The model's rows over these tables; a table left out is empty, a column left out null."""
        for relation, columns in self.given.items():
            self.connection.execute(f"delete from warehouse.{relation}")
            rows = [[row.get(column) for column in columns] for row in tables.get(relation, [])]
            if rows:
                places = ", ".join("?" for _ in columns)
                self.connection.executemany(f"insert into warehouse.{relation} values ({places})", rows)
        found = self.connection.execute(self.sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

"""The attached snapshot a page reads: which one, and rows of a query as row types."""

from __future__ import annotations

import os
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import streamlit as st

from dashboards.rows import Filters, GapPoint, Snapshot
from gapwatch import snapshots
from gapwatch.access.rows import filter_rows
from gapwatch.access.viewers import Viewer

Row = TypeVar("Row")

# Where one of two lines is missing there is nothing to shade.
SHADES = """
    case when {p} is not null and expectation_score is not null
         then least({p}, expectation_score) end as lower,
    case when {p} is not null and minimum_score is not null
         then least({p}, minimum_score) end as lower_minimum
"""


# Of a dataclass Streamlit hashes field by field, in every call; its text says the same.
_KEYS = {Snapshot: repr, Filters: repr}
#: A copy of the answer for each page that asks.
cached = partial(st.cache_data, show_spinner=False, hash_funcs=_KEYS)
#: One answer for all pages that ask, of what they cannot change: copying thousands of rows takes longer than
#: drawing the page, and nobody else's page goes on meanwhile.
shared_by_all = partial(st.cache_resource, show_spinner=False, hash_funcs=_KEYS)


class QueryFailedError(Exception):
    """A query did not run on this snapshot; ``tables`` names what it reads."""

    def __init__(self, tables: str, snapshot_id: str) -> None:
        super().__init__(f"{tables} in snapshot {snapshot_id}")
        self.tables = tables
        self.snapshot_id = snapshot_id


def named_snapshot(snapshot_id: str | None, viewer: Viewer) -> Snapshot:
    """The snapshot with this id, or the newest, as the viewer may see it; raises SnapshotMissingError."""
    folder = published_folder()
    return Snapshot(str(folder), snapshots.find(folder, snapshot_id).snapshot_id, viewer)


def published_folder() -> Path:
    """Where this workspace publishes; ``gapwatch serve`` names the workspace and the folder."""
    named = os.environ.get("GAPWATCH_PUBLISHED")
    return Path(named or Path(os.environ.get("GAPWATCH_WORKSPACE", ".")) / "published").resolve()


def select(
    kind: type[Row],
    snapshot: Snapshot,
    tables: str,
    source: str,
    *,
    before: str = "",
    renamed: dict[str, str] | None = None,
    **values: Any,
) -> list[Row]:
    """Rows of ``kind`` from ``source`` (a from clause); ``before`` holds the CTEs it refers to."""
    chosen = ", ".join((renamed or {}).get(name, name) for name in columns(kind))
    return [kind(*row) for row in fetch(snapshot, tables, f"{before} select {chosen} {source}", **values)]


def fetch(snapshot: Snapshot, tables: str, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """Rows of a query with its named values bound; raises QueryFailedError naming ``tables``."""
    try:
        # A connection is not for several threads at once; a cursor of it is cheap, but forgets its schema.
        cursor = _connection(snapshot).cursor()
        try:
            cursor.execute(f"use {'snapshot' if snapshot.viewer.scope.is_everything else 'memory'}")
            return cursor.execute(sql, values or None).fetchall()
        finally:
            cursor.close()
    except duckdb.Error as error:
        raise QueryFailedError(tables, snapshot.snapshot_id) from error


def columns(kind: type[Any]) -> list[str]:
    """The mart columns a row type is made of, in its order."""
    return [field.name for field in fields(kind)]


def by_dimension(points: list[GapPoint]) -> dict[str, list[GapPoint]]:
    """Points of a chart per service dimension, in their order."""
    found: dict[str, list[GapPoint]] = {}
    for point in points:
        found.setdefault(point.service_dimension, []).append(point)
    return found


@shared_by_all(max_entries=64)
def _connection(snapshot: Snapshot) -> duckdb.DuckDBPyConnection:
    connection = snapshots.open_snapshot(Path(snapshot.folder), snapshot.snapshot_id)
    if not snapshot.viewer.scope.is_everything:
        filter_rows(connection, snapshot.viewer.scope)
    return connection

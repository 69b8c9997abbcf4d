"""The border out: the marts are checked before a snapshot is published, and a failure stops it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from gapwatch.casts import identifier
from gapwatch.gate_stage import one

if TYPE_CHECKING:
    from expectations.marts import Mart
    from gapwatch.validation import Checker

CHUNK_ROWS = 1_000_000


@dataclass(frozen=True)
class MartFailure:
    """A rule that a mart breaks (``failed``), or a check that says nothing (``crashed``).

    ``rows`` counts the rows that break it, ``example`` is the key of the first one.
    """

    mart: str
    outcome: Literal["failed", "crashed"]
    rule: str
    column: str | None
    rows: int
    example: str

    def __str__(self) -> str:
        where = f"marts.{self.mart}{f'.{self.column}' if self.column else ''}"
        if self.outcome == "crashed":
            return f"{where}: the check crashed: {self.example}"
        return f"{where}: {self.rows} rows break {self.rule}, first {self.example}"


def check_marts(
    connection: duckdb.DuckDBPyConnection, *, catalog: str | None = None, schema: str = "marts"
) -> list[str]:
    """Check the marts of an attached database; what they break, in sentences. An empty list lets them out."""
    return [str(failure) for failure in mart_failures(connection, catalog=catalog, schema=schema)]


def mart_failures(
    connection: duckdb.DuckDBPyConnection, *, catalog: str | None = None, schema: str = "marts"
) -> list[MartFailure]:
    """What the marts break, as data.

    Large marts are checked by whole weeks, about a million rows at a time.
    """
    from gapwatch.validation import Checker

    # First, since it keeps quiet what Great Expectations warns of while it is imported.
    checker = Checker()
    from expectations.marts import marts

    found: list[MartFailure] = []
    for mart in marts():
        names = [name for name in (catalog, schema, mart.table) if name is not None]
        table = ".".join(identifier(name) for name in names)
        rows = int(one(connection, f"select count(*) from {table}"))
        if rows:
            found.extend(_failures(connection, checker, mart, table, rows))
        elif mart.is_never_empty:
            found.append(MartFailure(mart.table, "crashed", "row_count", None, 0, "there is no row to check"))
    return found


def _failures(
    connection: duckdb.DuckDBPyConnection, checker: Checker, mart: Mart, table: str, rows: int
) -> Iterator[MartFailure]:
    from expectations import rules

    counts: dict[tuple[str, str | None], int] = {}
    first: dict[tuple[str, str | None], str] = {}
    seen = 0
    for condition in _chunks(connection, mart, table, rows):
        query = f"select {_columns(mart)} from {table} where {condition}"
        frame = connection.sql(query).to_arrow_table().to_pandas()
        verdict = checker.check([rules.whole(len(frame)), *mart.expectations], frame)
        seen += len(frame)
        if verdict.crash is not None:
            yield MartFailure(mart.table, "crashed", "crashed", None, 0, verdict.crash)
            return
        for position, broken in sorted(verdict.broken.items()):
            rule = (broken.rule, broken.column)
            counts[rule] = counts.get(rule, 0) + 1
            if rule not in first:
                row = frame.iloc[position]
                first[rule] = ", ".join(f"{name}={row[name]}" for name in mart.key)
    if seen != rows:
        yield MartFailure(mart.table, "crashed", "row_count", None, 0, f"{seen} of {rows} rows were checked")
    for (name, column), count in counts.items():
        yield MartFailure(mart.table, "failed", name, column, count, first[(name, column)])


def _chunks(connection: duckdb.DuckDBPyConnection, mart: Mart, table: str, rows: int) -> Iterator[str]:
    """SQL conditions that split a mart by whole weeks, so that a key is never in two chunks."""
    if rows <= CHUNK_ROWS or "week_id" not in mart.key:
        yield "true"
        return
    weeks = f"select week_id, count(*) from {table} group by 1 order by 1 nulls first"
    counts = connection.execute(weeks).fetchall()
    start, size = 0, 0
    for place, (_, count) in enumerate(counts):
        if size and size + count > CHUNK_ROWS:
            yield _weeks(counts[start:place])
            start, size = place, 0
        size += count
    yield _weeks(counts[start:])


def _weeks(counts: list[tuple[Any, ...]]) -> str:
    listed = [str(int(week)) for week, _ in counts if week is not None]
    named = f"week_id in ({', '.join(listed)})" if listed else "false"
    return f"({named} or week_id is null)" if len(listed) < len(counts) else named


def _columns(mart: Mart) -> str:
    """The key, and whatever the suite looks at; no other column leaves the database."""
    looked_at = [getattr(e, "column", None) for e in mart.expectations]
    names = dict.fromkeys([*mart.key, *(n for n in looked_at if n)])
    return ", ".join(f"{mart.facts.get(name, identifier(name))} as {identifier(name)}" for name in names)

"""Marts of a published snapshot as files: CSV that is safe to open in a spreadsheet, or Parquet as it is.

Spreadsheets take a text for a formula by how it begins. In CSV such a text gets an apostrophe before it;
numbers, days and instants are written as they are, so that a negative number stays one. Every text stands
in quotes and nothing else does, which tells an empty text from a missing value.
"""

from __future__ import annotations

import math
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from gapwatch import weeks
from gapwatch.did_you_mean import suggestion
from gapwatch.errors import UserError
from gapwatch.snapshots import find, open_snapshot

if TYPE_CHECKING:
    import duckdb

FORMATS = ("csv", "parquet")
ROWS_AT_ONCE = 50_000
_TRIGGERS = frozenset("=+-@")
_MINUS_LOOKALIKES = frozenset("\u2212\u2010\u2011\u2012")
# Where the list separator is another than the comma, a quoted text of ours can be cut at these.
_CUTS = re.compile(r"(?<=[;|\t\r\n])")


@dataclass(frozen=True)
class Listing:
    """The marts of a snapshot that can be exported; ``tables`` hold ``table``, ``rows`` and ``columns``."""

    snapshot: str
    tables: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class Exported:
    """What was written."""

    table: str
    snapshot: str
    rows: int
    file: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def tables(published: Path, snapshot_id: str | None = None) -> Listing:
    """The marts of a snapshot, by name. Raises SnapshotMissingError."""
    info = find(published, snapshot_id)
    with open_snapshot(published, info.snapshot_id) as connection:
        rows = [
            {"table": name, "rows": _n_rows(connection, name), "columns": len(columns)}
            for name, columns in sorted(_columns(connection).items())
        ]
    return Listing(info.snapshot_id, rows)


def export(
    published: Path,
    table: str,
    out: Path | None,
    *,
    kind: Literal["csv", "parquet"] = "csv",
    snapshot_id: str | None = None,
    week_of: date | None = None,
) -> Exported:
    """Write one mart, or its rows of the week that holds the day ``week_of``; None as ``out`` is stdout.

    The rows come in the order the snapshot holds them, so that the same snapshot gives the same file.
    Names and comments are in no mart, and the private snapshot is not opened. Raises UserError for a table
    that is no mart or has no weeks, and SnapshotMissingError.
    """
    if kind == "parquet" and out is None:
        raise UserError("Parquet is written to a file", where="--out", next_step=f"--out {table}.parquet")
    info = find(published, snapshot_id)
    with open_snapshot(published, info.snapshot_id) as connection:
        name = _known(table, _columns(connection))
        condition = "" if week_of is None else f" where week_id = {_week_of(connection, name, week_of)}"
        rows = connection.sql(f'select * from marts."{name}"{condition}').to_arrow_reader(ROWS_AT_ONCE)
        with _written(out) as path:
            n = _write_parquet(rows, path, info.snapshot_id) if kind == "parquet" else _write_csv(rows, path)
    return Exported(name, info.snapshot_id, n, str(out) if out else "standard output")


def defused(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet could take what follows for a formula.

    That is at its beginning, past blanks, quotes and marks that are not seen, and behind a character at
    which a spreadsheet of another country cuts a line; full-width and other variants count as well.
    """
    return "".join(f"'{part}" if _begins_formula(part) else part for part in _CUTS.split(text))


def _begins_formula(text: str) -> bool:
    if text[:1] in ("\t", "\r"):
        return True
    for character in text:
        # Past these a spreadsheet may look for the beginning.
        if character in '"\u201c\u201d\uff02' or unicodedata.category(character) in _UNSEEN:
            continue
        return character in _MINUS_LOOKALIKES or unicodedata.normalize("NFKC", character) in _TRIGGERS
    return False


_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_catalog = 'snapshot' and table_schema = 'marts' order by ordinal_position"
    ).fetchall():
        found.setdefault(table, []).append(column)
    return found


def _n_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f'select count(*) from marts."{table}"').fetchone()
    return int(row[0]) if row else 0


def _known(table: str, known: dict[str, list[str]]) -> str:
    name = table.removeprefix("marts.")
    if name in known:
        return name
    raise UserError(
        f"The snapshot has no table {table!r}{suggestion(name, known)}",
        where="TABLE",
        rule="marts only",
        next_step="gapwatch export lists the tables",
    )


def _week_of(connection: duckdb.DuckDBPyConnection, table: str, day: date) -> int:
    if "week_id" not in _columns(connection)[table]:
        raise UserError(
            f"The rows of {table} are not by week",
            where="--week",
            rule="a table with week_id",
            next_step=f"gapwatch export {table}",
        )
    return weeks.week_of(day)


@contextmanager
def _written(out: Path | None) -> Iterator[Path | None]:
    """A path beside ``out`` that takes its place once all is written."""
    if out is None:
        yield None
        return
    if not out.absolute().parent.is_dir():
        raise UserError(f"There is no folder {out.parent}", where="--out", next_step=f"mkdir -p {out.parent}")
    temporary = out.with_name(out.name + ".part")
    try:
        yield temporary
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _write_parquet(rows: Any, path: Path | None, snapshot_id: str) -> int:
    import pyarrow.parquet

    assert path is not None
    known = {**(rows.schema.metadata or {}), b"gapwatch.snapshot_id": snapshot_id.encode()}
    n = 0
    with pyarrow.parquet.ParquetWriter(path, rows.schema.with_metadata(known), compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch.replace_schema_metadata(known))
            n += batch.num_rows
    return n


def _write_csv(rows: Any, path: Path | None) -> int:
    if path is None:
        return _lines(rows, sys.stdout)
    # Spreadsheets take a file without the mark for one in the code page of their country.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        return _lines(rows, file)


def _lines(rows: Any, file: IO[str]) -> int:
    file.write(",".join(rows.schema.names) + "\n")
    n = 0
    for batch in rows:
        columns = [[_cell(value) for value in column.to_pylist()] for column in batch.columns]
        file.writelines(",".join(cells) + "\n" for cells in zip(*columns, strict=True))
        n += batch.num_rows
    return n


def _cell(value: object) -> str:
    writer = _WRITERS.get(type(value))
    return writer(value) if writer is not None else str(value)


def _quoted(text: str) -> str:
    return '"' + defused(text).replace('"', '""') + '"'


def _number(value: float) -> str:
    # The shortest text that reads back as the same number.
    return repr(value) if math.isfinite(value) else ""


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: _quoted,
    float: _number,
    type(None): lambda _: "",
    bool: lambda value: "true" if value else "false",
}

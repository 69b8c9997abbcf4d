"""JSON lines: each line one object; its keys, and dotted paths into nested objects, are the columns.

Values become text: strings as they are, whole numbers digit by digit however long, other numbers in
their shortest exact form (1.10 is ``1.1``; 1e400 stays ``1e400``), lists and objects as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import duckdb

from gapwatch.batches import LineIndex
from gapwatch.errors import HeldError, held
from gapwatch.files import ReadyFile, sql_path
from gapwatch.readers import columns as by_name
from gapwatch.readers.columns import identifier, literal, nulled
from gapwatch.readers.csv import bounded_lines
from gapwatch.sources import Source

MAX_OBJECT = 16 << 20
#: Objects at the head of a file that are looked at for keys that nothing maps.
SAMPLED = 1000
NOT_AN_OBJECT = "this line is not an object"


class JsonlFile:
    """A file of JSON lines; see `gapwatch.readers.Reading`."""

    def __init__(
        self, file: ReadyFile, source: Source, wanted: Sequence[str], connection: duckdb.DuckDBPyConnection
    ) -> None:
        self._file, self._source = file, source
        self.columns = tuple(sorted(wanted))
        self.notices: list[str] = []

    @property
    def select(self) -> str:
        """Each column under its literal key, else by its dotted path."""
        paths = [path for column in self.columns for path in _paths(column)]
        fields, place = [], 0
        for column in self.columns:
            count = len(_paths(column))
            values = ", ".join(f"v[{place + n + 1}]" for n in range(count))
            text = f"coalesce({values})" if count > 1 else values
            fields.append(f"{nulled(text, self._source)} AS {identifier(column)}")
            place += count
        listed = ", ".join(literal(path) for path in paths)
        return (
            f"SELECT {', '.join(fields)} FROM (SELECT json_extract_string(json, [{listed}]) AS v "
            f"FROM {self._objects} WHERE CASE WHEN starts_with(ltrim(json::VARCHAR, ' \t'), '{{') THEN true "
            f"ELSE error('{NOT_AN_OBJECT}') END)"
        )

    def check(self, connection: duckdb.DuckDBPyConnection, landed: str, records: int) -> LineIndex | None:
        """One object on each line that is not blank; and each mapped key somewhere in the file."""
        text = self._file.text
        assert text is not None
        lines = LineIndex(((1, 0),))
        if text.lines != records or not text.has_plain_line_ends:
            starts = [number for number, line in enumerate(self._lines(), start=1) if line.strip()]
            if len(starts) != records:
                raise held(
                    self._file.name,
                    "row_count",
                    f"The file has {len(starts)} lines, but {records} objects were read",
                    "write one object on each line",
                )
            lines = LineIndex.of_starts(starts)
        if records:
            self._check_keys(connection, landed)
        return lines

    def explain(self, error: duckdb.Error) -> HeldError:
        """Find the line by a walk of our own: DuckDB counts lines differently within its buffers."""
        try:
            for number, line in enumerate(self._lines(), start=1):
                wrong = _wrong(line)
                if wrong:
                    where = f"{self._file.name}, line {number}"
                    return held(where, "row_shape", wrong, "write one JSON object on each line")
        except HeldError as found:
            return found
        what = f"A line is not JSON, or is longer than {MAX_OBJECT} bytes"
        return held(self._file.name, "row_shape", what, "write one JSON object on each line")

    def _check_keys(self, connection: duckdb.DuckDBPyConnection, landed: str) -> None:
        counts = ", ".join(f"count({identifier(column)})" for column in self.columns)
        filled = connection.execute(f"SELECT {counts} FROM read_parquet({landed})").fetchall()[0]
        empty = [column for column, count in zip(self.columns, filled, strict=True) if not count]
        if empty:
            exists = ", ".join(
                "bool_or(" + " OR ".join(f"json_exists(json, {literal(p)})" for p in _paths(column)) + ")"
                for column in empty
            )
            present = connection.execute(f"SELECT {exists} FROM {self._objects}").fetchall()[0]
            empty = [column for column, there in zip(empty, present, strict=True) if not there]
        header = self._sampled_keys(connection)
        missing = [column for column in empty if column not in self._source.options.optional]
        if missing:
            raise by_name.absent(self._file.name, header, missing, self._source)
        used = {column.split(".")[0] for column in self.columns} | set(self.columns)
        extra = [key for key in header if key not in used]
        self.notices.extend(by_name.notices(extra, dict.fromkeys(empty)))

    def _sampled_keys(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        rows = connection.execute(
            f"SELECT DISTINCT unnest(json_keys(json)) AS k FROM (SELECT json FROM {self._objects} "
            f"LIMIT {SAMPLED}) ORDER BY k"
        ).fetchall()
        return [str(row[0]) for row in rows]

    @property
    def _objects(self) -> str:
        return (
            f"read_json_objects({sql_path(self._file.path)}, format='newline_delimited', "
            f"maximum_object_size={MAX_OBJECT})"
        )

    def _lines(self) -> Iterator[str]:
        with self._file.path.open("r", encoding="utf-8", newline="\n") as stream:
            yield from bounded_lines(stream, self._file.name, longest=MAX_OBJECT)


def _paths(column: str) -> list[str]:
    """JSON pointers of a column: its literal key, and where it has dots the way into nested objects."""
    whole = "/" + _pointer(column)
    return [whole, "/" + "/".join(map(_pointer, column.split(".")))] if "." in column else [whole]


def _pointer(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _wrong(line: str) -> str | None:
    if not line.strip():
        return None
    try:
        value = json.loads(line, parse_int=str)
        json.dumps(value, ensure_ascii=False).encode()  # half a pair of UTF-16 units loads, and is no text
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        return f"The line is not one JSON object ({reason})"
    return None if isinstance(value, dict) else f"The line holds a {type(value).__name__}, not an object"

"""CSV with a declared dialect: the header is read and compared by name, DuckDB parses the rest strictly.

DuckDB forgives rows with surplus empty fields and blank lines; what it read is therefore compared with
an independent count of the file's records and separators (:mod:`gapwatch.readers.records`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import duckdb

from gapwatch.batches import LineIndex
from gapwatch.errors import HeldError, held
from gapwatch.files import ReadyFile, sql_path
from gapwatch.readers import columns as by_name
from gapwatch.readers import records as structure
from gapwatch.readers.columns import identifier, literal
from gapwatch.sources import Options, Source

#: Longest record in bytes, for DuckDB and for the header; no person wrote a longer one.
MAX_RECORD = 2_000_000


class CsvFile:
    """A CSV file whose header names all wanted columns; see `gapwatch.readers.Reading`."""

    def __init__(
        self, file: ReadyFile, source: Source, wanted: Sequence[str], _: duckdb.DuckDBPyConnection
    ) -> None:
        self._file, self._source, self._options = file, source, source.options
        self._header, self._header_lines, self._preamble = _read_header(file, source.options)
        self._places, self.notices = by_name.match(file.name, self._header, wanted, source)
        self.columns = tuple(self._places)

    @property
    def select(self) -> str:
        """The mapped columns by their place; the header's own names never reach DuckDB."""
        fields = [f"{self._field(place)} AS {identifier(column)}" for column, place in self._places.items()]
        o = self._options
        declared = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(self._header)))
        nulls = ", ".join(literal(text) for text in o.nulls)
        return (
            f"SELECT {', '.join(fields)} FROM read_csv({sql_path(self._file.path)}, auto_detect=false, "
            f"header=true, skip={o.skip_lines}, columns={{{declared}}}, delim={literal(o.separator)}, "
            f"quote={literal(o.quote)}, escape={literal(o.escape if o.quote else '')}, "
            f"{f'nullstr=[{nulls}], ' if nulls else ''}comment='', strict_mode=true, null_padding=false, "
            f"ignore_errors=false, max_line_size={MAX_RECORD})"
        )

    def check(self, connection: duckdb.DuckDBPyConnection, landed: str, records: int) -> LineIndex | None:
        """Count the file's records and separators apart from DuckDB; cheap for files without quotes."""
        if self._is_plainly(records):
            return LineIndex(((1, self._header_lines),))
        width, name = len(self._header), self._file.name
        text = self._file.text
        if (
            self._options.quote in {"", self._options.escape}
            and text is not None
            and text.has_plain_line_ends
        ):
            scan = structure.scan(self._file.path, self._header_lines, self._options, width)
            if scan.records == records and scan.separators == records * (width - 1):
                return scan.lines
        starts = structure.starts(self._lines(), name, self._header_lines, self._options, width)
        lines = LineIndex.of_starts(starts)
        if starts.count != records:
            raise held(
                name,
                "row_count",
                f"The file has {starts.count} records after its header, but {records} were read",
                "check the file's quoting against the declared options",
            )
        return lines

    def explain(self, error: duckdb.Error) -> HeldError:
        """Find the offending line by a walk of our own; DuckDB's message quotes content, ours does not."""
        message = str(error)
        try:
            walk = structure.starts(
                self._lines(), self._file.name, self._header_lines, self._options, len(self._header)
            )
            for _ in walk:
                pass
        except HeldError as found:
            return found
        line = re.search(r"CSV Error on Line: (\d+)", message)
        where = f"{self._file.name}, line {line[1]}" if line else self._file.name
        return held(where, "row_shape", _reason(message), "check the file against the declared options")

    def _field(self, place: int | None) -> str:
        if place is None:
            return "NULL::VARCHAR"
        # Told of no text for null, DuckDB takes the empty one.
        return f"c{place}" if self._options.nulls else f"coalesce(c{place}, '')"

    def _is_plainly(self, records: int) -> bool:
        """True where counting alone proves it: one record a line, and just the separators it takes."""
        text = self._file.text
        assert text is not None
        separators = text.counts[self._options.separator] - self._preamble
        return (
            text.lines - self._header_lines == records
            and text.has_plain_line_ends
            and separators == (records + 1) * (len(self._header) - 1)
        )

    def _lines(self) -> Iterator[str]:
        with _text(self._file.path) as stream:
            for _ in range(self._header_lines):
                stream.readline()
            yield from bounded_lines(stream, self._file.name, self._header_lines)


def bounded_lines(stream: TextIO, name: str, before: int = 0, longest: int = MAX_RECORD) -> Iterator[str]:
    """Lines of a text, with their ends; one that is too long is held before it fills the memory."""
    number = before
    while line := stream.readline(longest + 1):
        number += 1
        if len(line) > longest:
            raise too_long(name, number, longest)
        yield line


def too_long(name: str, line: int, longest: int = MAX_RECORD) -> HeldError:
    """A line, or an open quote, beyond what is read as one record."""
    return held(
        f"{name}, line {line}",
        "row_shape",
        f"The record is longer than {longest} characters: a line break is missing, or a quote is not closed",
        "check the file's quoting and line ends",
    )


def _text(path: Path) -> TextIO:
    return path.open("r", encoding="utf-8", newline="")


def _read_header(file: ReadyFile, options: Options) -> tuple[list[str], int, int]:
    """The header's names, the physical lines up to its end, and the separators in the lines before it."""
    preamble = 0
    with _text(file.path) as stream:
        lines = bounded_lines(stream, file.name)
        for _ in range(options.skip_lines):
            preamble += next(lines, "").count(options.separator)
        size = 0

        def header_lines() -> Iterator[str]:
            nonlocal size
            for line in lines:
                size += len(line)
                if size > MAX_RECORD:
                    raise too_long(file.name, options.skip_lines + 1)
                yield line

        reader = structure.csv_reader(header_lines(), options, strict=True)
        try:
            header = next(reader, None)
        except csv.Error as error:
            raise held(
                f"{file.name}, line {options.skip_lines + reader.line_num}",
                "row_shape",
                f"In the header: {structure.quoting_fault(error)}",
                "check the declared options",
            ) from None
    if not header:
        raise held(
            f"{file.name}, line {options.skip_lines + 1}",
            "columns_present",
            "There is no header: the line is empty",
            "set options.skip_lines to the number of lines before the header",
        )
    # The count of the preamble's separators makes up for the header's own, where names hold any.
    inside = sum(name.count(options.separator) for name in header)
    return header, options.skip_lines + reader.line_num, preamble + inside


def _reason(message: str) -> str:
    shape = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if shape:
        return f"The row has {shape[2]} fields, the header {shape[1]}"
    if "unterminated quote" in message:
        return "A quote is not closed, or text follows a closing quote"
    if "Maximum line size" in message:
        return f"The record is longer than {MAX_RECORD} bytes"
    return "The file does not follow the declared dialect (mixed line ends, or stray quotes)"

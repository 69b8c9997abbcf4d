"""An independent view of a CSV file's structure: how many records, where each starts, how many fields."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gapwatch.batches import LineIndex
from gapwatch.errors import HeldError, held
from gapwatch.sources import Options

if TYPE_CHECKING:
    from _csv import Reader

CHUNK = 4 << 20
LF, CR = 10, 13
#: More than any field of a record that `bounded_lines` lets pass; csv's own limit is for the process.
FIELD_LIMIT = 2_000_000


@dataclass
class Scan:
    """Records and separators outside quotes, after the header, and where the records start."""

    records: int
    separators: int
    lines: LineIndex


def scan(path: Path, header_lines: int, options: Options, width: int) -> Scan:
    """Count by quote parity, in chunks: exact for files that quote as RFC 4180 says, fast for all.

    A quote in the middle of an unquoted field makes the count wrong; the caller compares, and then walks.
    Blank lines are no records where there are at least two columns (``width``), as DuckDB sees it.
    """
    state = _State(header_lines, options, width)
    with path.open("rb") as raw:
        for _ in range(header_lines):
            raw.readline()
        while chunk := raw.read(CHUNK):
            state.take(np.frombuffer(chunk, np.uint8))
    state.end()
    return Scan(state.records, state.separators, LineIndex(tuple(state.breaks) or ((1, header_lines),)))


class _State:
    """What one chunk leaves for the next."""

    def __init__(self, header_lines: int, options: Options, width: int) -> None:
        self.quote = ord(options.quote) if options.quote else None
        self.separator = ord(options.separator)
        self.skips_blank = width > 1
        self.inside = False
        self.records = self.separators = 0
        self.breaks: list[tuple[int, int]] = []
        self.line = header_lines  # physical lines finished
        self.start = header_lines + 1  # line on which the present record starts
        self.length = 0  # bytes of the present record so far, carriage returns at its end not counted

    def take(self, data: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> None:
        """One chunk."""
        feeds = np.flatnonzero(data == LF)
        outside = np.ones(len(data), np.bool_)
        if self.quote is not None:
            inside = np.logical_xor.accumulate(data == self.quote)
            outside = inside == self.inside
            self.inside ^= bool(inside[-1])
        self.separators += int(np.count_nonzero((data == self.separator) & outside))
        is_end = outside[feeds]
        ends = feeds[is_end]
        if len(ends):
            self._records_of(data, ends, self.line + 1 + np.flatnonzero(is_end))
            tail = data[ends[-1] + 1 :]
            self.length = 0
        else:
            tail = data
        self.line += len(feeds)
        self.length += int(np.count_nonzero(tail != CR))

    def end(self) -> None:
        """The last record, where no line feed ends it."""
        if self.length:
            self._add(np.array([self.start]))

    def _records_of(self, data: np.ndarray, ends: np.ndarray, end_lines: np.ndarray) -> None:
        starts = np.concatenate(([self.start], end_lines[:-1] + 1))
        if self.skips_blank:
            lengths = np.diff(ends, prepend=-1) - 1
            before = data[np.maximum(ends - 1, 0)]
            lengths = lengths - ((lengths > 0) & (before == CR))
            lengths[0] += self.length
            starts = starts[lengths > 0]
        self._add(starts)
        self.start = int(end_lines[-1]) + 1

    def _add(self, starts: np.ndarray) -> None:
        if not len(starts):
            return
        rows = np.arange(self.records + 1, self.records + 1 + len(starts))
        shifts = starts - rows
        newest = self.breaks[-1][1] if self.breaks else None
        changed = np.flatnonzero(np.diff(shifts, prepend=shifts[0] - 1))
        for place in changed.tolist():
            if int(shifts[place]) != newest:
                newest = int(shifts[place])
                self.breaks.append((int(rows[place]), newest))
        self.records += len(starts)


class starts:  # noqa: N801 - reads as a function that yields
    """Walk the records one by one and yield the line on which each starts; `count` is how many there were.

    Slow (a million records in a few seconds), so only for files that counting leaves in doubt. Raises
    `HeldError` row_shape for the first record that does not have ``width`` fields.
    """

    def __init__(
        self, lines: Iterator[str], name: str, header_lines: int, options: Options, width: int
    ) -> None:
        self._lines, self._name, self._before = lines, name, header_lines
        self._options, self._width = options, width
        self.count = 0

    def __iter__(self) -> Iterator[int]:
        reader = csv_reader(self._lines, self._options, strict=True)
        line = self._before + 1
        while True:
            try:
                fields = next(reader, None)
            except csv.Error as error:
                raise self._bad(line, quoting_fault(error)) from None
            if fields is None:
                return
            start, line = line, self._before + reader.line_num + 1
            if not fields:
                if self._width > 1:
                    continue
                fields = [""]
            if len(fields) != self._width:
                raise self._bad(start, f"The row has {len(fields)} fields, the header {self._width}")
            self.count += 1
            yield start

    def _bad(self, line: int, what: str) -> HeldError:
        where = f"{self._name}, line {line}"
        return held(where, "row_shape", what, "correct the file or its declared options")


def quoting_fault(error: csv.Error) -> str:
    """What csv's error means to someone who looks at the file."""
    if "field limit" in str(error) or "unexpected end" in str(error):
        return "A quote is opened and not closed"
    if "expected after" in str(error):
        return "Text follows a closing quote"
    return f"The record cannot be read: {error}"


def csv_reader(lines: Iterator[str], options: Options, *, strict: bool) -> Reader:
    """Python's own CSV reader for a declared dialect."""
    csv.field_size_limit(FIELD_LIMIT)
    doubled = options.escape == options.quote
    return csv.reader(
        lines,
        delimiter=options.separator,
        quotechar=options.quote or None,
        quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
        doublequote=doubled,
        escapechar=None if doubled or not options.quote else options.escape or None,
        strict=strict,
    )

"""Look at a sample of unknown files, for ``gapwatch init``.

Nothing else may use this: a run reads what ``gapwatch.yml`` declares and never guesses.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

SAMPLE_BYTES = 1_000_000
SAMPLE_ROWS = 2_000
SKIPPED_FOLDERS = frozenset({"landing", "published", "seeds", "truth", "node_modules"})
NULLS = ("NA", "N/A", "NULL", "null", "None", "?", "-", "\\N")
INSTANTS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
)
DATES = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d")

_READERS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_PACKED = frozenset({".gz", ".zst"})


@dataclass
class Sample:
    """The first rows of one kind of file: column -> texts, and how they are written."""

    reader: str
    columns: dict[str, list[str]]
    encoding: str = "utf-8"
    separator: str = ","


def groups(folder: Path) -> dict[str, Path]:
    """Glob of the files that differ only by digits (relative to ``folder``) -> the newest of them."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(part.startswith(".") or part in SKIPPED_FOLDERS for part in parts) or not path.is_file():
            continue
        if _reader(path) is None:
            continue
        stem, dot, ending = parts[-1].partition(".")
        pattern = "/".join((*parts[:-1], re.sub(r"\d[\d_T-]*\d|\d+", "*", stem) + dot + ending))
        if pattern not in found or path.stat().st_mtime >= found[pattern].stat().st_mtime:
            found[pattern] = path
    return found


def sample(path: Path) -> Sample:
    """Read the beginning of a file."""
    reader = _reader(path) or "csv"
    if reader == "parquet":
        return Sample(reader, _parquet(path))
    data = _head(path)
    encoding = _encoding(data)
    text = data.decode(encoding, errors="replace").removeprefix("\ufeff")
    if reader == "jsonl":
        records = list(_records(text))
        names = list(dict.fromkeys(key for record in records for key in record))
        columns = {name: [_text(record.get(name)) for record in records] for name in names}
        return Sample(reader, columns, encoding)
    separator = _separator(text)
    rows = [row for row, _ in zip(_rows(text, separator), range(SAMPLE_ROWS), strict=False)]
    header = rows[0] if rows else []
    # The last record of a cut sample may be half a record.
    body = [row for row in rows[1:-1] or rows[1:] if len(row) == len(header)]
    return Sample(
        reader, {name: [row[i] for row in body] for i, name in enumerate(header)}, encoding, separator
    )


def fitting(values: Iterable[str], formats: tuple[str, ...]) -> list[str]:
    """The formats (strptime) in which every value can be read."""
    texts = list(values)
    return [text for text in formats if texts and all(_fits(value, text) for value in texts)]


def _reader(path: Path) -> str | None:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix not in _PACKED]
    return _READERS.get(suffixes[-1]) if suffixes else None


def _parquet(path: Path) -> dict[str, list[str]]:
    import duckdb

    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(path).replace("[", "[[]")).limit(SAMPLE_ROWS)
        rows = relation.fetchall()
        return {name: [_text(row[i]) for row in rows] for i, name in enumerate(relation.columns)}


def _head(path: Path) -> bytes:
    if path.suffix == ".gz":
        with gzip.open(path) as packed:
            return packed.read(SAMPLE_BYTES)
    if path.suffix == ".zst":
        import zstandard

        with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
            return bytes(stream.read(SAMPLE_BYTES))
    with path.open("rb") as plain:
        return plain.read(SAMPLE_BYTES)


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        # The sample may end inside a character.
        return "cp1252" if len(data) - error.start > 4 else "utf-8"
    return "utf-8"


def _separator(text: str) -> str:
    weights = {}
    for separator in (",", ";", "\t", "|"):
        widths = [len(row) for row in _rows(text[:100_000], separator)][:200]
        if widths and widths[0] > 1:
            weights[separator] = sum(width == widths[0] for width in widths) * widths[0]
    return max(weights, key=weights.__getitem__) if weights else ","


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    except csv.Error:
        # Not written that way, or cut inside a quoted field: what was read is the sample.
        return


def _records(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines()[:SAMPLE_ROWS]:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield dict(_flattened(record))


def _flattened(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _fits(value: str, pattern: str) -> bool:
    try:
        datetime.strptime(value, pattern)  # noqa: DTZ007  # only whether it parses is asked
    except ValueError:
        return False
    return True

"""Landed batches: one immutable Parquet file of source text and the manifest that describes it."""

from __future__ import annotations

import base64
import bisect
import json
import os
import uuid
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from gapwatch.errors import InternalError
from gapwatch.faults import fault_point

FORMAT = 1
TEMPORARY_PREFIX = ".tmp-"


@dataclass(frozen=True)
class LineIndex:
    """On which line of the file each record starts, kept as the places where the distance changes.

    Record ``row`` (from 1) starts on line ``row + shift`` of the newest break at or before it.
    ``breaks`` are ``(row, shift)`` in order, the first one at row 1.
    """

    breaks: tuple[tuple[int, int], ...] = ((1, 1),)

    def line_of(self, row: int) -> int:
        """Line (from 1) on which a record starts."""
        place = bisect.bisect_right(self.breaks, row, key=lambda pair: pair[0]) - 1
        return row + self.breaks[max(place, 0)][1]

    @classmethod
    def of_starts(cls, starts: Iterable[int]) -> LineIndex:
        """From the starting line of every record, in order."""
        breaks: list[tuple[int, int]] = []
        for row, line in enumerate(starts, start=1):
            if not breaks or breaks[-1][1] != line - row:
                breaks.append((row, line - row))
        return cls(tuple(breaks) or ((1, 1),))

    def to_text(self) -> str:
        """Compact text: differences, deflated; a few bytes for each multi-line record."""
        previous, steps = (0, 0), []
        for row, shift in self.breaks:
            steps.append(f"{row - previous[0]} {shift - previous[1]}")
            previous = (row, shift)
        return base64.b64encode(zlib.compress(",".join(steps).encode())).decode()

    @classmethod
    def from_text(cls, text: str) -> LineIndex:
        """The inverse of `to_text`."""
        row, shift, breaks = 0, 0, []
        for step in zlib.decompress(base64.b64decode(text)).decode().split(","):
            rows, shifts = step.split(" ")
            row, shift = row + int(rows), shift + int(shifts)
            breaks.append((row, shift))
        return cls(tuple(breaks))


@dataclass(frozen=True)
class Batch:
    """One landed batch. Instants are naive UTC, ``bytes`` is the original file's size.

    ``columns`` are the source's own column names in the Parquet file, all VARCHAR; rows stand in the
    order of the file, so row n (from 1) is ``file_row_number + 1`` when the file is read back.
    ``as_of`` is set where the file's name tells it. ``lines`` is None where a file has no lines.
    """

    batch_id: str
    source: str
    contract: str
    file: str
    path: Path
    records: int
    columns: tuple[str, ...]
    file_sha256: str
    bytes: int
    dialect: str
    landed_at: datetime
    as_of: datetime | None = None
    lines: LineIndex | None = field(default=None, repr=False)
    notices: tuple[str, ...] = ()

    def line_of(self, row: int) -> int | None:
        """Line of the original file (after decompression) on which record ``row`` (from 1) starts."""
        return None if self.lines is None else self.lines.line_of(row)

    def lines_of(self, rows: Sequence[int]) -> list[int | None]:
        """`line_of` for many rows."""
        return [self.line_of(row) for row in rows]

    @cached_property
    def manifest_path(self) -> Path:
        """The JSON file beside the Parquet file; a batch without it does not exist."""
        return self.path.with_suffix(".json")

    def to_manifest(self) -> dict[str, Any]:
        """What the manifest says, as JSON values."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "path"}
        return {
            "format": FORMAT,
            **values,
            "columns": list(self.columns),
            "notices": list(self.notices),
            "landed_at": self.landed_at.isoformat(),
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "lines": self.lines.to_text() if self.lines else None,
        }


def read_manifest(path: Path) -> Batch:
    """One batch from its manifest. Raises `InternalError` where the manifest cannot be understood."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT:
            raise ValueError("another format")
        for name in ("landed_at", "as_of"):
            values[name] = datetime.fromisoformat(values[name]) if values[name] else None
        lines = values.pop("lines")
        return Batch(
            **{**values, "columns": tuple(values["columns"]), "notices": tuple(values["notices"])},
            path=path.with_suffix(".parquet"),
            lines=LineIndex.from_text(lines) if lines else None,
        )
    except (OSError, ValueError, KeyError, TypeError, zlib.error) as error:
        raise InternalError(
            f"A landed batch's manifest cannot be read: {error}",
            where=str(path),
            rule="manifest",
            next_step="remove the manifest, then `gapwatch ingest` lands the file again",
        ) from None


def list_batches(landing: Path, source: str | None = None) -> list[Batch]:
    """All batches in a landing folder (of one source), oldest first; empty where nothing has landed."""
    pattern = f"{source}/*.json" if source else "*/*.json"
    batches = [read_manifest(path) for path in landing.glob(pattern) if not path.name.startswith(".")]
    return sorted(batches, key=lambda batch: (batch.landed_at, batch.source, batch.file, batch.batch_id))


def write_manifest(batch: Batch) -> None:
    """Make the batch exist, once its Parquet file does."""
    temporary = batch.path.parent / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}.json"
    text = json.dumps(batch.to_manifest(), ensure_ascii=False, indent=1)
    temporary.write_text(text, encoding="utf-8")
    fault_point("landing.manifest_written")
    settle(temporary, batch.manifest_path)


def remove_leftovers(landing: Path) -> None:
    """What killed runs left: Parquet files and manifests that stand alone, temporary ones among them.

    Only for the holder of the landing lock.
    """
    if not landing.is_dir():
        return
    for path in landing.glob("*/*.parquet"):
        if not path.with_suffix(".json").exists():
            path.unlink()
    for path in landing.glob("*/*.json"):
        if not path.with_suffix(".parquet").exists():
            path.unlink()


def settle(temporary: Path, final: Path) -> None:
    """Flush a file, give it its name, and flush the folder: after a power cut it is there whole or not."""
    _flush(temporary)
    temporary.replace(final)
    _flush(final.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """A source's folder, known to the disk before anything is put into it."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            _flush(folder.parent)

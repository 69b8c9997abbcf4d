"""Readers: one module a dialect, from a plain file to a DuckDB query of its allowed columns as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import duckdb

from gapwatch.batches import LineIndex
from gapwatch.errors import HeldError
from gapwatch.files import ReadyFile
from gapwatch.readers.csv import CsvFile
from gapwatch.readers.jsonl import JsonlFile
from gapwatch.readers.parquet import ParquetFile
from gapwatch.sources import Source


class Reading(Protocol):
    """One file as its reader sees it, after its header was checked.

    ``select`` is SQL that yields ``columns``, all VARCHAR, in the file's order; ``notices`` are remarks
    that hold nothing up, each beginning with its rule's name.
    """

    columns: tuple[str, ...]
    notices: list[str]

    @property
    def select(self) -> str:
        """The query over the file."""

    def check(self, connection: duckdb.DuckDBPyConnection, landed: str, records: int) -> LineIndex | None:
        """Compare what DuckDB read (``records``, and the landed file as an SQL path) with the file itself.

        Returns where each record starts; raises `HeldError` (row_count, row_shape, columns_present).
        """

    def explain(self, error: duckdb.Error) -> HeldError:
        """What is wrong with the file, for an error that DuckDB raised while it ran ``select``."""


Opener = Callable[[ReadyFile, Source, Sequence[str], duckdb.DuckDBPyConnection], Reading]

#: Reader name in ``gapwatch.yml`` -> what opens a file of that kind for the wanted columns.
READERS: dict[str, Opener] = {"csv": CsvFile, "jsonl": JsonlFile, "parquet": ParquetFile}


def counted_characters(source: Source) -> bytes:
    """What `files.opened` shall count for this source's reader."""
    return (source.options.separator + source.options.quote).encode() if source.reader == "csv" else b""

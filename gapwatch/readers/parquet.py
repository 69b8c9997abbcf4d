"""Parquet: the mapped columns as text, as DuckDB writes their values (instants with a zone in UTC)."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from gapwatch.batches import LineIndex
from gapwatch.errors import HeldError, held
from gapwatch.files import ReadyFile, sql_path
from gapwatch.readers import columns as by_name
from gapwatch.readers.columns import identifier, nulled
from gapwatch.sources import Source


class ParquetFile:
    """A Parquet file; see `gapwatch.readers.Reading`."""

    def __init__(
        self, file: ReadyFile, source: Source, wanted: Sequence[str], connection: duckdb.DuckDBPyConnection
    ) -> None:
        self._file, self._source = file, source
        self._path = sql_path(file.path)
        try:
            rows = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({self._path})").fetchall()
            footer = f"SELECT sum(num_rows) FROM parquet_file_metadata({self._path})"
            self._rows = int(connection.execute(footer).fetchall()[0][0])
        except duckdb.Error as error:
            raise self.explain(error) from None
        self._header = [str(row[0]) for row in rows]
        self._places, self.notices = by_name.match(file.name, self._header, wanted, source)
        self.columns = tuple(self._places)

    @property
    def select(self) -> str:
        """The mapped columns, each cast to text."""
        fields = []
        for column, place in self._places.items():
            text = "NULL::VARCHAR" if place is None else f"{identifier(self._header[place])}::VARCHAR"
            fields.append(
                f"{nulled(text, self._source) if place is not None else text} AS {identifier(column)}"
            )
        return f"SELECT {', '.join(fields)} FROM read_parquet({self._path})"

    def check(self, connection: duckdb.DuckDBPyConnection, landed: str, records: int) -> LineIndex | None:
        """The footer says how many rows there are; rows have no lines."""
        if self._rows != records:
            what = f"The file's footer says {self._rows} rows, but {records} were read"
            raise held(self._file.name, "row_count", what, "export the file again")
        return None

    def explain(self, error: duckdb.Error) -> HeldError:
        """A Parquet file that DuckDB cannot read is damaged, cut off, or not Parquet at all."""
        reason = str(error).split("\n")[0].replace(str(self._file.path), self._file.name)
        what = f"The file cannot be read as Parquet ({reason})"
        return held(self._file.name, "not_decodable", what, "export or copy the file again")

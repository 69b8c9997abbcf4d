"""The way in: each new content of each source's files becomes one immutable batch in ``landing/``.

A batch is named by its content, so the same content delivered again, under another name, compressed, or
with its columns in another order, is the same batch. It exists from the moment its manifest does: the
Parquet file is written under a temporary name, flushed, renamed; the manifest follows in the same way;
the ledger last. A run that was killed anywhere in between is made good by the next one.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import duckdb

from gapwatch.batches import (
    TEMPORARY_PREFIX,
    Batch,
    LineIndex,
    list_batches,
    make_folder,
    read_manifest,
    remove_leftovers,
    settle,
    write_manifest,
)
from gapwatch.casts import identifier
from gapwatch.errors import HeldError, InternalError, held
from gapwatch.faults import fault_point
from gapwatch.files import (
    FoundFile,
    GrowingError,
    ReadyFile,
    RefusedFile,
    check_unchanged,
    find,
    opened,
    remove_temporaries,
    sql_path,
)
from gapwatch.ingest_report import FileOutcome, IngestReport, Progress
from gapwatch.ledger import FileVersion, Ledger, now
from gapwatch.locks import landing_lock
from gapwatch.mapping import referenced_columns
from gapwatch.readers import READERS, Reading, counted_characters
from gapwatch.readers.connection import out_of, reading_connection, reporting_full_disks
from gapwatch.sources import Source
from gapwatch.workspace import Workspace

__all__ = ["Batch", "FileOutcome", "IngestReport", "LineIndex", "Progress", "ingest", "list_batches"]

#: Part of every fingerprint: with another way of landing, files are landed again.
LANDING_FORMAT = 1
#: Small dictionaries and no Bloom filters: quick to write, and small on disk. Row groups a little smaller
#: than those of a table (122880), which DuckDB overshoots by up to a vector: larger ones leave splinters in
#: raw, for which the next checkpoint writes it all again, and much smaller ones are put together anew.
PARQUET = (
    "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 118784, "
    "DICTIONARY_SIZE_LIMIT 4096, WRITE_BLOOM_FILTER false"
)
#: Row groups once had this size: the bytes of larger batches, and so their names, differ from today's.
_ROWS_IN_ONE_GROUP = 61_440
#: What a file's content alone decides; other reasons to hold a file are tried again by every run.
_LASTING_RULES = frozenset(
    {
        "as_of",
        "columns_present",
        "duplicate_header",
        "empty_file",
        "not_decodable",
        "nul_byte",
        "row_count",
        "row_shape",
        "truncated",
    }
)


def ingest(
    ws: Workspace, *, sources: Sequence[str] | None = None, progress: Progress | None = None
) -> IngestReport:
    """Land every new or changed file of the sources (default: all), one after another.

    What is wrong with one file is its outcome, in the report and in the ledger, and stops no other.
    ``progress(file, done, total)`` is called as bytes of files are dealt with. Raises `UserError` for
    an unknown source or a mapping that cannot be read, `LockBusyError`, `ResourceError`.
    """
    chosen = [ws.source(name) for name in sources] if sources is not None else list(ws.sources)
    wanted = {source.name: referenced_columns(source) for source in chosen}
    started_at = now()
    outcomes: list[FileOutcome] = []
    with (
        landing_lock(ws),
        Ledger.of(ws) as ledger,
        reporting_full_disks(ws),
        reading_connection(ws) as connection,
    ):
        fault_point("landing.start")
        remove_temporaries(ws)
        remove_leftovers(ws.landing_path)
        found = [(source, one) for source in chosen for one in find(ws, source)]
        total = sum(one.stamp.size for _, one in found if isinstance(one, FoundFile))
        done = 0
        for source, one in found:
            if progress is not None:
                progress(one.name, done, total)
            lander = _Lander(ws, source, wanted[source.name], ledger, connection)
            outcomes.append(lander.take(one))
            done += one.stamp.size if isinstance(one, FoundFile) else 0
        if progress is not None:
            progress("", total, total)
        fault_point("landing.end")
    seen = {source.name for source, _ in found}
    without = tuple(source.name for source in chosen if source.name not in seen)
    return IngestReport(started_at, now(), tuple(outcomes), without)


def dialect_fingerprint(source: Source, wanted: Sequence[str]) -> str:
    """Hash of everything in a source's declaration that decides what a file lands as."""
    o = source.options
    dialect = [
        LANDING_FORMAT,
        source.reader,
        source.encoding,
        [o.separator, o.quote, o.escape, o.nulls, o.skip_lines, sorted(o.optional)],
        sorted(wanted),
        source.as_of.model_dump() if source.as_of else None,
    ]
    return hashlib.sha256(json.dumps(dialect).encode()).hexdigest()[:16]


class _Lander:
    """Lands the files of one source."""

    def __init__(
        self,
        ws: Workspace,
        source: Source,
        wanted: Sequence[str],
        ledger: Ledger,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self.ws, self.source, self.wanted = ws, source, wanted
        self.ledger, self.connection = ledger, connection
        self.folder = ws.landing_path / source.name
        self.fingerprint = dialect_fingerprint(source, wanted)

    def take(self, found: FoundFile | RefusedFile) -> FileOutcome:
        """Deal with one file, whatever is wrong with it."""
        started = now()
        if isinstance(found, RefusedFile):
            self._record(found, "", None, "held", rule=found.error.rule, message=str(found.error))
            return self._held(found.name, found.error, started)
        known = self._known_by_stat(found)
        if known is not None:
            return self._unchanged(known, found)
        try:
            return self._land(found, started)
        except GrowingError as error:
            message = f"Not taken yet: {error}. Where: {found.name}. Next: `gapwatch ingest` tries again."
            self._record(found, "", None, "growing", rule="growing", message=message)
            return FileOutcome(self.source.name, found.name, "growing", rule="growing", message=message)
        except HeldError as error:
            self._record(found, "", None, "held", rule=error.rule, message=str(error))
            return self._held(found.name, error, started)

    def _land(self, found: FoundFile, started: datetime) -> FileOutcome:
        with opened(self.ws, self.source, found, counted_characters(self.source)) as file:
            same = self.ledger.file_by_content(self.source.name, found.name, self.fingerprint, file.sha256)
            if same is not None and self._still_holds(same):
                records = same.records
                self._record(
                    found, file.sha256, same.batch_id, same.outcome, same.rule, same.message, records
                )
                return self._unchanged(same, found)
            batch, is_new = self._write(file, found)
        outcome = "landed" if is_new or batch.file == found.name else "duplicate"
        message = None if outcome == "landed" else f"The same content as {batch.file}"
        self._record(found, file.sha256, batch.batch_id, outcome, None, message, batch.records)
        fault_point("landing.after_ledger")
        return FileOutcome(
            self.source.name,
            found.name,
            outcome,
            batch_id=batch.batch_id,
            message=message,
            records=batch.records,
            bytes=found.stamp.size,
            notices=batch.notices,
            seconds=(now() - started).total_seconds(),
        )

    def _write(self, file: ReadyFile, found: FoundFile) -> tuple[Batch, bool]:
        """The batch of a file's content, and whether it is a new one."""
        as_of = self._as_of(file.name)
        reading = READERS[self.source.reader](file, self.source, self.wanted, self.connection)
        make_folder(self.folder)
        temporary = self.folder / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}.parquet"
        try:
            records, lines = self._copy(reading, temporary)
            check_unchanged(found)
            fault_point("landing.parquet_written")
            batch_id = self._batch_id(temporary, as_of)
            batch = Batch(
                batch_id=batch_id,
                source=self.source.name,
                contract=self.source.contract,
                file=file.name,
                path=self.folder / f"{batch_id}.parquet",
                records=records,
                columns=reading.columns,
                file_sha256=file.sha256,
                bytes=file.stamp.size,
                dialect=self.fingerprint,
                landed_at=now(),
                as_of=as_of,
                lines=lines,
                notices=tuple(reading.notices) + (() if records else ("row_count: the file has no rows",)),
            )
            if batch.manifest_path.exists() and batch.path.exists():
                return read_manifest(batch.manifest_path), False
            if (same := self._under_another_name(batch, temporary)) is not None:
                return same, False
            settle(temporary, batch.path)
        finally:
            temporary.unlink(missing_ok=True)
        fault_point("landing.after_parquet")
        write_manifest(batch)
        fault_point("landing.after_manifest")
        return batch, True

    def _copy(self, reading: Reading, target: Path) -> tuple[int, LineIndex | None]:
        fault_point("landing.before_parquet")
        to = "'" + str(target).replace("'", "''") + "'"
        try:
            row = self.connection.execute(f"COPY ({reading.select}) TO {to} ({PARQUET})").fetchall()[0]
            records = int(row[0])
            return records, reading.check(self.connection, sql_path(target), records)
        except duckdb.OutOfMemoryException as error:
            raise out_of(error, "memory", self.ws) from None
        except duckdb.Error as error:
            if "No space left" in str(error):
                raise out_of(error, "disk", self.ws) from None
            raise reading.explain(error) from None

    def _batch_id(self, parquet: Path, as_of: datetime | None) -> str:
        # A full delivery that equals an older one still says something new: that it holds again.
        digest = hashlib.sha256(f"{self.source.name}\n{as_of.isoformat() if as_of else ''}\n".encode())
        with parquet.open("rb") as raw:
            while chunk := raw.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()[:16]

    def _under_another_name(self, batch: Batch, parquet: Path) -> Batch | None:
        """The batch that landed with the same rows when row groups had another size."""
        if batch.records <= _ROWS_IN_ONE_GROUP:
            return None
        held_rows = None
        for path in sorted(self.folder.glob("*.json")):
            # What is wrong with another batch is told where that one is read.
            with suppress(InternalError, duckdb.Error):
                other = read_manifest(path)
                told = [(b.records, sorted(b.columns), b.as_of) for b in (batch, other)]
                if told[0] == told[1]:
                    held_rows = held_rows or self._digest_of_rows(parquet, batch.columns)
                    if self._digest_of_rows(other.path, batch.columns) == held_rows:
                        return other
        return None

    def _digest_of_rows(self, parquet: Path, columns: Sequence[str]) -> tuple[object, ...]:
        row = ", ".join(["file_row_number", *(identifier(column) for column in columns)])
        scan = f"read_parquet({sql_path(parquet)}, file_row_number = true)"
        return self.connection.execute(f"select count(*), bit_xor(hash({row})) from {scan}").fetchall()[0]

    def _as_of(self, name: str) -> datetime | None:
        if self.source.as_of is None:
            return None
        try:
            return self.source.as_of.from_name(Path(name).name)
        except ValueError as error:
            fix = f"rename the file, or correct sources.{self.source.name}.as_of"
            raise held(name, "as_of", f"The file's name tells no instant: {error}", fix) from None

    def _known_by_stat(self, found: FoundFile) -> FileVersion | None:
        s = found.stamp
        known = self.ledger.file_by_stat(
            self.source.name, found.name, self.fingerprint, s.size, s.mtime_ns, s.ctime_ns
        )
        return known if known is not None and self._still_holds(known) else None

    def _still_holds(self, known: FileVersion) -> bool:
        """True where looking at the file again could change nothing."""
        if known.outcome == "held":
            return known.rule in _LASTING_RULES
        if known.batch_id is None:
            return False
        path = self.folder / f"{known.batch_id}.parquet"
        return path.exists() and path.with_suffix(".json").exists()

    def _unchanged(self, known: FileVersion, found: FoundFile) -> FileOutcome:
        return FileOutcome(
            self.source.name,
            found.name,
            "held" if known.outcome == "held" else "unchanged",
            rule=known.rule,
            message=known.message,
            batch_id=known.batch_id,
            records=known.records,
            bytes=found.stamp.size,
        )

    def _held(self, name: str, error: HeldError, started: datetime) -> FileOutcome:
        seconds = (now() - started).total_seconds()
        return FileOutcome(
            self.source.name, name, "held", rule=error.rule, message=str(error), seconds=seconds
        )

    def _record(
        self,
        found: FoundFile | RefusedFile,
        sha256: str,
        batch_id: str | None,
        outcome: str,
        rule: str | None = None,
        message: str | None = None,
        records: int | None = None,
    ) -> None:
        stamp = found.stamp if isinstance(found, FoundFile) else None
        self.ledger.record_file(
            FileVersion(
                source=self.source.name,
                file=found.name,
                size=stamp.size if stamp else 0,
                mtime_ns=stamp.mtime_ns if stamp else 0,
                ctime_ns=stamp.ctime_ns if stamp else 0,
                sha256=sha256,
                dialect_fingerprint=self.fingerprint,
                batch_id=batch_id,
                outcome=outcome,
                rule=rule,
                message=message,
                records=records,
            )
        )

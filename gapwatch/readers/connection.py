"""The DuckDB that reads source files, and what it says when disk or memory run out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from gapwatch.errors import ResourceError
from gapwatch.files import OUT_OF_SPACE
from gapwatch.workspace import Workspace


@contextmanager
def reading_connection(ws: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in memory, within the workspace's limits, with nothing to fetch from outside."""
    spill = ws.tmp_path / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": ws.limits.memory.replace(" ", ""),
            "threads": str(ws.limits.threads),
            "temp_directory": str(spill),
            "max_temp_directory_size": ws.limits.temp_directory_size.replace(" ", ""),
            "preserve_insertion_order": "true",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


@contextmanager
def reporting_full_disks(ws: Workspace) -> Iterator[None]:
    """Turn the operating system's "no space" into `ResourceError`; the next run makes it good."""
    try:
        yield
    except OSError as error:
        if error.errno not in OUT_OF_SPACE:
            raise
        raise out_of(error, "disk", ws) from None


def out_of(error: Exception, what: str, ws: Workspace) -> ResourceError:
    """``what`` ran out: disk or memory."""
    fix = "free disk space" if what == "disk" else "raise limits.memory in gapwatch.yml"
    return ResourceError(
        f"There is not enough {what} to land the file ({str(error).splitlines()[0]})",
        where=str(ws.landing_path),
        rule=what,
        next_step=f"{fix}, then run `gapwatch ingest` again; nothing is lost",
    )

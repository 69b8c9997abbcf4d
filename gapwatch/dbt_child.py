"""The process in which dbt runs: it opens the warehouse, builds, tells what it did, and ends.

A process of its own, because dbt keeps the DuckDB file open for as long as its process lives and
because a full disk can kill a DuckDB instance until its process restarts. Called by
:mod:`gapwatch.transform` with dbt's arguments; writes one JSON line per finished node to stdout. It
does not outlive its caller, and keeps the caller's lock on the warehouse until it has ended.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import threading
from collections import defaultdict
from typing import Any


def main(arguments: list[str]) -> int:
    """Run dbt; 0 when every node succeeded, 1 when one failed, 2 when dbt itself could not run."""
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=_end_with_caller, daemon=True).start()
    from dbt.cli.main import dbtRunner

    in_database: defaultdict[str, float] = defaultdict(float)

    def tell(event: Any) -> None:
        if event.info.name == "SQLQueryStatus":
            in_database[event.data.node_info.unique_id] += event.data.elapsed
        if event.info.name in {"LogModelResult", "LogSeedResult", "LogTestResult", "NodeFinished"}:
            node = getattr(event.data, "node_info", None)
            if event.info.name == "NodeFinished" and node is not None:
                _write({"finished": node.unique_id, "status": node.node_status})

    result = dbtRunner(callbacks=[tell]).invoke(arguments)
    if result.exception is not None:
        _write({"error": str(result.exception)})
        return 2
    nodes = [
        {
            "node": entry.node.unique_id,
            "resource_type": str(entry.node.resource_type),
            "status": str(entry.status),
            "message": entry.message or "",
            "failures": entry.failures,
            "seconds": entry.execution_time,
            # what a Python model does between its statements is its work, and no book-keeping of dbt's
            "seconds_sql": entry.execution_time
            if getattr(entry.node, "language", "sql") == "python"
            else in_database[entry.node.unique_id],
            "path": entry.node.original_file_path,
            # what a failed test selects says more than how many rows it found
            "sql": entry.node.compiled_code if str(entry.status) == "fail" else None,
        }
        for entry in getattr(result.result, "results", [])
    ]
    _write({"results": nodes})
    return 0 if result.success else 1


def _end_with_caller() -> None:
    """Die when the pipe from the caller breaks: the caller was killed, and the next run wants the file."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


def _write(record: dict[str, Any]) -> None:
    sys.stdout.write("\x1e" + json.dumps(record) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The process in which dbt runs: it opens the warehouse, builds, tells what it did, and ends.

A process of its own, because dbt keeps the DuckDB file open for as long as its process lives and
because a full disk can kill a DuckDB instance until its process restarts. Called by
:mod:`gapwatch.transform` with dbt's arguments; writes one JSON line per finished node to stdout.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main(arguments: list[str]) -> int:
    """Run dbt; 0 when every node succeeded, 1 when one failed, 2 when dbt itself could not run."""
    from dbt.cli.main import dbtRunner

    def tell(event: Any) -> None:
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
            "path": entry.node.original_file_path,
        }
        for entry in getattr(result.result, "results", [])
    ]
    _write({"results": nodes})
    return 0 if result.success else 1


def _write(record: dict[str, Any]) -> None:
    sys.stdout.write("\x1e" + json.dumps(record) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

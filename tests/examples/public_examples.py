"""Where the public examples and their data lie, and how the tests run one."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import duckdb

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "public"
#: Folder of the data, as the examples name it and as it is.
DATA_AS_NAMED = "../../../../shared/data"
DATA = ROOT.parent / "shared" / "data"


class Run(Protocol):
    """Runs an example through the whole pipeline and opens what it published."""

    def __call__(self, name: str, *, private: bool = False) -> duckdb.DuckDBPyConnection:
        """The snapshot of the example of that name; with ``private`` also the one with comments."""

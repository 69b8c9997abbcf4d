"""The public examples, run on the real data that lies beside the checkout.

A run writes into its workspace, so the workspaces are copied out of the repository first. In CI the data
has to be there; elsewhere these tests are skipped without it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest
from public_examples import DATA, DATA_AS_NAMED, EXAMPLES, Run

from gapwatch import pipeline
from gapwatch.snapshots import open_snapshot
from gapwatch.workspace import load_workspace


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of the public data."""
    if not DATA.is_dir():
        missing = "the public data is not there: ../shared/data, seen from the project's root"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return DATA


@pytest.fixture(scope="session")
def examples(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of all example workspaces, reading from the same data."""
    folder = tmp_path_factory.mktemp("examples")
    for pattern in ("*/gapwatch.yml", "*/seeds/*.csv", "*/codebooks/*.csv"):
        for file in EXAMPLES.glob(pattern):
            copy = folder / file.relative_to(EXAMPLES)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    for settings in folder.glob("*/gapwatch.yml"):
        text = settings.read_text(encoding="utf-8")
        assert DATA_AS_NAMED in text
        settings.write_text(text.replace(DATA_AS_NAMED, data.as_posix()), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(examples: Path) -> Iterator[Run]:
    """Run an example through the whole pipeline and open what it published."""
    with ExitStack() as opened:

        def run_and_open(name: str, *, private: bool = False) -> duckdb.DuckDBPyConnection:
            workspace = load_workspace(examples / name)
            report = pipeline.run(workspace)
            assert report.exit_code == 0, report.steps["gate"].as_dict()
            return opened.enter_context(open_snapshot(workspace.published_path, private=private))

        yield run_and_open

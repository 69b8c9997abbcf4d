"""An Airflow of the tests' own: its home and its metadata database in a temporary folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gapwatch.airflow.__main__ import DAGS, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.dag_processing.dagbag import DagBag


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A migrated metadata database with the writer's pool; set before Airflow is first imported."""
    assert "airflow" not in sys.modules, "Airflow was imported before its home was set"
    variables = environment(tmp_path_factory.mktemp("airflow"))
    del variables["GAPWATCH_WORKSPACE"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        workspace = Path(variables["AIRFLOW_HOME"]).parents[1]
        (workspace / "gapwatch.yml").touch()
        subprocess.run(
            [sys.executable, "-m", "gapwatch.airflow", "--workspace", str(workspace), "--prepare-only"],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(DAGS.parent)},
        )
        yield Path(variables["AIRFLOW_HOME"])


@pytest.fixture(scope="session")
def bag(airflow_home: Path) -> DagBag:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(DAGS, bundle_name="dags-folder", bundle_path=DAGS)

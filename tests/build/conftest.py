"""One small company, run once for all tests of the build and of the snapshots."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from gapwatch import pipeline
from gapwatch.simulate import simulate
from gapwatch.workspace import Workspace, load_workspace


@pytest.fixture(scope="session")
def company_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a company of 12 clients over 7 months; never written to again."""
    folder = tmp_path_factory.mktemp("company")
    simulate(folder, accounts=12, months=7, seed=5, end_on=date(2026, 6, 14))
    settings = yaml.safe_load((folder / "gapwatch.yml").read_text(encoding="utf-8"))
    settings.setdefault("limits", {})["quiet_seconds"] = 0
    (folder / "gapwatch.yml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def finished_company(company_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same company after one whole run; copy it before changing it."""
    folder = tmp_path_factory.mktemp("finished") / "company"
    shutil.copytree(company_files, folder)
    pipeline.run(load_workspace(folder), backfill=True)
    return folder


@pytest.fixture
def company(finished_company: Path, tmp_path: Path) -> Workspace:
    """A copy of the finished company that a test may change."""
    shutil.copytree(finished_company, tmp_path / "company")
    return load_workspace(tmp_path / "company")

"""Contracts of marts: a query that gives other columns than declared fails the build that brings it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gapwatch import seeds, transform
from gapwatch.workspace import Workspace

pytestmark = pytest.mark.xdist_group("build")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the models that a test may change."""
    copy = tmp_path / "dbt_project"
    shutil.copytree(seeds.DBT_PROJECT, copy)
    monkeypatch.setattr(seeds, "DBT_PROJECT", copy)
    return copy


def changed(file: Path, written: str, instead: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert written in text
    file.write_text(text.replace(written, instead, 1), encoding="utf-8")


def test_a_type_declared_otherwise_than_its_query_gives_it_fails_the_next_build(
    company: Workspace, project: Path
) -> None:
    declared = "      - name: week_id\n        data_type: {}\n        description: 'ISO week, counted"
    marts = project / "models" / "marts" / "_marts__models.yml"
    changed(marts, declared.format("integer"), declared.format("varchar"))

    with pytest.raises(transform.BuildFailedError, match="contract") as failed:
        transform.build(company)

    assert "week_id" in str(failed.value)


def test_a_column_that_is_not_declared_fails_the_next_build(company: Workspace, project: Path) -> None:
    changed(project / "models" / "marts" / "dim_weeks.sql", "week_id,", "week_id, 1 as undeclared,")

    with pytest.raises(transform.BuildFailedError, match="undeclared"):
        transform.build(company)

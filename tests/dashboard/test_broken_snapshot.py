"""A snapshot that breaks under the pages: a table that is gone, a file that is damaged or pruned."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import alerted_company
import duckdb
import pytest
from conftest import OpenPage
from fixture_snapshot import contracts
from reading_pages import title, words
from streamlit.testing.v1 import AppTest

from dashboards import pages
from dashboards.texts import CATALOGUES, Words
from gapwatch.snapshots import current

VIEWS = [entry.view for entry in pages.entries(Words())]
READ = "".join(path.read_text(encoding="utf-8") for path in (CATALOGUES.parent / "queries").glob("*.py"))
MARTS = sorted(mart for mart in contracts() if re.search(rf"\b{mart}\b", READ))

#: The made-up company's view of another table: that is what the page reads.
VIEW_OF = {"rpt_quarantine_rules": "rpt_source_quality"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return alerted_company.publish(tmp_path_factory.mktemp("whole"))


def broken(whole: Path, folder: Path, breaking: Callable[[Path], object]) -> Path:
    """A copy of the workspace with ``breaking`` done to its snapshot's file."""
    copy = shutil.copytree(whole, folder)
    breaking(snapshot_file(copy))
    return copy


def snapshot_file(workspace: Path) -> Path:
    info = current(workspace / "published")
    assert info is not None
    return workspace / "published" / info.file


def without(mart: str) -> Callable[[Path], object]:
    def drop(path: Path) -> None:
        with duckdb.connect(str(path)) as connection:
            ((kind,),) = connection.execute(
                "select table_type from information_schema.tables where table_name = ?", [mart]
            ).fetchall()
            connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} marts.{mart}")

    return drop


def overwritten(path: Path) -> None:
    """Every block but the first ones is noise: the file opens, its tables do not."""
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * (path.stat().st_size - 3 * 4096))


def says_what_and_what_next(at: AppTest, workspace: Path) -> None:
    assert not at.exception, at.exception
    (error,) = at.error
    assert error.value.startswith("This page could not read ")
    assert "in snapshot 0f3a" in error.value
    assert "Next: `gapwatch doctor`, then `gapwatch publish`. Log id" in error.value
    # Neither where the file lies nor how Python came there is a viewer's to see.
    assert not re.search(rf"{re.escape(str(workspace))}|Traceback|Error\b|\.py\b", words(at))


def asked(view: str) -> dict[str, str]:
    return {"account": "A-001"} if view == "client" else {}


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_that_is_gone_is_named_and_the_other_pages_go_on(
    whole: Path, tmp_path: Path, open_page: OpenPage, mart: str
) -> None:
    workspace = broken(whole, tmp_path / "broken", without(mart))

    for view in VIEWS:
        at = open_page(workspace, view, **asked(view))
        if at.error:
            says_what_and_what_next(at, workspace)
            assert VIEW_OF.get(mart, mart).replace("_", "\\_") in at.error[0].value, view
        else:
            assert not at.exception, (view, at.exception)
            assert at.title[0].value


@pytest.mark.parametrize("view", VIEWS)
def test_a_file_that_is_no_snapshot_any_more_is_told(
    whole: Path, tmp_path: Path, open_page: OpenPage, view: str
) -> None:
    workspace = broken(whole, tmp_path / "broken", lambda path: path.write_bytes(b"no database" * 4096))

    says_what_and_what_next(open_page(workspace, view, **asked(view)), workspace)


@pytest.mark.parametrize("view", VIEWS)
def test_a_file_that_is_damaged_while_somebody_reads_is_told(
    whole: Path, tmp_path: Path, open_page: OpenPage, view: str, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = broken(whole, tmp_path / "broken", overwritten)

    with caplog.at_level(logging.ERROR, "gapwatch.dashboards"):
        at = open_page(workspace, view, **asked(view))

    says_what_and_what_next(at, workspace)
    (shown,) = re.findall(r"Log id (\w+)", at.error[0].value)
    assert f"id {shown}" in caplog.text
    assert "duckdb" in caplog.text


@pytest.mark.parametrize("pointer", ["", "{", "{}", '{"snapshot_id": 1}'])
def test_a_pointer_that_cannot_be_read_is_told(
    whole: Path, tmp_path: Path, open_page: OpenPage, pointer: str
) -> None:
    workspace = shutil.copytree(whole, tmp_path / "broken")
    (workspace / "published" / "current.json").write_text(pointer, encoding="utf-8")

    at = open_page(workspace)

    assert title(at) == "The newest snapshot cannot be found"
    assert "gapwatch publish" in words(at)

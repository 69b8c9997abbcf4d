"""A made-up company published once per session, and pages run on it without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import fixture_snapshot
import pytest
from streamlit.testing.v1 import AppTest, app_test

from gapwatch.snapshots import open_snapshot

APP = Path(__file__).resolve().parents[2] / "dashboards" / "app.py"
OpenPage = Callable[..., AppTest]
Ask = Callable[..., list[tuple[object, ...]]]


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspace with one fresh snapshot of the made-up company."""
    return fixture_snapshot.publish(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="session", autouse=True)
def no_folder_left_behind() -> Iterator[None]:
    """Streamlit's test library makes a temporary folder at import and leaves it to the collector."""
    yield
    app_test.TMP_DIR.cleanup()


@pytest.fixture
def ask(company: Path) -> Ask:
    """Rows of a query on the made-up company, or on another workspace."""

    def run(sql: str, workspace: Path = company) -> list[tuple[object, ...]]:
        with open_snapshot(workspace / "published") as connection:
            return connection.execute(sql).fetchall()

    return run


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Run a page of a workspace with the given address parameters."""

    def run(workspace: Path, page: str = "portfolio", **parameters: str) -> AppTest:
        monkeypatch.setenv("GAPWATCH_WORKSPACE", str(workspace))
        at = AppTest.from_file(str(APP), default_timeout=60)
        for name, value in parameters.items():
            at.query_params[name] = value
        if page != "portfolio":
            at.switch_page(f"views/{page}.py")
        return at.run()

    return run

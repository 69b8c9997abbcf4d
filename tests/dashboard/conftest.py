"""A made-up company published once per session, and pages run on it without a browser."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard import fixture_snapshot

APP = Path(__file__).resolve().parents[2] / "dashboards" / "app.py"
OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspace with one fresh snapshot of the made-up company."""
    return fixture_snapshot.publish(tmp_path_factory.mktemp("company"))


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


def title(at: AppTest) -> str:
    """The page's title as it is read: without the backslashes that make it inert."""
    assert not at.exception, at.exception
    assert len(at.title) == 1
    return re.sub(r"\\(.)", r"\1", at.title[0].value)


def words(at: AppTest) -> str:
    """All text of the page, markup taken off."""
    bodies = [element.proto.body for element in at.get("html")]
    bodies += [element.value for element in [*at.markdown, *at.subheader, *at.error, *at.code]]
    without_style = re.sub(r"<style>.*?</style>", " ", " ".join(bodies), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without_style)).split())


def rows(at: AppTest, css: str) -> list[list[str]]:
    """Cells of the table with this class, as text."""
    for element in at.get("html"):
        if f'class="gw-table {css}"' in element.proto.body:
            body = element.proto.body.split("<tbody>")[1]
            return [
                [
                    " ".join(html.unescape(re.sub(r"<[^>]+>", " ", cell)).split())
                    for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)
                ]
                for row in re.findall(r"<tr>(.*?)</tr>", body)
            ]
    return []

"""The board paper: what the screens say, in one file that fetches nothing, and on A4."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import duckdb
import fixture_snapshot
import pytest
from conftest import OpenPage
from playwright.sync_api import sync_playwright
from reading_pages import rows, title

from dashboards.screenshots import CHROMIUM_ARGUMENTS, chromium
from gapwatch.errors import UserError
from gapwatch.report import Report, report
from gapwatch.snapshots import SnapshotMissingError
from gapwatch.workspace import load_workspace

SETTINGS = "version: 1\nname: Made-up company\nsources: []\n"
WITHOUT_STREAMLIT = """
import sys
import gapwatch.report
sys.exit(any(name.split(".")[0] in ("streamlit", "dashboards") for name in sys.modules))
"""


@pytest.fixture(scope="module")
def workspace(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up company with its settings beside it."""
    folder = tmp_path_factory.mktemp("reported")
    (folder / "published").symlink_to(company / "published")
    (folder / "gapwatch.yml").write_text(SETTINGS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def english(workspace: Path) -> tuple[Report, str]:
    """The paper on all clients with its PDF, and its text as HTML."""
    written = report(load_workspace(workspace), workspace / "board.html", with_pdf=True)
    return written, Path(written.files[0]).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def one_client(workspace: Path) -> str:
    """The Chinese paper on one client."""
    written = report(load_workspace(workspace), workspace / "one.html", account="A-001", language="zh")
    return Path(written.files[0]).read_text(encoding="utf-8")


def heading(paper: str) -> str:
    return unescape(re.findall(r"<h1>(.*?)</h1>", paper)[0])


def read(html: str) -> str:
    """The text as a person reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<style>.*?</style>", " ", html))).split())


def test_paper_and_screen_begin_with_the_same_finding(
    english: tuple[Report, str], one_client: str, company: Path, open_page: OpenPage
) -> None:
    written, paper = english

    assert heading(paper) == written.title == title(open_page(company))
    assert heading(one_client) == title(open_page(company, "client", account="A-001", lang="zh"))


def test_the_list_says_the_same_as_on_the_screen(
    english: tuple[Report, str], company: Path, open_page: OpenPage
) -> None:
    text = read(english[1])

    for row in rows(open_page(company, show="risk"), "Clients by risk"):
        assert all(cell in text for cell in row[:2]), row


def test_every_part_is_there(english: tuple[Report, str]) -> None:
    sections = re.findall(r"<h2>(.*?)</h2>", english[1])

    assert sections[:2] == ["Clients by risk", "Where the whole portfolio stands"]
    assert "Felt and factual" in sections
    assert sections[-2:] == ["How often each rule was right", "How to read this"]
    assert any(section.startswith("Why the") for section in sections)
    assert english[1].count('class="gw-plot"') >= 3
    assert "95 %" in read(english[1])
    assert "snapshot 0f3a" in read(english[1])


def test_the_paper_on_a_client_is_in_chinese(one_client: str) -> None:
    sections = re.findall(r"<h2>(.*?)</h2>", one_client)

    assert '<html lang="zh">' in one_client
    assert any(section.startswith("风险") for section in sections)
    assert "逾期承诺" in sections
    assert not any(re.search(r"[a-z]{4}", section) for section in sections)


def test_nothing_in_the_file_is_fetched_from_anywhere(english: tuple[Report, str], one_client: str) -> None:
    for paper in (english[1], one_client):
        assert set(re.findall(r'(?:src|href|srcset|action)="([a-z]+:)', paper)) == {"data:"}
        assert "url(" not in paper
        assert "@import" not in paper
        assert "<script" not in paper
        assert "Content-Security-Policy\" content=\"default-src 'none'" in paper


def test_a_name_from_outside_stays_a_name(english: tuple[Report, str]) -> None:
    assert "<img src=x onerror" not in english[1]
    assert "<img src=x onerror=alert(1)> *Bold* :red[Ltd] $x$" in read(english[1])


def test_contacts_are_people_without_names(tmp_path: Path) -> None:
    published = fixture_snapshot.publish(tmp_path) / "published"
    (tmp_path / "gapwatch.yml").write_text(SETTINGS, encoding="utf-8")
    with duckdb.connect(str(published / "snapshot-0f3a.duckdb"), read_only=True) as connection:
        people = connection.execute(
            "select contact_id from marts.dim_contacts where account_id = 'A-001'"
        ).fetchall()
    with duckdb.connect(str(published / "private-0f3a.duckdb")) as private:
        private.execute("create schema private")
        private.execute(
            "create table private.contacts (contact_id varchar, display_name varchar, email varchar)"
        )
        private.executemany(
            "insert into private.contacts values (?, 'Jane Secret', 'jane@secret.example')", people
        )

    written = report(load_workspace(tmp_path), tmp_path / "one.html", account="A-001")

    text = Path(written.files[0]).read_text(encoding="utf-8")
    assert people
    assert "Contacts: " in text
    assert "secret" not in text.lower()


@pytest.mark.browser
def test_a_browser_shows_it_without_a_request(english: tuple[Report, str]) -> None:
    requests: list[str] = []
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        page = browser.new_context(offline=True, viewport={"width": 794, "height": 1123}).new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(Path(english[0].files[0]).resolve().as_uri())
        assert page.locator("h1").inner_text() == english[0].title
        for width in (794, 390):
            page.set_viewport_size({"width": width, "height": 1123})
            drawn = page.evaluate(
                "[...document.images].every(each => each.complete && each.naturalWidth > 0)"
            )
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert drawn
            if width == 794:
                assert overflow <= 0
        browser.close()

    assert errors == []
    assert [url for url in requests if not url.startswith("data:")] == [
        Path(english[0].files[0]).resolve().as_uri()
    ]


@pytest.mark.browser
def test_the_pdf_has_pages_of_a4_and_a_text(english: tuple[Report, str]) -> None:
    pdf = Path(english[0].files[1]).read_bytes()

    assert pdf.startswith(b"%PDF-")
    assert b"%%EOF" in pdf[-32:]
    pages = re.findall(rb"/Type /Page\b", pdf)
    assert 2 <= len(pages) <= 12
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}
    assert b"/Font" in pdf  # letters, not a picture of them


def test_an_older_snapshot_says_its_own_numbers(tmp_path: Path) -> None:
    fixture_snapshot.publish(tmp_path, snapshot_id="0001")
    fixture_snapshot.publish(tmp_path, "delete from marts.fct_churn_risk_weekly", snapshot_id="0002")
    (tmp_path / "gapwatch.yml").write_text(SETTINGS, encoding="utf-8")
    ws = load_workspace(tmp_path)

    newest = report(ws, tmp_path / "new.html")
    older = report(ws, tmp_path / "old.html", snapshot_id="0001")

    assert (newest.snapshot, older.snapshot) == ("0002", "0001")
    assert newest.title != older.title
    with pytest.raises(SnapshotMissingError):
        report(ws, tmp_path / "none.html", snapshot_id="0009")


def test_an_unknown_client_is_said_and_nothing_is_written(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.html"

    with pytest.raises(UserError, match="knows no client 'B-999'"):
        report(load_workspace(workspace), out, account="B-999")

    assert list(tmp_path.iterdir()) == []


def test_the_library_does_not_import_the_screens() -> None:
    assert (
        subprocess.run([sys.executable, "-c", WITHOUT_STREAMLIT], env=os.environ, check=False).returncode == 0
    )

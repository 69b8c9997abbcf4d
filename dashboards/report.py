"""Writes the board paper: ``python -m dashboards.report OUT [--account ID] [--lang zh] [--pdf]``.

Started by ``gapwatch report``, which names the published folder in the environment. It says on standard
output what it wrote, or what hindered it, as one JSON document.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import Any

from dashboards.labels import Labels
from dashboards.papers import client, portfolio
from dashboards.papers.sheet import document
from dashboards.queries import client as asked_of
from dashboards.queries import shared
from dashboards.queries.attached import QueryFailedError, named_snapshot
from dashboards.screenshots import CHROMIUM_ARGUMENTS, chromium
from dashboards.shell import Page
from dashboards.texts import LANGUAGES, Words
from dashboards.theme import LIGHT
from gapwatch.access.viewers import local_person
from gapwatch.did_you_mean import suggestion
from gapwatch.errors import GapwatchError, InternalError, UserError


def main() -> int:
    """Write one paper; 0 when it is written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--account")
    parser.add_argument("--lang", choices=sorted(LANGUAGES), default="en")
    parser.add_argument("--snapshot")
    parser.add_argument("--pdf", action="store_true", help="a PDF as well, beside the file")
    asked = parser.parse_args()
    logging.getLogger("streamlit").setLevel(logging.ERROR)  # it says that no server runs, and none should
    try:
        written = write(
            asked.out, asked.lang, account=asked.account, snapshot_id=asked.snapshot, with_pdf=asked.pdf
        )
    except GapwatchError as error:
        fields = {name: getattr(error, name) for name in ("what", "where", "rule", "next_step")}
        print(json.dumps({"error": fields, "exit_code": error.exit_code}))
        return error.exit_code
    print(json.dumps(written))
    return 0


def write(
    out: Path, language: str, *, account: str | None, snapshot_id: str | None, with_pdf: bool
) -> dict[str, Any]:
    """Write the paper on all clients, or on one; returns title, snapshot and files.

    Raises UserError for a client nobody knows and where the PDF has no browser.
    """
    page = opened(language, snapshot_id)
    try:
        paper = portfolio.paper(page) if account is None else client.paper(page, _known(page, account))
        text = document(page, paper)
    except QueryFailedError as error:
        raise InternalError(
            f"The report could not read {error.tables}",
            where=f"snapshot {error.snapshot_id}",
            rule="marts of this release",
            next_step="gapwatch run",
        ) from error
    files = [out]
    temporary = out.with_name(out.name + ".part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(out)
    if with_pdf:
        files.append(out.with_suffix(".pdf"))
        print_to_pdf(out, files[-1])
    return {
        "title": paper.title,
        "snapshot": page.published.snapshot_id,
        "files": [str(each) for each in files],
    }


def opened(language: str, snapshot_id: str | None) -> Page:
    """A page for whoever is at this machine, who sees all clients; names and comments are not attached."""
    person = local_person()
    snapshot = named_snapshot(snapshot_id, person.viewer)
    published = shared.published(snapshot)
    if published.as_of is None:
        raise UserError(
            "Nothing was admitted yet, so there is nothing to report",
            where=f"snapshot {published.snapshot_id}",
            next_step="gapwatch status",
        )
    settings = {row.name: row for row in shared.settings(snapshot)}
    words = Words(language, published.window_weeks, {name: row.value for name, row in settings.items()})
    labels = Labels(shared.dimensions(snapshot), words)
    return Page(words, LIGHT, snapshot, published, published.as_of, labels, settings, person)


def print_to_pdf(source: Path, target: Path) -> None:
    """Have Chromium print the file, offline and with every request but that for the file refused."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise _no_browser("Playwright is not installed") from None
    address = source.resolve().as_uri()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
            try:
                page = browser.new_context(offline=True, java_script_enabled=False).new_page()
                page.route(
                    "**/*",
                    lambda route: route.continue_() if route.request.url == address else route.abort(),
                )
                page.goto(address)
                page.pdf(path=str(target), prefer_css_page_size=True, print_background=True, tagged=True)
            finally:
                browser.close()
    except Error as error:
        raise _no_browser(str(error).splitlines()[0]) from error


def _no_browser(what: str) -> UserError:
    return UserError(
        f"The PDF needs Chromium: {what}",
        where="--pdf",
        rule="a browser prints it",
        next_step="make setup chromium, or leave --pdf out: the HTML file prints on A4 from any browser",
    )


def _known(page: Page, account: str) -> Any:
    found = asked_of.client(page.snapshot, account)
    if found is not None:
        return found
    names = shared.clients(page.snapshot)
    raise UserError(
        f"The snapshot knows no client {account!r}{suggestion(account, names)}",
        where=f"--account, snapshot {page.published.snapshot_id}",
        rule="an account_id",
        next_step="gapwatch export dim_accounts lists them",
    )


if __name__ == "__main__":
    sys.exit(main())

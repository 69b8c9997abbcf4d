"""Every page by the rules of axe-core, and fit for every size, theme and language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright
from test_browser import visit

from dashboards.screenshots import CHROMIUM_ARGUMENTS, SIZES, chromium, served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = ["/", "/client?account=A-001", "/felt", "/quality", "/method?term=reliability"]
# Streamlit's own frame: its toolbar, navigation and widgets are not ours to write.
NOT_OURS = ("stHeader", "stToolbar", "stElementToolbar", "stTopNav", "stSidebar")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(company: Path) -> Iterator[str]:
    with served(company) as found:
        yield found


def ours(violations: list[dict[str, Any]]) -> list[str]:
    """Serious and critical findings, without those in Streamlit's own frame."""
    return [
        f"{each['id']}: {node['html'][:160]}"
        for each in violations
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
        if not any(name in str(node["target"]) + node["html"] for name in NOT_OURS)
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious_that_is_ours(
    browser: Browser, address: str, path: str, theme: Literal["light", "dark"]
) -> None:
    page = visit(browser, address, path, theme=theme).page
    for each in page.get_by_test_id("stMain").locator("summary").all():
        if each.locator("xpath=..").get_attribute("open") is None:
            each.press("Enter")

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response

    assert ours(found["violations"]) == []
    contrast = [each for each in found["passes"] if each["id"] == "color-contrast"]
    assert sum(len(each["nodes"]) for each in contrast) > 0, "contrast was not measured"
    page.close()


@pytest.mark.parametrize("size", sorted(SIZES))
@pytest.mark.parametrize(
    "path", ["/felt", "/quality", "/method", "/method?lang=zh&term=trend", "/felt?lang=zh"]
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_quiet_self_contained_and_fit_the_screen(
    browser: Browser, address: str, path: str, size: str, theme: Literal["light", "dark"]
) -> None:
    seen = visit(browser, address, path, size, theme)

    assert (seen.errors, seen.elsewhere) == ([], [])
    widths = seen.page.evaluate(
        """() => { const main = document.querySelector('[data-testid=stMain]');
                   return [main.scrollWidth, main.clientWidth] }"""
    )
    assert widths[0] == widths[1]
    seen.page.close()


def test_a_mark_of_the_scatter_leads_to_its_client(browser: Browser, address: str) -> None:
    page = visit(browser, address, "/felt?dim=trust&lang=zh").page

    # The mark of the client far down on the left, by the name beside it.
    page.locator("[role=graphics-document] .mark-symbol path").first.click(force=True)

    page.wait_for_url("**/client?*account=A-*")
    assert "lang=zh" in page.url
    page.close()


def test_a_word_with_a_dotted_line_leads_to_its_definition(browser: Browser, address: str) -> None:
    page = visit(browser, address, "/felt?lang=zh").page

    page.get_by_role("link", name="回答所示").focus()
    page.keyboard.press("Enter")

    page.wait_for_url("**/method?*term=derived_weight*")
    page.locator("dt.gw-asked").get_by_text("回答所示").wait_for()
    page.close()

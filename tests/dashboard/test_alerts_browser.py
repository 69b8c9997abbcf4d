"""Alerts as a browser shows them: fit for every size, theme and language, answered with a click."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import alerted_company
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright
from test_accessible import ours
from test_browser import visit

from dashboards.screenshots import CHROMIUM_ARGUMENTS, SIZES, chromium, served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(alerted_company.publish(tmp_path_factory.mktemp("alerted"))) as found:
        yield found


@pytest.mark.parametrize("size", sorted(SIZES))
@pytest.mark.parametrize(
    ("path", "theme"),
    [("/alerts", "light"), ("/alerts", "dark"), ("/alerts?lang=zh&state=all", "dark")],
)
def test_the_page_is_quiet_self_contained_and_fits_the_screen(
    browser: Browser, address: str, path: str, size: str, theme: Literal["light", "dark"]
) -> None:
    seen = visit(browser, address, path, size, theme)

    assert (seen.errors, seen.elsewhere) == ([], [])
    widths = seen.page.evaluate(
        """() => { const main = document.querySelector('[data-testid=stMain]');
                   return [main.scrollWidth, main.clientWidth] }"""
    )
    assert widths[0] == widths[1]
    found = Axe().run(seen.page, options={"resultTypes": ["violations"]}).response
    assert ours(found["violations"]) == []
    seen.page.close()


def test_evidence_leads_to_the_client_on_the_dimension_of_the_alert(browser: Browser, address: str) -> None:
    page = visit(browser, address, "/alerts?lang=zh").page

    page.get_by_role("link", name="依据").first.click()

    page.wait_for_url("**/client?*account=A-001*dim=trust*", timeout=60_000, wait_until="commit")
    page.get_by_role("heading", name="Harbor Logistics").wait_for(timeout=60_000)
    page.close()


def test_what_was_typed_into_a_form_is_there_when_it_is_opened_again(browser: Browser, address: str) -> None:
    page = visit(browser, address, "/alerts?owner=K.+Braun").page
    button = page.get_by_role("button", name="Snooze").first
    reason = page.get_by_label("Why")

    button.click()
    reason.fill("They are on holiday")
    page.keyboard.press("Escape")
    reason.wait_for(state="hidden")
    button.click()
    reason.wait_for()

    assert reason.input_value() == "They are on holiday"
    page.close()


@pytest.mark.parametrize("form", ["Snooze", "Resolve", "More"])
def test_an_open_form_is_fit_for_everybody_and_lies_on_the_screen(
    browser: Browser, address: str, form: str
) -> None:
    page = visit(browser, address, "/alerts?owner=K.+Braun", "phone").page

    page.get_by_role("button", name=form).first.click()
    opened = page.get_by_test_id("stPopoverBody")
    opened.get_by_test_id("stFormSubmitButton").first.wait_for()

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response
    assert ours(found["violations"]) == []
    box = opened.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= SIZES["phone"][0]
    page.close()


def test_an_alert_is_answered_with_one_click_and_another_person_sees_who_did(
    browser: Browser, address: str
) -> None:
    mine, yours = (visit(browser, address, "/alerts?owner=K.+Braun").page for _ in range(2))

    mine.get_by_role("button", name="Acknowledge").first.click()
    mine.get_by_role("heading", name="K. Braun: 1 alert waits for an answer").wait_for()
    yours.get_by_role("button", name="Acknowledge").first.click()

    yours.get_by_text("was faster and acknowledged it").wait_for()
    yours.get_by_role("heading", name="K. Braun: 1 alert waits for an answer").wait_for()
    mine.close()
    yours.close()

"""The screens as a browser shows them: both sizes and themes, quiet, self-contained, nothing cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import fixture_snapshot
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from dashboards.screenshots import CHROMIUM_ARGUMENTS, SIZES, chromium, served, settle

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# Streamlit looks for its server beside a deep link first.
KNOWN_404 = ("_stcore/health", "_stcore/host-config")
CLIENT = "/client?account=A-001"


@dataclass
class Visit:
    """An open page and what it did that nobody sees."""

    page: Page
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


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


def visit(
    browser: Browser, address: str, path: str, size: str = "desk", theme: Literal["light", "dark"] = "light"
) -> Visit:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
    seen = Visit(page)
    host = urlsplit(address).netloc

    def note_error(text: str, url: str) -> None:
        if not (text.startswith("Failed to load resource") and url.endswith(KNOWN_404)):
            seen.errors.append(f"{text} {url}")

    page.on("console", lambda m: note_error(m.text, m.location["url"]) if m.type == "error" else None)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on(
        "request",
        lambda request: (
            seen.elsewhere.append(request.url)
            if urlsplit(request.url).netloc not in (host, "") and not request.url.startswith("data:")
            else None
        ),
    )
    page.goto(address + path)
    settle(page)
    return seen


@pytest.mark.parametrize("size", sorted(SIZES))
@pytest.mark.parametrize(
    ("path", "theme"),
    [
        ("/", "light"),
        ("/", "dark"),
        (CLIENT, "light"),
        (CLIENT, "dark"),
        (f"{CLIENT}&lang=zh", "light"),
        ("/?lang=zh&show=all", "dark"),
        ("/?sort=renewal", "light"),
        ("/?sort=gap&lang=zh", "light"),
        ("/lost", "light"),
        ("/lost?lang=zh", "dark"),
    ],
)
def test_pages_are_quiet_self_contained_and_fit_the_screen(
    browser: Browser, address: str, path: str, size: str, theme: Literal["light", "dark"]
) -> None:
    seen = visit(browser, address, path, size, theme)

    assert seen.errors == []
    assert seen.elsewhere == []
    widths = seen.page.evaluate(
        """() => { const main = document.querySelector('[data-testid=stMain]');
                   return [main.scrollWidth, main.clientWidth] }"""
    )
    assert widths[0] == widths[1]
    seen.page.close()


def test_charts_are_found_by_what_they_say(browser: Browser, address: str) -> None:
    seen = visit(browser, address, CLIENT)

    by_week = seen.page.locator(".gw-field img").evaluate_all("charts => charts.map(chart => chart.alt)")
    by_vega = seen.page.locator("[role=graphics-document]").evaluate_all(
        "charts => charts.map(chart => chart.getAttribute('aria-label'))"
    )

    assert by_week[0] == "Trust at Harbor Logistics: perception 41 against expectation 78, gap \u221237"
    assert len(by_week) == 6
    assert [name.split(":")[0] for name in by_vega] == ["Evidence of Harbor Logistics"]
    seen.page.close()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", ["/", CLIENT, "/felt", "/alerts", "/lost", "/quality", "/method"])
def test_no_words_are_cut_on_a_phone(browser: Browser, address: str, path: str, language: str) -> None:
    joint = "&" if "?" in path else "?"
    page = visit(browser, address, f"{path}{joint}lang={language}", "phone").page

    cut = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stMain] *')]
             .filter(each => getComputedStyle(each).textOverflow === 'ellipsis')
             .filter(each => each.scrollWidth > each.clientWidth + 1)
             .map(each => each.innerText)"""
    )

    assert cut == []
    page.close()


@pytest.mark.parametrize("size", sorted(SIZES))
def test_a_chart_is_as_wide_as_its_place_and_the_pointer_is_told_a_week(
    browser: Browser, address: str, size: str
) -> None:
    page = visit(browser, address, CLIENT, size).page
    plot = page.locator(".gw-plot").first
    box, room = plot.bounding_box(), plot.locator("xpath=..").bounding_box()
    field = plot.locator(".gw-field img").bounding_box()
    week = plot.locator(".gw-weeks > i").nth(30)
    told = "week => getComputedStyle(week, '::after').content"
    before = week.evaluate(told)
    week.hover()

    assert box is not None
    assert room is not None
    assert field is not None
    assert box["width"] == pytest.approx(room["width"], abs=1)
    assert field["width"] > 0.5 * box["width"]
    assert before == "none"
    assert week.evaluate(told).startswith('"week of ')
    page.close()


@pytest.mark.parametrize(("path", "n_tables"), [("/", 1), (CLIENT, 3)])
def test_the_weeks_of_a_chart_are_a_table_for_the_keyboard(
    browser: Browser, address: str, path: str, n_tables: int
) -> None:
    page = visit(browser, address, path).page
    folded = page.locator("summary", has_text="The weeks as a table")
    shown = page.get_by_role("table", name="The weeks as a table")
    n_before = shown.count()

    assert folded.count() == n_tables
    for at in range(n_tables):
        folded.nth(at).focus()
        page.keyboard.press("Enter")
        shown.nth(at).wait_for()
    first = shown.first.locator("tbody tr").first.inner_text()

    assert n_before == 0
    assert first.startswith("16 Nov 2026")
    page.close()


def test_the_finding_and_the_first_client_are_above_the_fold(browser: Browser, address: str) -> None:
    for size in SIZES:
        seen = visit(browser, address, "/", size)
        first = seen.page.get_by_role("link", name="Harbor Logistics").bounding_box()
        assert first is not None
        assert first["y"] + first["height"] < SIZES[size][1]
        seen.page.close()


@pytest.mark.parametrize("size", sorted(SIZES))
def test_interval_and_n_of_the_ranked_number_are_seen_at_every_size(
    browser: Browser, address: str, size: str
) -> None:
    page = visit(browser, address, "/?sort=gap", size).page

    assert page.get_by_text("\u221248 to \u221220", exact=True).is_visible()
    assert page.get_by_text("answered \u221237, n 3", exact=True).is_visible()
    page.close()


@pytest.mark.parametrize("size", sorted(SIZES))
@pytest.mark.parametrize("path", ["/", CLIENT, f"{CLIENT}&lang=zh"])
def test_what_is_one_click_away_fits_the_screen_too(
    browser: Browser, address: str, path: str, size: str
) -> None:
    page = visit(browser, address, path, size).page
    main = page.get_by_test_id("stMain")

    for each in main.locator("summary").all():
        each.focus()
        page.keyboard.press("Enter")
    assert all(table.is_visible() for table in main.locator("details table").all())
    assert main.locator("details table").count() >= 3

    widths = page.evaluate(
        """() => { const main = document.querySelector('[data-testid=stMain]');
                   return [main.scrollWidth, main.clientWidth] }"""
    )
    assert widths[0] == widths[1]
    page.close()


def test_the_waterfall_switches_to_the_year_before(browser: Browser, address: str) -> None:
    page = visit(browser, address, CLIENT).page

    main = page.get_by_test_id("stMain")
    main.get_by_role("radio", name="52 weeks before").or_(
        main.get_by_role("button", name="52 weeks before", exact=True)
    ).first.click()

    page.get_by_text("Nothing to explain: the known weeks do not reach 52 weeks back.").first.wait_for()
    page.wait_for_url("**against=52*")
    page.close()


def test_a_row_leads_to_its_client_and_back(browser: Browser, address: str) -> None:
    page = visit(browser, address, "/?lang=zh").page

    page.get_by_role("link", name="Harbor Logistics").click()
    page.wait_for_url("**/client?*account=A-001*")
    page.get_by_role("heading", name="Harbor Logistics – 信任").wait_for()
    page.go_back()

    page.get_by_role("heading", name="家客户中有").wait_for()
    page.close()


def test_navigation_keeps_the_language(browser: Browser, address: str) -> None:
    page = visit(browser, address, f"{CLIENT}&lang=zh").page

    page.get_by_test_id("stMainBlockContainer").get_by_role("link", name="客户").first.click()

    page.get_by_role("heading", name="家客户中有").wait_for()
    page.wait_for_url("**lang=zh*")
    page.close()


def test_a_filter_chosen_on_the_page_is_in_the_address(browser: Browser, address: str) -> None:
    page = visit(browser, address, "/").page

    page.get_by_test_id("stMain").get_by_role("radio", name="Trust").or_(
        page.get_by_test_id("stMain").get_by_role("button", name="Trust", exact=True)
    ).first.click()

    page.get_by_role("heading", name="because of trust").wait_for()
    page.wait_for_url("**dim=trust*")
    page.close()


def test_hostile_names_stay_text(browser: Browser, address: str) -> None:
    page = visit(browser, address, "/client?account=A-002").page

    heading = page.locator("h1").inner_text()

    assert heading.startswith("<img src=x onerror=alert(1)> *Bold* :red[Ltd] $x$")
    assert page.locator("h1 img, h1 em, h1 .katex, h1 a").count() == 0
    page.close()


def test_a_web_address_or_shortcode_in_a_name_is_no_link_and_no_picture(
    browser: Browser, address: str
) -> None:
    page = visit(browser, address, "/client?account=A-004").page

    assert (
        page.locator("h1")
        .inner_text()
        .replace("\u2060", "")
        .startswith("www.harbor.example :smile: _Energy_")
    )
    assert page.locator("h1 a").count() == 0
    page.close()


def test_a_late_source_is_said_above_the_title(browser: Browser, tmp_path: Path) -> None:
    late = "update marts.fct_source_freshness set is_late = true where source = 'deliveries'"
    with served(fixture_snapshot.publish(tmp_path, late)) as stale:
        page = visit(browser, stale, "/").page
        banner = page.locator(".gw-banner").bounding_box()
        heading = page.locator("h1").bounding_box()
        assert banner is not None
        assert heading is not None
        assert banner["y"] < heading["y"]
        page.close()


def test_a_foreign_host_is_refused(browser: Browser, address: str) -> None:
    import socket

    port = urlsplit(address).port
    with socket.create_connection(("127.0.0.1", port or 0)) as connection:
        connection.sendall(
            b"GET /_stcore/stream HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        answer = connection.recv(4096).decode("latin-1")

    assert " 101 " not in answer.splitlines()[0]

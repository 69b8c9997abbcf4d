"""Logging in, as a browser does it: a provider on this machine, `gapwatch serve`, and what is seen after."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fixture_snapshot
import identity_provider
import pytest
from identity_provider import CLIENT, SECRET, Provider
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, Page, sync_playwright

from dashboards.screenshots import CHROMIUM_ARGUMENTS, chromium, settle

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SIGNING = "a-long-random-text-that-signs-the-cookie"
SETTINGS = """\
version: 1
name: Test company
login:
  provider: {provider}/.well-known/openid-configuration
  client_id: {client}
  client_secret: env:TEST_CLIENT_SECRET
  cookie_secret: env:TEST_COOKIE_SECRET
  address: {address}
  issuer: {provider}
  claims: {{tid: [ours]}}
  email_domains: [example.com]
  max_hours: 1
people:
  K. Braun: {{emails: [braun@example.com]}}
roles:
  leader: {{members: [ann@example.com], may_see_names: true}}
  account_team: {{claims: {{groups: [account-managers]}}, clients: {{owner: self}}, pages: [clients, client]}}
  engineer: {{members: [dev@example.com], pages: [client]}}
"""
GOOD = {"email": "ann@example.com", "email_verified": True, "tid": "ours"}
NUMBERS = "clients may leave"


@dataclass
class Served:
    address: str
    provider: Provider
    workspace: Path
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    workspace = fixture_snapshot.publish(tmp_path_factory.mktemp("login"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://localhost:{port}"
    with identity_provider.running(f"{address}/oauth2callback") as provider:
        text = SETTINGS.format(provider=provider.address, client=CLIENT, address=address)
        (workspace / "gapwatch.yml").write_text(text, encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "gapwatch", "serve", "-w", str(workspace), "--port", str(port)],
            env={**os.environ, "TEST_CLIENT_SECRET": SECRET, "TEST_COOKIE_SECRET": SIGNING},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health")
            yield Served(address, provider, workspace, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


def _wait(address: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError("the server does not answer")


def opened(browser: Browser, served: Served, path: str = "/") -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(served.address + path)
    settle(page)
    return page


def log_in(browser: Browser, served: Served, path: str = "/", **claims: object) -> Page:
    """A new browser that logs in with these claims; the page after it."""
    served.provider.claims = {**GOOD, **claims}
    page = opened(browser, served, path)
    assert page.locator("h1").inner_text() == "Please log in"
    before = len(served.provider.tokens) + len(served.provider.refusals)
    page.get_by_role("button", name="Log in").click()
    for _ in range(150):
        if len(served.provider.tokens) + len(served.provider.refusals) > before:
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(500)
    settle(page)
    return page


def seen(page: Page) -> str:
    text = page.get_by_test_id("stApp").inner_text()
    page.context.close()
    return text


def test_without_a_login_no_page_shows_anything_but_the_way_in(browser: Browser, served: Served) -> None:
    for path in ("/", "/client?account=A-001", "/clients?tier=A", "/?snapshot=0f3a"):
        text = seen(opened(browser, served, path))

        assert "Please log in" in text
        assert "Harbor" not in text
        assert "0f3a" not in text


def test_a_member_of_a_role_sees_the_numbers_and_who_they_are(browser: Browser, served: Served) -> None:
    text = seen(log_in(browser, served))

    assert NUMBERS in text
    assert "ann@example.com as leader: all clients" in text


def test_the_login_leads_back_to_the_page_that_was_asked_for(browser: Browser, served: Served) -> None:
    page = log_in(browser, served, "/client?account=A-001&dim=trust")

    page.get_by_role("heading", name="Harbor Logistics").wait_for(timeout=15_000)
    assert "account=A-001" in page.url
    page.context.close()


def test_an_account_manager_sees_their_clients_alone(browser: Browser, served: Served) -> None:
    page = log_in(browser, served, email="braun@example.com", groups=["account-managers"])
    text = page.get_by_test_id("stApp").inner_text()
    page.goto(served.address + "/client?account=A-002")
    settle(page)
    foreign = page.locator("h1").inner_text()
    page.goto(served.address + "/client?account=A-001")
    settle(page)

    assert "braun@example.com as account_team: clients of K. Braun" in text
    assert "S. Iyer" not in text
    assert foreign == "No such client"
    assert page.locator("h1").inner_text().startswith("Harbor Logistics")
    page.context.close()


def test_a_page_that_the_role_lacks_says_so(browser: Browser, served: Served) -> None:
    page = log_in(browser, served, email="dev@example.com")
    page.goto(served.address + "/clients")
    settle(page)

    assert page.locator("h1").inner_text() == "This page is not part of your role"
    page.context.close()


@pytest.mark.parametrize(
    ("claims", "title"),
    [
        ({"iat": int(time.time()) - 3700, "exp": int(time.time()) + 3600}, "Your login has expired"),
        ({"tid": "theirs"}, "This login is of another organisation"),
        ({"email_verified": False}, "Your e-mail address is not verified"),
        ({"email": None}, "Your login carries no e-mail address"),
        ({"email": "ann@elsewhere.example"}, "This e-mail address has no access"),
        ({"email": "new@example.com"}, "You have no role here yet"),
        ({"email": "new@example.com", "groups": ["account-managers"]}, "No client is yours yet"),
    ],
)
def test_who_is_not_let_in_reads_why_and_no_number(
    browser: Browser, served: Served, claims: dict[str, object], title: str
) -> None:
    page = log_in(browser, served, **claims)
    assert page.locator("h1").inner_text() == title
    page.goto(served.address + "/client?account=A-001")
    settle(page)
    assert page.locator("h1").inner_text() == title

    assert "Harbor" not in seen(page)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 600, "iat": int(time.time()) - 4000},
        {"iss": "https://evil.example"},
        {"aud": "another-application"},
        {"nonce": "replayed"},
    ],
)
def test_a_token_that_is_not_for_this_login_leaves_everybody_outside(
    browser: Browser, served: Served, claims: dict[str, object]
) -> None:
    text = seen(log_in(browser, served, **claims))

    assert "Please log in" in text
    assert "Harbor" not in text


def test_a_token_signed_by_somebody_else_leaves_everybody_outside(browser: Browser, served: Served) -> None:
    served.provider.signs_with = RSAKey.generate_key(2048, private=True)
    try:
        assert "Please log in" in seen(log_in(browser, served))
    finally:
        served.provider.signs_with = None


def test_logging_out_closes_the_door_again(browser: Browser, served: Served) -> None:
    page = log_in(browser, served)
    page.get_by_role("link", name="Log out").click()
    page.get_by_role("heading", name="Please log in").wait_for(timeout=15_000)
    page.context.close()


def test_who_loses_their_role_is_outside_at_the_next_click(browser: Browser, served: Served) -> None:
    page = log_in(browser, served)
    assert NUMBERS in page.locator("h1").inner_text()
    file = served.workspace / "gapwatch.yml"
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(before.replace("ann@example.com", "left@example.com"), encoding="utf-8")
        page.get_by_role("button", name="All").first.or_(
            page.get_by_role("radio", name="Trust")
        ).first.click()
        page.get_by_role("heading", name="You have no role here yet").wait_for(timeout=15_000)
        file.write_text("version: 1\nname: [", encoding="utf-8")
        page.goto(served.address)
        page.get_by_role("heading", name="Nobody is let in at the moment").wait_for(timeout=15_000)
        file.write_text("version: 1\nname: Test company\n", encoding="utf-8")
        page.goto(served.address)
        page.get_by_role("heading", name="This server would show everything").wait_for(timeout=15_000)
    finally:
        file.write_text(before, encoding="utf-8")
        page.context.close()


@pytest.mark.parametrize(
    ("host", "origin", "is_served"),
    [
        ("localhost:{port}", "http://localhost:{port}", True),
        ("evil.example", "http://evil.example", False),
        ("evil.example:{port}", "http://localhost:{port}", False),
        ("localhost:{port}", "http://evil.example", False),
        ("localhost:{port}", "null", False),
    ],
)
def test_only_the_own_host_and_origin_are_answered(
    served: Served, host: str, origin: str, is_served: bool
) -> None:
    port = int(served.address.rpartition(":")[2])
    request = (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).format(port=port)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request.encode())
        answer = connection.recv(4096).decode("latin-1")

    assert (" 101 " in answer.splitlines()[0]) is is_served


def test_the_secrets_are_in_one_private_file_and_nowhere_else(served: Served) -> None:
    (file,) = (served.workspace / ".gapwatch" / "login").glob("*.toml")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text().split()
    assert children
    for pid in children:
        told = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
        assert SECRET.encode() not in told
        assert SIGNING.encode() not in told


def test_the_secrets_go_away_with_the_server(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = SETTINGS.format(provider="http://127.0.0.1:9", client=CLIENT, address=f"http://localhost:{port}")
    (tmp_path / "gapwatch.yml").write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "gapwatch", "serve", "-w", str(tmp_path), "--port", str(port)],
        env={**os.environ, "TEST_CLIENT_SECRET": SECRET, "TEST_COOKIE_SECRET": SIGNING},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _wait(f"http://127.0.0.1:{port}/_stcore/health")
    assert list((tmp_path / ".gapwatch" / "login").glob("*.toml"))

    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)

    assert list((tmp_path / ".gapwatch" / "login").glob("*")) == []

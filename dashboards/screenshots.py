"""Pictures of every page and state: ``python -m dashboards.screenshots WORKSPACE [--out screenshots]``.

Serves the workspace on a free port of this machine, visits each page in Chromium at both sizes, in both
themes and languages, and writes one PNG each.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

if TYPE_CHECKING:
    from playwright.sync_api import Page

REPOSITORY = Path(__file__).resolve().parents[1]
APP = REPOSITORY / "dashboards" / "app.py"
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass(frozen=True)
class Shot:
    """One picture: its file name, the address, size and theme."""

    name: str
    path: str
    size: str = "desk"
    theme: Literal["light", "dark"] = "light"


def main() -> None:
    """Write the pictures of a workspace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    parser.add_argument("--only", default="", help="pictures whose names begin so")
    parser.add_argument("--account", help="the client to show; the first of the worklist by default")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as empty:
        with served(asked.workspace) as address:
            wanted = shots(quote(asked.account or _first_client(asked.workspace)))
            _photograph(address, [shot for shot in wanted if shot.name.startswith(asked.only)], asked.out)
        if "clients_empty".startswith(asked.only):
            with served(Path(empty)) as address:
                _photograph(address, [Shot("clients_empty", "/")], asked.out)


def shots(account: str) -> list[Shot]:
    """The pictures of a published workspace."""
    client = f"/client?account={account}"
    addresses = {
        "clients": "/",
        "client": client,
        "lost": "/lost",
        "felt": "/felt",
        "alerts": "/alerts",
        "quality": "/quality",
        "method": "/method",
    }
    pages = [
        Shot(f"{name}_{size}_{theme}", path, size, theme)
        for name, path in addresses.items()
        for size in SIZES
        for theme in THEMES
    ]
    chinese = [
        Shot(f"{name}_{size}_zh", f"{path}{'&' if '?' in path else '?'}lang=zh", size)
        for name, path in addresses.items()
        for size in SIZES
    ]
    return [
        *pages,
        *chinese,
        Shot("client_unknown", "/client?account=nobody"),
        Shot("clients_all", "/?show=all"),
        Shot("clients_renewal", "/?sort=renewal"),
        Shot("clients_gap", "/?sort=gap"),
    ]


@contextmanager
def served(workspace: Path, app: Path = APP) -> Iterator[str]:
    """The screens of a workspace (or another app) on a free loopback port, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", str(app)),
            *("--server.address", "127.0.0.1", "--server.port", str(port), "--server.headless", "true"),
        ],
        env={**os.environ, "GAPWATCH_WORKSPACE": str(workspace.resolve()), "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(address, child)
        yield address
    finally:
        child.terminate()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def chromium() -> str | None:
    """Path of the system's Chromium; None leaves the choice to Playwright's own."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


#: Run, every element there in place of its skeleton, every chart drawn; and so it was a look earlier, too.
_IS_DRAWN = """() => {
    const all = name => [...document.querySelectorAll(`[data-testid=${name}]`)]
    const isDrawn = document.querySelector('h1')
        && all('stApp')[0]?.dataset.testScriptState === 'notRunning'
        && all('stSkeleton').length + all('stAppSkeleton').length === 0
        && all('stVegaLiteChart').every(chart => chart.querySelector('[role=graphics-document] svg'))
    const before = window.elementsDrawn
    window.elementsDrawn = isDrawn ? document.querySelectorAll('*').length : null
    return isDrawn && window.elementsDrawn === before
}"""


def settle(page: Page) -> None:
    """Wait until the page's script has run and everything it shows is drawn."""
    page.wait_for_function(_IS_DRAWN, timeout=60_000, polling=100)


def _photograph(address: str, wanted: list[Shot], out: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        for shot in wanted:
            width, height = SIZES[shot.size]
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=shot.theme
            )
            page = context.new_page()
            page.goto(address + shot.path)
            settle(page)
            # The page scrolls within an element: only a window as tall as that shows all of it.
            tall = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
            page.set_viewport_size({"width": width, "height": max(height, int(tall))})
            page.wait_for_timeout(400)
            page.screenshot(path=out / f"{shot.name}.png")
            print(out / f"{shot.name}.png", flush=True)
            context.close()
        browser.close()


def _first_client(workspace: Path) -> str:
    from gapwatch.snapshots import open_snapshot

    with open_snapshot(workspace / "published") as connection:
        row = connection.execute(
            "select account_id from marts.fct_churn_risk_weekly order by week_id desc, risk_rank limit 1"
        ).fetchone()
    return str(row[0]) if row else ""


def _wait_until_healthy(address: str, child: subprocess.Popen[bytes], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if child.poll() is not None:
            raise RuntimeError(f"the server ended at once with code {child.returncode}")
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):  # noqa: S310 - loopback
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the server did not answer within {seconds:.0f} s")


if __name__ == "__main__":
    main()

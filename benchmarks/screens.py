"""``python -m benchmarks.screens``: how quick the screens are, as ratios within one run.

Beside what Streamlit itself needs for a page with nothing but a title, loaded in turn with ours, and beside
one viewer alone. Of two companies: one of 120 clients and one of 5,000. Ends with 1 where a page failed or
mixed snapshots.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.viewers import Frame, Viewer, watch
from dashboards.screenshots import CHROMIUM_ARGUMENTS, chromium, served
from gapwatch import serve
from gapwatch.snapshots import open_snapshot

EMPTY = "import streamlit as st\n\nst.title('Nothing but a title')\n"
GOAL_CHART, GOAL_FRESH, GOAL_CLICK_MILLISECONDS, GOAL_CROWD = 1.6, 2.0, 300, 6.0
#: Of the screens, and of the smallest page that Streamlit draws a chart on.
CHART, VEGA = ".gw-plot img", "[data-testid=stVegaLiteChart] svg.marks"
TITLE = "h1"
#: How long a publish is waited for, while viewers go on clicking.
PATIENCE_SECONDS = 600.0
#: A title and the smallest chart: below it lies what Streamlit needs for any chart.
SMALLEST = """
st.vega_lite_chart(spec={
    "data": {"values": [{"x": 1, "y": 2}, {"x": 2, "y": 3}]},
    "mark": "line",
    "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
})
"""
PAGES = ("", "client", "felt", "alerts", "lost", "quality", "method")


@dataclass(frozen=True)
class Line:
    """One measured thing; ``goal`` is its upper limit in the same unit, None where it is only told."""

    what: str
    value: float
    unit: str
    goal: float | None = None

    def __str__(self) -> str:
        verdict = "" if self.goal is None else f"  goal {self.goal:g}, {self._verdict()}"
        return f"{self.what:<64} {self.value:8.2f} {self.unit}{verdict}"

    def _verdict(self) -> str:
        return "met" if self.goal is not None and self.value <= self.goal else "missed"


def main(arguments: list[str] | None = None) -> int:
    """Make the companies, measure, print; 0 where no page failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screens", description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=[120, 5_000])
    parser.add_argument("--months", type=int, default=9)
    parser.add_argument("--workspaces", type=Path, nargs="+", help="published workspaces instead of new ones")
    parser.add_argument("--loads", type=int, default=5, help="loads and clicks behind each median")
    parser.add_argument("--viewers", type=int, default=25)
    parser.add_argument("--clicks", type=int, default=6, help="clicks of each viewer")
    options = parser.parse_args(arguments)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="gapwatch-screens-") as folder:
        workspaces = options.workspaces or [
            _made(Path(folder) / str(accounts), accounts, options.months) for accounts in options.accounts
        ]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
            with _app(Path(folder) / "empty", EMPTY) as empty:
                with _app(Path(folder) / "smallest", EMPTY + SMALLEST) as smallest:
                    pairs = _beside_empty(browser, empty, smallest, options.loads, VEGA)
                print(Line("a title and Vega's smallest chart / empty page", ratio(pairs), "x"), flush=True)
                for workspace in workspaces:
                    print(f"\n{workspace.name}: {_clients(workspace)} clients")
                    for line in _alone(browser, workspace, empty, options.loads):
                        print(line, flush=True)
            for workspace in workspaces:
                print(f"\n{workspace.name}: the crowd")
                lines, frames = _crowded(workspace, options.viewers, options.clicks)
                for line in lines:
                    print(line, flush=True)
                failures += _told(frames)
            browser.close()
    return 1 if failures else 0


def _made(folder: Path, accounts: int, months: int) -> Path:
    command = ["demo", "--no-serve", "--accounts", str(accounts), "--months", str(months)]
    ended = subprocess.run(
        [sys.executable, "-m", "gapwatch", *command, "--workspace", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode not in {0, 10}:
        raise RuntimeError(ended.stderr)
    return folder


def _clients(workspace: Path) -> int:
    with open_snapshot(workspace / "published") as connection:
        found = connection.execute("select count(*) from marts.dim_accounts where is_active").fetchone()
    return int(found[0]) if found else 0


@contextmanager
def _app(folder: Path, script: str) -> Iterator[str]:
    """The address of an app that is this script."""
    folder.mkdir()
    app = folder / "app.py"
    app.write_text(script, encoding="utf-8")
    with served(folder, app) as address:
        yield address


def in_turn(one: Callable[[], float], other: Callable[[], float], times: int) -> list[tuple[float, float]]:
    """What both take, one after the other so often: what else the machine does then meets both."""
    return [(one(), other()) for _ in range(times)]


def ratio(pairs: list[tuple[float, float]]) -> float:
    """The median of how many times as long the second of each pair takes as the first."""
    return statistics.median(other / one for one, other in pairs)


def _beside_empty(
    browser: Browser, empty: str, ours: str, loads: int, chart: str = CHART
) -> list[tuple[float, float]]:
    """Seconds to the title of the empty page and to our first chart, in turn, both warm."""
    _loaded(browser, empty, TITLE)
    _loaded(browser, ours, chart)
    return in_turn(lambda: _loaded(browser, empty, TITLE), lambda: _loaded(browser, ours, chart), times=loads)


def _alone(browser: Browser, workspace: Path, empty: str, loads: int) -> Iterator[Line]:
    with served(workspace) as address:
        serve.warm(int(address.rsplit(":", 1)[1]))
        fresh = _loaded(browser, address, CHART)
        pairs = _beside_empty(browser, empty, address, loads)
        warm = statistics.median(chart for _, chart in pairs)
        yield Line("empty page, address to title", statistics.median(title for title, _ in pairs), "s")
        yield Line("first chart, warm / empty page, in turn", ratio(pairs), "x", GOAL_CHART)
        yield Line("first load of a fresh server / warm", fresh / warm, "x", GOAL_FRESH)
        clicks = statistics.median(_clicked(browser, address, loads))
        yield Line(
            "click in the navigation to the new title, median", clicks * 1000, "ms", GOAL_CLICK_MILLISECONDS
        )


def _crowded(workspace: Path, viewers: int, clicks: int) -> tuple[list[Line], list[Frame]]:
    pages = _addresses(workspace)
    with served(workspace) as address:
        port = int(address.rsplit(":", 1)[1])
        serve.warm(port)
        alone = _alone_on(port, pages)
        with _pipeline(workspace) as runs:
            beside = _alone_on(port, pages)
            until = time.monotonic() + PATIENCE_SECONDS
            frames = watch(
                port,
                pages,
                viewers=viewers,
                clicks=clicks,
                think_seconds=4.0,
                is_over=lambda: runs() > 0 or time.monotonic() > until,
            )
            finished = runs()
        p95 = _p95([frame.seconds for frame in frames])
        lines = [
            Line("one viewer alone, click to title, median", alone * 1000, "ms"),
            Line("the same beside a run and a publish", beside * 1000, "ms"),
            Line(
                f"{viewers} viewers beside them, p95 / one viewer beside them", p95 / beside, "x", GOAL_CROWD
            ),
            Line(f"{viewers} viewers beside them, p95 / one viewer alone", p95 / alone, "x"),
            Line(f"{viewers} viewers beside them, click to title, p95", p95 * 1000, "ms"),
            Line(
                f"{viewers} viewers beside them, click to the page's end, p95",
                _p95([frame.seconds_to_end for frame in frames]) * 1000,
                "ms",
            ),
            Line("snapshots published meanwhile", finished, ""),
            Line("snapshots seen", len({one for frame in frames for one in frame.snapshots}), ""),
        ]
    return lines, frames


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.95 * (len(seconds) - 1))]


def _alone_on(port: int, pages: list[tuple[str, str]]) -> float:
    with Viewer(port) as viewer:
        viewer.open()
        return statistics.median(viewer.open(*page).seconds for page in pages[:20])


def _told(frames: list[Frame]) -> int:
    """Print what went wrong; how many frames it went wrong in."""
    wrong = [frame for frame in frames if frame.errors or len(frame.snapshots) != 1 or not frame.seconds]
    print(f"{len(frames)} frames, {len(wrong)} with an error, without a title or with two snapshots")
    for frame in wrong[:5]:
        print(f"  {frame}")
    return len(wrong)


def _addresses(workspace: Path) -> list[tuple[str, str]]:
    """Pages and what they are asked for: clients of the worklist and the list itself, in turn."""
    with open_snapshot(workspace / "published") as connection:
        found = connection.execute(
            "select distinct account_id from marts.rpt_portfolio_worklist order by 1 limit 40"
        ).fetchall()
    clients = [("client", f"account={account}") for (account,) in found]
    others = [(page, "") for page in PAGES if page != "client"]
    return [each for client in clients for each in (client, *others)]


@contextmanager
def _pipeline(workspace: Path) -> Iterator[Callable[[], int]]:
    """Builds and publishes over and over until the block ends; tells how many were published."""
    published = workspace / "published"
    before = {path.name for path in published.glob("snapshot-*.json")}
    seen: set[str] = set()
    script = (
        "import subprocess, sys\n"
        "while True:\n"
        "    for step in (['build', '--full-refresh'], ['publish']):\n"
        "        subprocess.run([sys.executable, '-m', 'gapwatch', *step, '-w', sys.argv[1]], "
        "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(workspace)], start_new_session=True)

    def finished() -> int:
        seen.update(path.name for path in published.glob("snapshot-*.json"))
        return len(seen - before)

    try:
        yield finished
    finally:
        os.killpg(child.pid, signal.SIGTERM)
        child.wait()


def _loaded(browser: Browser, address: str, awaited: str) -> float:
    """Seconds from the address to what is waited for, in a window of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    began = time.monotonic()
    page.goto(address)
    page.locator(awaited).first.wait_for(timeout=120_000)
    seconds = time.monotonic() - began
    context.close()
    return seconds


def _clicked(browser: Browser, address: str, clicks: int) -> Iterator[float]:
    """Seconds from a click in the navigation to the title of the other page, there and back."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address)
    page.locator(CHART).first.wait_for(timeout=120_000)
    links = page.get_by_test_id("stTopNavLink")
    for click in range(1, 2 * clicks + 1):
        yield _turned(page, links.nth(click % 2).click)
    page.close()


def _turned(page: Page, click: Callable[[], None]) -> float:
    before = page.locator(TITLE).first.inner_text()
    began = time.monotonic()
    click()
    page.wait_for_function(
        "before => ![null, undefined, before].includes(document.querySelector('h1')?.innerText)",
        arg=before,
        timeout=60_000,
    )
    seconds = time.monotonic() - began
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    )
    return seconds


if __name__ == "__main__":
    sys.exit(main())

"""Serve the screens: Streamlit as a child process, on loopback, warmed before anybody looks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from gapwatch.errors import UserError

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

    from gapwatch.workspace import Workspace

ADDRESS = "127.0.0.1"
APP = Path(__file__).resolve().parents[1] / "dashboards" / "app.py"
START_SECONDS = 60.0
QUIET_SECONDS = 3.0

#: A browser's first message to Streamlit, "run the script", as its protocol writes it.
_RUN_SCRIPT = b"\x5a\x00"


def serve(workspace: Workspace, port: int) -> int:
    """Run the dashboard until it ends or Ctrl-C; returns the exit code.

    Raises UserError where the port is taken.
    """
    _require_free(port)
    child = subprocess.Popen(command(port), env=environment(workspace))
    warmer = threading.Thread(target=warm, args=(port,), daemon=True)
    warmer.start()
    try:
        return child.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        child.terminate()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()


def command(port: int) -> list[str]:
    """The command line of the server. What is not about this start is in dashboards/.streamlit."""
    return [
        *(sys.executable, "-m", "streamlit", "run", str(APP)),
        *("--server.address", ADDRESS),
        *("--server.port", str(port)),
        *("--server.headless", "true"),
        *("--server.fileWatcherType", "none"),
        *("--browser.gatherUsageStats", "false"),
        *("--client.showErrorDetails", "none"),
    ]


def environment(workspace: Workspace) -> dict[str, str]:
    """Environment of the server: the workspace, and the repository to import from."""
    paths = [str(APP.parents[1]), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "GAPWATCH_WORKSPACE": str(workspace.folder),
        "GAPWATCH_PUBLISHED": str(workspace.published_path),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }


def warm(port: int, seconds: float = START_SECONDS) -> bool:
    """Load the first page once, as a browser would, so that the first person finds it imported and cached.

    True when the page has run. A server that does not answer in time is the user's to see, not an error here.
    """
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect
    from websockets.typing import Origin

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://{ADDRESS}:{port}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    break
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    else:
        return False
    try:
        with connect(
            f"ws://{ADDRESS}:{port}/_stcore/stream",
            origin=Origin(f"http://{ADDRESS}:{port}"),
            max_size=None,
            proxy=None,
        ) as page:
            page.send(_RUN_SCRIPT)
            page.recv(timeout=max(QUIET_SECONDS, until - time.monotonic()))
            return _drained(page)
    except (WebSocketException, OSError):
        return False


def _drained(page: ClientConnection) -> bool:
    """Read until the server has had nothing to say for a while: the page has run then."""
    while True:
        try:
            page.recv(timeout=QUIET_SECONDS)
        except TimeoutError:
            return True


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            raise UserError(
                f"Port {port} on {ADDRESS} is taken",
                where="--port",
                rule="one server per port",
                next_step=f"gapwatch serve --port {port + 1}",
            ) from None

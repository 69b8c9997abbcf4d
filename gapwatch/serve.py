"""Serve the screens: Streamlit as a child process, warmed before anybody looks.

Without a login only this machine is served. With one, Streamlit reads its secrets from a file of this
start alone, which nobody else may read and which goes away with the server.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from gapwatch.access.settings import LOOPBACK, NEEDS_LOGIN
from gapwatch.errors import UserError

if TYPE_CHECKING:
    from types import FrameType

    from websockets.sync.client import ClientConnection

    from gapwatch.access.settings import Login
    from gapwatch.workspace import Workspace

ADDRESS = "127.0.0.1"
APP = Path(__file__).resolve().parents[1] / "dashboards" / "app.py"
START_SECONDS = 60.0
QUIET_SECONDS = 3.0

#: A browser's first message to Streamlit, "run the script", as its protocol writes it.
_RUN_SCRIPT = b"\x5a\x00"


def serve(workspace: Workspace, port: int, address: str = ADDRESS) -> int:
    """Run the dashboard until it ends, Ctrl-C or SIGTERM; returns the exit code.

    Raises UserError where the port is taken, where other machines could ask and there is no login, and
    where a secret of the login is not in the environment.
    """
    if workspace.login is None and address not in LOOPBACK:
        raise UserError(
            f"Without a login only this machine is served, and {address} is reached from others",
            where="--address",
            rule="login_before_network",
            next_step=f"add `login` and `roles` to {workspace.file}, or leave --address out",
        )
    _require_free(port, address)
    with _secrets(workspace) as secrets_file:
        child = subprocess.Popen(
            command(port, address, workspace.login, secrets_file), env=environment(workspace)
        )
        warmer = threading.Thread(target=warm, args=(port,), daemon=True)
        warmer.start()
        try:
            signal.signal(signal.SIGTERM, _ended)
            return child.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            child.terminate()
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()


def command(
    port: int, address: str = ADDRESS, login: Login | None = None, secrets_file: Path | None = None
) -> list[str]:
    """The command line of the server. What is not about this start is in dashboards/.streamlit."""
    line = [
        *(sys.executable, "-m", "streamlit", "run", str(APP)),
        *("--server.address", address),
        *("--server.port", str(port)),
        *("--server.headless", "true"),
        *("--server.fileWatcherType", "none"),
        *("--browser.gatherUsageStats", "false"),
        *("--client.showErrorDetails", "none"),
    ]
    if login is not None:
        hosts = {*LOOPBACK, login.host}
        line += [part for host in sorted(hosts) for part in ("--server.allowedHosts", _bracketed(host))]
    if secrets_file is not None:
        line += ["--secrets.files", str(secrets_file)]
    return line


def environment(workspace: Workspace) -> dict[str, str]:
    """Environment of the server: the workspace, and the repository to import from; no secret of the login."""
    paths = [str(APP.parents[1]), os.environ.get("PYTHONPATH", "")]
    login = workspace.login
    hidden = {login.variable("client_secret"), login.variable("cookie_secret")} if login else set()
    return {
        **{name: value for name, value in os.environ.items() if name not in hidden},
        "GAPWATCH_WORKSPACE": str(workspace.folder),
        "GAPWATCH_PUBLISHED": str(workspace.published_path),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        **({NEEDS_LOGIN: "1"} if login else {}),
    }


@contextmanager
def _secrets(workspace: Workspace) -> Iterator[Path | None]:
    """The file that Streamlit reads the login from, while the server runs; None without a login."""
    login = workspace.login
    if login is None:
        yield None
        return
    folder = workspace.state_path / "login"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left_behind in folder.glob("*.toml"):
        if not _is_running(left_behind.stem):
            left_behind.unlink(missing_ok=True)
    values = {
        "redirect_uri": f"{login.address}/oauth2callback",
        "cookie_secret": _secret(workspace, login, "cookie_secret", shortest=32),
        "client_id": login.client_id,
        "client_secret": _secret(workspace, login, "client_secret", shortest=1),
        "server_metadata_url": login.provider,
    }
    # A text of JSON is one of TOML, too.
    lines = ["[auth]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    lines += ["[auth.client_kwargs]", f"scope = {json.dumps(login.scope)}"]
    path = folder / f"{os.getpid()}.toml"
    path.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
        yield path
    finally:
        path.unlink(missing_ok=True)


def _secret(workspace: Workspace, login: Login, name: str, *, shortest: int) -> str:
    variable = login.variable(name)
    value = os.environ.get(variable, "")
    if len(value) < shortest:
        lacks = f"has fewer than {shortest} characters" if value else "is not set"
        raise UserError(
            f"The environment variable {variable} {lacks}",
            where=f"{workspace.file}, key login.{name}",
            rule="secret_in_environment",
            next_step=f"export {variable}=..., then gapwatch serve",
        )
    return value


def _is_running(pid: str) -> bool:
    with suppress(ValueError, ProcessLookupError, PermissionError):
        os.kill(int(pid), 0)
        return True
    return False


def _ended(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


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


def _require_free(port: int, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            raise UserError(
                f"Port {port} on {address} is taken, or not of this machine",
                where="--port",
                rule="one server per port",
                next_step=f"gapwatch serve --port {port + 1}",
            ) from None

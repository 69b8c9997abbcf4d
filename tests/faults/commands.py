"""Real `gapwatch` processes that start at once, and can be killed at a named place or at any time.

Great Expectations takes seconds to import. One warm process imports everything, and forks a child for
each command, which then runs the command line as the console script does.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gapwatch
from gapwatch.faults import VARIABLE
from gapwatch.ledger_database import VARIABLE as LEDGER_URL

ROOT = Path(gapwatch.__file__).parents[1]
KILLED = -signal.SIGKILL
_WARM = """
import json, os, select, signal, sys, time
# A main module without a file looks like a terminal session to DuckDB, which then draws progress bars.
__file__ = "gapwatch"
import gapwatch.cli, gapwatch.gate, gapwatch.landing, gapwatch.pipeline, gapwatch.publish
import gapwatch.summary, gapwatch.transform, expectations.marts
from gapwatch.validation import Checker
Checker()
awake, wake = os.pipe()
os.set_blocking(wake, False)
signal.set_wakeup_fd(wake)
signal.signal(signal.SIGCHLD, lambda *_: None)

def child(order):
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    while order["wait_for"] and not os.path.exists(order["wait_for"]):
        time.sleep(0.005)
    os.environ.update(order["env"])
    sys.argv = ["gapwatch", *order["arguments"]]
    code = 0
    try:
        if order["code"]:
            exec(order["code"], {"__name__": "child"})
        else:
            gapwatch.cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

def say(**values):
    os.write(1, (json.dumps(values) + "\\n").encode())

say(ready=True)
pending = b""
while True:
    ready = select.select([0, awake], [], [])[0]
    if awake in ready:
        os.read(awake, 1024)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            say(ended=pid, code=os.waitstatus_to_exitcode(status))
    if 0 in ready:
        data = os.read(0, 1 << 16)
        if not data:
            break
        *lines, pending = (pending + data).split(b"\\n")
        for line in lines:
            order = json.loads(line)
            pid = os.fork()
            if pid == 0:
                child(order)
            say(started=pid)
"""


@dataclass
class Ended:
    """How a command ended: its exit code (negative: the signal that killed it) and what it said."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """Standard output of a command that was asked for JSON."""
        values: dict[str, Any] = json.loads(self.out)
        return values

    @property
    def said(self) -> str:
        """The error paragraph on one line."""
        return " ".join(self.err.split())


@dataclass
class Commands:
    """The warm process. ``folder`` takes the commands' output."""

    folder: Path
    _ended: dict[int, int] = field(default_factory=dict)
    _started: list[int] = field(default_factory=list)
    _number: int = 0
    _pending: bytes = b""

    def __post_init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
        environment["PYTHONPATH"] = str(ROOT)
        environment["COLUMNS"] = "300"
        self._warm = subprocess.Popen(
            [sys.executable, "-c", _WARM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        assert self._warm.stdout is not None
        assert json.loads(self._warm.stdout.readline()) == {"ready": True}
        os.set_blocking(self._warm.stdout.fileno(), False)

    def close(self) -> None:
        """End the warm process."""
        assert self._warm.stdin is not None
        assert self._warm.stdout is not None
        self._warm.stdin.close()
        self._warm.wait(10)
        self._warm.stdout.close()

    def start(
        self,
        workspace: Path,
        *arguments: str,
        fault: str | None = None,
        code: str | None = None,
        wait_for: Path | None = None,
    ) -> Running:
        """Start ``gapwatch <arguments>`` on a workspace; ``code`` runs Python text in its place.

        It does nothing before the file ``wait_for`` is there.
        """
        self._number += 1
        files = [self.folder / f"{self._number}.{kind}" for kind in ("out", "err")]
        order = {
            "arguments": [*arguments, "--workspace", str(workspace)],
            # A ledger elsewhere may be set since the warm process was started.
            "env": {name: os.environ[name] for name in (LEDGER_URL,) if name in os.environ}
            | ({VARIABLE: fault} if fault else {}),
            "out": str(files[0]),
            "err": str(files[1]),
            "code": code,
            "wait_for": str(wait_for) if wait_for else None,
        }
        assert self._warm.stdin is not None
        self._warm.stdin.write((json.dumps(order) + "\n").encode())
        self._warm.stdin.flush()
        while not self._started:
            self._listen(60)
        return Running(self, self._started.pop(0), files[0], files[1])

    def run(
        self, workspace: Path, *arguments: str, fault: str | None = None, code: str | None = None
    ) -> Ended:
        """Start a command and wait for its end."""
        return self.start(workspace, *arguments, fault=fault, code=code).wait()

    def ended(self, pid: int, timeout: float) -> int | None:
        """The exit code of a child, waited for at most so many seconds."""
        deadline = time.monotonic() + timeout
        while pid not in self._ended:
            left = deadline - time.monotonic()
            # What has been said is heard, even by whom there is no time left for.
            self._listen(max(0.0, left))
            if left <= 0:
                break
        return self._ended.get(pid)

    def _listen(self, timeout: float) -> None:
        assert self._warm.stdout is not None
        if not select.select([self._warm.stdout], [], [], timeout)[0]:
            return
        data = os.read(self._warm.stdout.fileno(), 1 << 16)
        assert data, "the warm process has gone"
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            if "started" in said:
                self._started.append(said["started"])
                # Numbers of processes come again: an earlier one's end is not this one's.
                self._ended.pop(said["started"], None)
            else:
                self._ended[said["ended"]] = said["code"]


@dataclass
class Running:
    """One command on its way."""

    commands: Commands
    pid: int
    out: Path
    err: Path

    @property
    def is_running(self) -> bool:
        """True until it has ended."""
        return self.commands.ended(self.pid, 0) is None

    def wait(self, timeout: float = 240) -> Ended:
        """Its end. Kills what does not end in time, and says so."""
        code = self.commands.ended(self.pid, timeout)
        if code is None:
            self.signal(signal.SIGKILL)
            raise AssertionError(f"no end after {timeout} s: {self.err.read_text()}")
        return Ended(code, self.out.read_text(encoding="utf-8"), self.err.read_text(encoding="utf-8"))

    def signal(self, number: signal.Signals) -> None:
        """Signal this one process, none of its children."""
        if self.is_running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> Ended:
        """As ``kill -9``, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        return self.wait()

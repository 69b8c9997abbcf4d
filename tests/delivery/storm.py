"""A storm of alerts: senders that are killed, and a receiver that fails, loses its answers and hangs."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from gapwatch.faults import FAULT_POINTS, VARIABLE

SENDER = (
    "import sys; from gapwatch.workspace import load_workspace; from gapwatch.delivery.sending import send; "
    "print(send(load_workspace(sys.argv[1]), stay_seconds=float(sys.argv[2])).as_dict())"
)
POINTS = [point for point in FAULT_POINTS if point.startswith("delivery.") and "digest" not in point]
KILLED = -signal.SIGKILL


@dataclass
class Receiver:
    """Honours the key: an effect for each key that is new. ``failing`` is the share of requests that fail.

    Of the failing ones some have had their effect: the answer is lost, or does not come in time.
    """

    failing: float
    seed: int = 1
    port: int = 0
    #: Key -> alert of its one effect.
    effects: dict[str, str] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    #: How requests ended.
    ends: Counter[str] = field(default_factory=Counter)
    #: Requests under a key whose confirmation had left for the sender in full.
    after_confirmation: int = 0
    _confirmed: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def end_of(self, key: str, alert_key: str) -> str:
        """Take a request; how it shall end."""
        with self._lock:
            self.seen[key] += 1
            self.after_confirmation += key in self._confirmed
            chance = random.Random(f"{self.seed} {key} {self.seen[key]}").random()
            end = "fine"
            if chance < self.failing:
                part = chance / self.failing
                end = "error" if part < 0.6 else "busy" if part < 0.75 else "lost" if part < 0.985 else "late"
            if end in {"fine", "lost", "late"}:
                self.effects.setdefault(key, alert_key)
            if end == "fine":
                self._confirmed.add(key)
            self.ends[end] += 1
            return end


@contextmanager
def receiving(failing: float, seed: int = 1) -> Iterator[Receiver]:
    receiver = Receiver(failing, seed)
    gone = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            end = receiver.end_of(self.headers["Idempotency-Key"], body["alert_key"])
            if end == "late":
                gone.wait(10)
            if end in {"late", "lost"}:
                self.close_connection = True
                return
            self.send_response({"fine": 200, "error": 500, "busy": 429}[end])
            if end == "busy":
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            """A killed sender leaves a closed connection."""

    server = Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        gone.set()
        server.shutdown()
        thread.join()
        server.server_close()


def sender(folder: Path, fault: str | None = None, stay: float = 30) -> subprocess.Popen[str]:
    """A sender's process on its way; ``fault`` names the place where it dies."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if fault is not None:
        environment[VARIABLE] = fault
    return subprocess.Popen(
        [sys.executable, "-c", SENDER, str(folder), str(stay)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@dataclass
class Storm:
    """Three senders at work on one workspace, killed again and again while they work.

    Kills are spread over the ``expected`` requests; some hit a sender at a named place, the others anywhere.
    """

    folder: Path
    receiver: Receiver
    kills: int
    expected: int
    seed: int
    killed: int = 0
    wrong: list[str] = field(default_factory=list)

    def rage(self, is_done: threading.Event, most_seconds: float) -> float:
        """Until ``is_done``; starts a new sender for each that ends. Returns the seconds it took."""
        chance = random.Random(self.seed)
        began = time.monotonic()
        running: list[subprocess.Popen[str]] = []
        try:
            while not is_done.is_set():
                if time.monotonic() - began > most_seconds:
                    self.wrong.append(f"not done after {most_seconds} s")
                    break
                running = [process for process in running if not self._ended(process)]
                while len(running) < 3:
                    at_point = 0 < self.killed < self.kills and chance.random() < 0.4
                    running.append(sender(self.folder, chance.choice(POINTS) if at_point else None))
                is_time = self.receiver.ends.total() >= self.expected * (self.killed + 1) / (self.kills + 1)
                if self.killed < self.kills and is_time:
                    chance.choice(running).kill()
                time.sleep(0.02)
        finally:
            for process in running:
                process.kill()
                process.communicate()
        return time.monotonic() - began

    def _ended(self, process: subprocess.Popen[str]) -> bool:
        if process.poll() is None:
            return False
        _, said = process.communicate()
        if process.returncode == KILLED:
            self.killed += 1
        elif process.returncode != 0:
            self.wrong.append(said)
        return True

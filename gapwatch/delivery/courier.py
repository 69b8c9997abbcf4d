"""A child process that sends, with a hard deadline: what hangs is killed, and its outcome is unknown.

Parent and child speak JSON lines over pipes. The parent never reads an address: an order names the
environment variable. The child sets itself a timer of the kernel before each order, so that it ends
even if its parent was killed and a receiver holds it; a lease on the row outlives that timer.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from gapwatch.delivery.orders import Message, Outcome
from gapwatch.errors import InternalError

#: The parent kills first; the child's own timer is for a child without a parent.
SLACK_SECONDS = 1.0
START_SECONDS = 60.0


class Courier:
    """Sends messages one after another in a child process. Use it as a context manager."""

    def __init__(self, deadline_seconds: float) -> None:
        self.deadline_seconds = deadline_seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._pending = b""

    def __enter__(self) -> Courier:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        self._pending = b""
        if child is not None:
            assert child.stdin is not None
            assert child.stdout is not None
            child.kill()
            child.wait()
            child.stdin.close()
            child.stdout.close()

    def send(
        self, message: Message, variable: str, done: Sequence[str], last: Sequence[str]
    ) -> Iterator[tuple[Outcome, bool]]:
        """Bring a message to every target behind an environment variable.

        Yields each outcome as it comes, and whether it is the last. Targets in ``done`` have confirmed it
        and are left out; those in ``last`` come last. At the deadline the target in hand is unknown, and
        those after it were not tried. Nothing is yielded where every target is done.
        """
        child = self.start()
        began = time.monotonic()
        in_hand = ""
        held: Outcome | None = None
        for said in self._told(child, self._order(message, variable, done, last), began):
            if "outcome" in said:
                held = Outcome(**said["outcome"])
                continue
            # What follows an outcome says whether another target comes; it is there at once.
            if held is not None:
                yield held, "end" in said
                held = None
            if "end" in said:
                return
            in_hand = said["begin"]
        if held is not None:
            yield held, False
            in_hand = ""
        # Hanging, or gone: of the target in hand nobody knows.
        seconds = time.monotonic() - began
        is_late = seconds >= self.deadline_seconds
        why = (
            f"no confirmation within {self.deadline_seconds:g} s" if is_late else "the sending process ended"
        )
        self.close()
        yield Outcome(in_hand, None, "unknown", why, None, seconds), True

    def _order(self, message: Message, variable: str, done: Sequence[str], last: Sequence[str]) -> bytes:
        order = {
            "message": asdict(message),
            "variable": variable,
            "deadline": self.deadline_seconds,
            "done": list(done),
            "last": list(last),
        }
        return (json.dumps(order) + "\n").encode()

    def _told(self, child: subprocess.Popen[bytes], order: bytes, began: float) -> Iterator[dict[str, Any]]:
        """What the child says, until the deadline or its end."""
        assert child.stdin is not None
        try:
            child.stdin.write(order)
            child.stdin.flush()
        except BrokenPipeError:
            return
        while (said := self._line(began + self.deadline_seconds)) is not None:
            yield said

    @property
    def is_up(self) -> bool:
        """True while the child can take a message at once."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> subprocess.Popen[bytes]:
        """Have the child up and ready, before a lease: loading takes a second that no lease has."""
        if self._child is not None and self.is_up:
            return self._child
        self.close()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "gapwatch.delivery.courier"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What a library may print there is not redacted.
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self._line(time.monotonic() + START_SECONDS) != {"ready": True}:
            self.close()
            raise InternalError(
                "The sending process does not start",
                rule="courier",
                next_step="run `python -m gapwatch.delivery.courier` and read what it says",
            )
        return self._child

    def _line(self, until: float) -> dict[str, Any] | None:
        """The child's next line, or None at the deadline or its end."""
        assert self._child is not None
        assert self._child.stdout is not None
        descriptor = self._child.stdout.fileno()
        while b"\n" not in self._pending:
            left = until - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                return None
            data = os.read(descriptor, 1 << 16)
            if not data:
                return None
            self._pending += data
        line, self._pending = self._pending.split(b"\n", 1)
        said: dict[str, Any] = json.loads(line)
        return said


def _child() -> None:
    """Carry out orders from standard input until it ends."""
    from gapwatch.delivery.channels import deliver, load_services, quiet_logs, targets
    from gapwatch.delivery.redaction import Redactor

    # The pipe is kept from whatever a library prints.
    out = os.dup(1)
    os.dup2(2, 1)

    def say(**values: Any) -> None:
        os.write(out, (json.dumps(values) + "\n").encode())

    load_services()
    say(ready=True)
    for line in sys.stdin.buffer:
        order = json.loads(line)
        # By the kernel's hand and without a handler: it ends code that does not return to Python.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, order["deadline"] + SLACK_SECONDS)
        addresses = os.environ.get(order["variable"], "")
        redactor = Redactor(addresses.split())
        quiet_logs(redactor)
        message = Message(**order["message"])
        found, bad = targets(addresses, order["deadline"])
        if bad or not found:
            unknown = "an address that apprise does not know"
            say(outcome=Outcome("address", False, "address", unknown).as_dict())
        waiting = [target for target in found if target.name not in order["done"]]
        for target in sorted(waiting, key=lambda target: target.name in order["last"]):
            say(begin=target.name)
            say(outcome=deliver(message, target, redactor).as_dict())
        say(end=True)
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    _child()

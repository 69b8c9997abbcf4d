"""Locks between processes: one writer to the warehouse, one to the landing folder.

The operating system holds the lock (`flock`), so it is gone with its holder, however that died. A JSON
file beside it says who holds it, for messages only. Within a thread a lock may be taken again.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager as ContextManager
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from gapwatch.errors import LockBusyError
from gapwatch.workspace import Workspace

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as it wrote itself down; ``since`` is UTC."""

    pid: int
    host: str
    command: str
    since: str


OnWait = Callable[[Holder | None], None]

_held = threading.local()


def warehouse_lock(
    ws: Workspace, wait_seconds: float | None = None, on_wait: OnWait | None = None
) -> ContextManager[None]:
    """The one writer of the warehouse; waits (default: `limits.lock_wait_seconds`), then `LockBusyError`.

    ``on_wait`` is called once, with the holder where it is known, before waiting begins.
    """
    return _lock(ws, "warehouse", wait_seconds, on_wait)


def landing_lock(
    ws: Workspace, wait_seconds: float | None = None, on_wait: OnWait | None = None
) -> ContextManager[None]:
    """The one writer of the landing folder. Where both locks are needed, the warehouse's comes first."""
    return _lock(ws, "landing", wait_seconds, on_wait)


def held_descriptors() -> tuple[int, ...]:
    """Descriptors of the locks that this thread holds: a child that inherits them holds the locks as well.

    So a lock is free only when a child that outlives its killed parent has ended too.
    """
    return tuple(_held.__dict__.get("descriptors", {}).values())


def holder_of(ws: Workspace, name: str) -> Holder | None:
    """Who holds the lock of that name (``warehouse``, ``landing``) now; None where it is free."""
    path = _path(ws, name)
    if not path.exists():
        return None
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return _read_holder(path) or Holder(0, "unknown", "unknown", "unknown")
    lock.release()
    return None


@contextmanager
def _lock(ws: Workspace, name: str, wait_seconds: float | None, on_wait: OnWait | None) -> Iterator[None]:
    path = _path(ws, name)
    depths: dict[str, int] = _held.__dict__.setdefault("depths", {})
    if depths.get(str(path)):
        depths[str(path)] += 1
        try:
            yield
        finally:
            depths[str(path)] -= 1
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    _acquire(lock, path, ws, ws.limits.lock_wait_seconds if wait_seconds is None else wait_seconds, on_wait)
    depths[str(path)] = 1
    descriptors: dict[str, int] = _held.__dict__.setdefault("descriptors", {})
    if lock._context.lock_file_fd is not None:
        descriptors[str(path)] = lock._context.lock_file_fd
    try:
        _holder_path(path).write_text(json.dumps(asdict(_ourselves())), encoding="utf-8")
        yield
    finally:
        depths[str(path)] = 0
        descriptors.pop(str(path), None)
        _holder_path(path).unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, path: Path, ws: Workspace, wait_seconds: float, on_wait: OnWait | None) -> None:
    deadline = time.monotonic() + wait_seconds
    told = False
    while True:
        try:
            lock.acquire(blocking=False)
            return
        except Timeout:
            holder = _read_holder(path)
        left = deadline - time.monotonic()
        if left <= 0:
            raise _busy(holder, path, ws, wait_seconds)
        if on_wait is not None and not told:
            on_wait(holder)
            told = True
        time.sleep(min(POLL_SECONDS, left))


def _busy(holder: Holder | None, path: Path, ws: Workspace, waited: float) -> LockBusyError:
    who = "another process"
    if holder is not None:
        who = f"process {holder.pid} on {holder.host} (`{holder.command}`, since {holder.since})"
    return LockBusyError(
        f"The workspace is being written to by {who}; waited {waited:g} s",
        where=str(path),
        rule="one_writer",
        next_step=f"wait for it to finish (`gapwatch status --workspace {ws.folder}`), then try again",
    )


def _ourselves() -> Holder:
    program = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    # Only the program and its first word: options may carry what does not belong into a file.
    words = [program, *[word for word in sys.argv[1:2] if not word.startswith("-")]]
    now = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    return Holder(os.getpid(), socket.gethostname(), " ".join(words), now.isoformat() + "Z")


def _read_holder(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(_holder_path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _path(ws: Workspace, name: str) -> Path:
    return ws.state_path / "locks" / f"{name}.lock"


def _holder_path(path: Path) -> Path:
    return path.with_suffix(".json")

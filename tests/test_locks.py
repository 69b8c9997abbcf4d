"""One writer at a time; who waits learns whom for; a dead holder holds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import gapwatch
from gapwatch import warehouse
from gapwatch.errors import InternalError, LockBusyError
from gapwatch.locks import holder_of, landing_lock, warehouse_lock
from gapwatch.workspace import Workspace

ROOT = Path(gapwatch.__file__).parents[1]
HOLD = """
import sys, time
from gapwatch.locks import warehouse_lock
from gapwatch.workspace import load_workspace
with warehouse_lock(load_workspace(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def ws(workspace_factory):
    return workspace_factory().load()


@pytest.fixture
def hold(ws):
    """Start a process that holds the warehouse's lock for some seconds."""
    started: list[subprocess.Popen[str]] = []

    def _hold(seconds: float) -> subprocess.Popen[str]:
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", HOLD, str(ws.folder), str(seconds)]
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield _hold
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_second_writer_is_told_who_holds_the_lock(ws, hold):
    process = hold(60)
    with pytest.raises(LockBusyError) as caught, warehouse_lock(ws, wait_seconds=0.3):
        pass
    message = str(caught.value)
    assert f"process {process.pid} on" in message
    assert "waited 0.3 s" in message
    assert "gapwatch status" in message
    assert caught.value.exit_code == 2


def test_a_second_writer_waits_and_then_writes(ws, hold):
    process = hold(0.8)
    seen = []
    before = time.monotonic()
    with warehouse_lock(ws, wait_seconds=30, on_wait=seen.append):
        assert time.monotonic() - before > 0.3
    assert [holder.pid for holder in seen] == [process.pid]


def test_the_lock_of_a_killed_holder_is_free(ws, hold):
    process = hold(60)
    process.kill()
    process.wait()
    with warehouse_lock(ws, wait_seconds=0):
        holder = holder_of(ws, "warehouse")
        assert holder is not None
        assert holder.pid == os.getpid()


def test_nobody_holds_a_lock_that_is_free(ws, hold):
    assert holder_of(ws, "warehouse") is None
    with warehouse_lock(ws):
        pass
    assert holder_of(ws, "warehouse") is None
    process = hold(60)
    held = holder_of(ws, "warehouse")
    assert held is not None
    assert held.pid == process.pid


def test_a_thread_may_take_its_lock_again_and_holds_it_to_the_end(ws):
    with warehouse_lock(ws):
        with warehouse_lock(ws, wait_seconds=0):
            pass
        assert holder_of(ws, "warehouse") is not None
        taken = []

        def other() -> None:
            try:
                with warehouse_lock(ws, wait_seconds=0):
                    taken.append(True)
            except LockBusyError:
                taken.append(False)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert taken == [False]


def test_the_two_locks_do_not_touch_each_other(ws, hold):
    hold(60)
    with landing_lock(ws, wait_seconds=0):
        pass


def test_a_lock_is_free_after_an_error(ws):
    with pytest.raises(RuntimeError), warehouse_lock(ws):
        raise RuntimeError
    assert holder_of(ws, "warehouse") is None
    with warehouse_lock(ws, wait_seconds=0):
        assert holder_of(ws, "warehouse") is not None


def test_a_holder_writes_down_no_options(ws, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/opt/bin/gapwatch", "run", "--token", "canary"])
    with warehouse_lock(ws):
        written = "".join(path.read_text() for path in (ws.state_path / "locks").iterdir())
    assert '"gapwatch run"' in written
    assert "canary" not in written


@pytest.mark.parametrize(("seconds", "opens"), [(0.5, True), (60.0, False)])
def test_the_warehouse_waits_for_a_process_that_is_dying_and_no_longer(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch, seconds: float, opens: bool
) -> None:
    monkeypatch.setattr(warehouse, "SECONDS_TO_DIE", 5.0 if opens else 0.2)
    ws.warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    code = (
        f"import duckdb, time; c = duckdb.connect({str(ws.warehouse_path)!r}); "
        f"print('open', flush=True); time.sleep({seconds})"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        try:
            if opens:
                with warehouse.write_connection(ws) as connection:
                    assert connection.execute("select 1").fetchone() == (1,)
            else:
                with pytest.raises(InternalError, match="Could not set lock"), warehouse.write_connection(ws):
                    pass
        finally:
            holder.kill()

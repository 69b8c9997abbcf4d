"""A disk that refuses to flush or to rename: said, nothing lost, and the next run makes it good.

strace makes the system call fail inside the running process, whoever makes it: Python, DuckDB or SQLite.
The short form lets one or two calls of each kind fail, the long form each one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from gapwatch import snapshots
from tests.faults.commands import Commands, Ended
from tests.faults.conftest import Undisturbed
from tests.faults.oracles import half_published, landed, rows_unaccounted, tables, unlike
from tests.faults.test_resources import PUBLISH_AGAIN

pytestmark = pytest.mark.xdist_group("faults")

FLUSH = ("fsync", "fdatasync")
RENAME = ("rename", "renameat", "renameat2")
#: One call as strace logs it: the thread, the name, the result.
_LOGGED = re.compile(r"^(\d+) +(\w+)\(", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """A command, the workspace that it starts from, and what must be true after the next one."""

    start: str
    arguments: tuple[str, ...] = ()
    code: str | None = None


LAND = Step("fresh", ("ingest",))
GATE = Step("landed", ("gate",))
PUBLISH = Step("first", (), PUBLISH_AGAIN)
STEPS = pytest.mark.parametrize(
    ("step", "names"),
    [(LAND, FLUSH), (LAND, RENAME), (GATE, FLUSH), (PUBLISH, FLUSH), (PUBLISH, RENAME)],
    ids=["land-flush", "land-rename", "gate-flush", "publish-flush", "publish-rename"],
)


@pytest.fixture(scope="module", autouse=True)
def traceable() -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    trial = ["strace", "-qq", "-e", "trace=none", "true"]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        pytest.skip("this system permits no process to trace another")


@STEPS
def test_a_disk_that_refuses_one_call_costs_nothing(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path, step: Step, names: Sequence[str]
) -> None:
    made = calls_of(commands, undisturbed, tmp_path, step, names)
    # The first; and what makes it visible, or the middle, since DuckDB flushes now more, now less often.
    for call in (made[0], made[-1] if names == RENAME else made[len(made) // 2]):
        assert refuse(commands, undisturbed, tmp_path, step, call)


@pytest.mark.torture
@STEPS
def test_a_disk_that_refuses_any_call_costs_nothing(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path, step: Step, names: Sequence[str]
) -> None:
    made = sorted(set(calls_of(commands, undisturbed, tmp_path, step, names)))
    assert sum(refuse(commands, undisturbed, tmp_path, step, call) for call in made) > len(made) / 2


def calls_of(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path, step: Step, names: Sequence[str]
) -> list[tuple[str, int]]:
    """The calls of the busiest thread of an undisturbed run in order, each by name and number of the name."""
    folder = shutil.copytree(getattr(undisturbed, step.start), tmp_path / "counted")
    _, log = traced(commands, folder, step, ["-e", f"trace={','.join(names)}"])
    found = _LOGGED.findall(log)
    ((busiest, _),) = Counter(thread for thread, _ in found).most_common(1)
    numbers: Counter[str] = Counter()
    made = []
    for name in (name for thread, name in found if thread == busiest):
        numbers[name] += 1
        made.append((name, numbers[name]))
    assert len(made) > 1
    return made


def refuse(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path, step: Step, call: tuple[str, int]
) -> bool:
    """Let one call fail, look at how that is said, and at what is there after the next run.

    True where the run came to that call.
    """
    name, number = call
    folder = shutil.copytree(getattr(undisturbed, step.start), tmp_path / f"{name}-{number}")

    ended, log = traced(
        commands,
        folder,
        step,
        ["-e", f"trace={name}", "-e", f"inject={name}:error=EIO:when={number}"],
    )

    assert ended.code in {0, 1, 11, 12}, ended
    assert "Traceback" not in ended.err
    if ended.code not in {0, 11}:
        assert ended.said.startswith("Error: ")
        assert "Next: " in ended.said
    if step is PUBLISH:
        with snapshots.open_snapshot(folder / "published", private=True):
            pass
        assert commands.run(folder, code=PUBLISH_AGAIN).code == 0
        assert half_published(folder) == []
    elif step is GATE:
        assert commands.run(folder, "gate").code == 11
        assert rows_unaccounted(folder) == []
        assert unlike(tables(undisturbed.first), tables(folder)) == {}
    else:
        assert commands.run(folder, "ingest").code == 0
        assert unlike(landed(undisturbed.landed), landed(folder)) == {}
    shutil.rmtree(folder)
    return "(INJECTED)" in log


def traced(commands: Commands, folder: Path, step: Step, what: Sequence[str]) -> tuple[Ended, str]:
    """Run a command under strace; how it ended, and the log of its calls."""
    log, go = folder.with_suffix(".strace"), folder.with_suffix(".go")
    go.unlink(missing_ok=True)
    running = commands.start(folder, *step.arguments, code=step.code, wait_for=go)
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(running.pid), "-o", str(log), *what], stderr=subprocess.PIPE, text=True
    )
    try:
        assert tracer.stderr is not None
        assert "attached" in tracer.stderr.readline()
        go.touch()
        ended = running.wait()
        tracer.wait(60)
    finally:
        tracer.kill()
        tracer.communicate()
    return ended, log.read_text(encoding="utf-8", errors="replace")

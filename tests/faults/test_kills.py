"""kill -9 at every named place of every step, then the same command again: nothing lost, nothing doubled."""

from __future__ import annotations

import ast
import shutil
import time
from contextlib import suppress
from pathlib import Path

import pytest

from gapwatch.faults import FAULT_POINTS
from tests.build.equality import differences
from tests.faults import tiny_company
from tests.faults.commands import KILLED, ROOT, Commands, Running
from tests.faults.conftest import Undisturbed
from tests.faults.oracles import current_file, half_published, landed, rows_unaccounted, tables, unlike

pytestmark = pytest.mark.xdist_group("faults")

#: What only a second delivery meets: rows that waited, a build on top of another, a snapshot to prune.
REPLAY = ("gate.before_replay", "gate.rows_replayed", "gate.before_replay_commit")
LANDING = tuple(p for p in FAULT_POINTS if p.startswith(("landing.", "files.")))
GATE = tuple(p for p in FAULT_POINTS if p.startswith("gate.") and p not in REPLAY)
#: Raising, answering and sending alerts: tests/alerts and tests/delivery kill there, with alerts to lose.
SWEPT_ELSEWHERE = ("notify.", "alerts.", "delivery.")
OUTLET = tuple(p for p in FAULT_POINTS if p.startswith(("build.", "publish.")))


def test_the_sweep_knows_every_place_in_the_sources() -> None:
    called = [
        call.args[0].value
        for file in sorted((ROOT / "gapwatch").rglob("*.py"))
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name | ast.Attribute)
        and (call.func.id if isinstance(call.func, ast.Name) else call.func.attr) == "fault_point"
        and isinstance(call.args[0], ast.Constant)
    ]

    assert sorted(called) == sorted(FAULT_POINTS)
    elsewhere = tuple(p for p in FAULT_POINTS if p.startswith(SWEPT_ELSEWHERE))
    assert set(LANDING + GATE + REPLAY + OUTLET + elsewhere) == set(FAULT_POINTS)


@pytest.mark.parametrize("point", LANDING)
def test_a_landing_killed_anywhere_is_made_good_by_the_next_one(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path, point: str
) -> None:
    folder = shutil.copytree(undisturbed.fresh, tmp_path / "company")

    assert commands.run(folder, "run", fault=point).code == KILLED
    assert commands.run(folder, "ingest").code == 0

    assert unlike(landed(undisturbed.landed), landed(folder)) == {}
    assert leftovers(folder) == []


@pytest.mark.parametrize("point", GATE)
def test_a_gate_killed_anywhere_is_made_good_by_the_next_one(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path, point: str
) -> None:
    folder = shutil.copytree(undisturbed.landed, tmp_path / "company")

    assert commands.run(folder, "gate", fault=point).code == KILLED
    commands.run(folder, "gate")

    assert rows_unaccounted(folder) == []
    assert unlike(tables(undisturbed.first), tables(folder)) == {}


@pytest.mark.parametrize("point", REPLAY)
def test_a_replay_killed_anywhere_is_made_good_by_the_next_gate(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path, point: str
) -> None:
    folder = shutil.copytree(undisturbed.first, tmp_path / "company")
    tiny_company.deliver_second(folder)

    assert commands.run(folder, "run", fault=point).code == KILLED
    commands.run(folder, "gate")

    assert rows_unaccounted(folder) == []
    assert unlike(tables(undisturbed.second), tables(folder)) == {}


def test_a_run_killed_at_every_place_from_the_build_on_ends_like_an_undisturbed_one(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = shutil.copytree(undisturbed.first, tmp_path / "company")
    tiny_company.deliver_second(folder)
    # First while dbt works in its own process, which must neither outlive the run nor block the next one.
    running = commands.start(folder, "run")
    dbt = wait_for_dbt(running, folder)
    assert running.kill().code == KILLED

    for point in OUTLET:
        ended = commands.run(folder, "run", fault=point)
        assert ended.code == KILLED, (point, ended)
        assert not Path(f"/proc/{dbt}/cwd").exists()
        assert half_published_now(folder) == []
    assert commands.run(folder, "run").code == 11

    assert rows_unaccounted(folder) == []
    assert unlike(tables(undisturbed.second), tables(folder)) == {}
    assert half_published(folder) == []
    assert differences(current_file(undisturbed.second), current_file(folder)) == {}


def wait_for_dbt(running: Running, folder: Path) -> int:
    """The process of dbt, once it has the warehouse open."""
    deadline = time.monotonic() + 120
    while running.is_running and time.monotonic() < deadline:
        for pid in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split():
            with suppress(OSError):
                opened = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
                if str(folder / "warehouse.duckdb") in opened:
                    return int(pid)
        time.sleep(0.02)
    raise AssertionError("dbt never opened the warehouse")


def half_published_now(folder: Path) -> list[str]:
    """What a reader would find wrong right after a kill: leftovers do not count, no reader names them."""
    return [one for one in half_published(folder) if "does not fit" in one or "pointer" in one]


def leftovers(folder: Path) -> list[str]:
    """Temporary files that outlived the run that made them."""
    kept = [*folder.glob("landing/**/.tmp-*"), *folder.glob(".gapwatch/tmp/read-*")]
    return [path.name for path in kept]

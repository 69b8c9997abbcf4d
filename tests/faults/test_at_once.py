"""Several processes on one workspace: writers take turns, readers never see anything but whole snapshots."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

import pytest

from gapwatch import snapshots
from tests.faults import tiny_company
from tests.faults.commands import KILLED, Commands, Running
from tests.faults.conftest import Undisturbed
from tests.faults.oracles import half_published, landed, tables, unlike

pytestmark = pytest.mark.xdist_group("faults")

#: Looks all the time until told to stop; ends with 1 at the first error or mixture. Prints the ids seen,
#: each time one is another than the last.
READER = Path(__file__).with_name("reader.py").read_text(encoding="utf-8")
#: Publishes again and again, keeping one snapshot, and prints the ids in order.
PUBLISHER = """
import sys
from gapwatch import publish
from gapwatch.workspace import load_workspace
ws = load_workspace(sys.argv[-1])
for _ in range(8):
    print(publish.publish(ws, force=True).snapshot_id, flush=True)
"""


def test_a_second_run_waits_or_says_who_is_at_work_and_takes_over_from_the_dead(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = shutil.copytree(undisturbed.first, tmp_path / "company")
    tiny_company.change_settings(folder, lambda s: s["limits"].update(lock_wait_seconds=1))
    hanging = commands.start(folder, "run")
    hold_still(hanging, folder)

    refused = commands.run(folder, "run")
    assert refused.code == 2
    assert f"process {hanging.pid} on" in refused.said
    assert "`gapwatch run`" in refused.said
    assert "Next: " in refused.said

    tiny_company.change_settings(folder, lambda s: s["limits"].update(lock_wait_seconds=60))
    waiting = commands.start(folder, "run")
    time.sleep(1.5)
    assert waiting.is_running
    assert hanging.kill().code == KILLED
    assert waiting.wait().code == 11

    assert unlike(tables(undisturbed.first), tables(folder)) == {}
    assert half_published(folder) == []


def test_five_first_runs_at_once_make_one_ledger_and_land_each_file_once(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    for again in range(3):
        folder = shutil.copytree(undisturbed.fresh, tmp_path / f"company-{again}")

        started = [commands.start(folder, "ingest") for _ in range(5)]
        ends = [one.wait() for one in started]

        assert [one.code for one in ends] == [0] * 5, ends
        assert unlike(landed(undisturbed.landed), landed(folder)) == {}


def hold_still(running: Running, folder: Path) -> None:
    """Stop a process once it holds the warehouse's lock: neither dead nor alive."""
    holder = folder / ".gapwatch" / "locks" / "warehouse.json"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and running.is_running:
        if holder.exists() and holder.read_text(encoding="utf-8").startswith(f'{{"pid": {running.pid}'):
            running.signal(signal.SIGSTOP)
            return
        time.sleep(0.005)
    raise AssertionError("the run never held the lock")


def test_a_reader_never_fails_and_never_sees_a_mixture(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = shutil.copytree(undisturbed.second, tmp_path / "company")
    first = json.loads((folder / "published" / "current.json").read_text(encoding="utf-8"))["snapshot_id"]
    readers = [commands.start(folder, code=READER) for _ in range(2)]

    published = commands.run(folder, code=PUBLISHER)
    (folder / "stop-reading").touch()

    assert published.code == 0, published
    order = [first, *published.out.split()]
    assert len(order) == 9
    for reader in readers:
        ended = reader.wait()
        assert ended.code == 0, ended
        seen = ended.json()
        assert seen["looks"] >= len(order)
        assert [order.index(snapshot) for snapshot in seen["snapshots"]] == sorted(
            order.index(snapshot) for snapshot in seen["snapshots"]
        )
        assert len(seen["snapshots"]) > 2
    assert half_published(folder) == []


def test_a_reader_overtaken_by_pruning_opens_the_newer_snapshot(
    undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = shutil.copytree(undisturbed.first / "published", tmp_path / "published")
    old = snapshots.find(published)
    new = snapshots.find(undisturbed.second / "published")
    look = Path.is_file

    def overtaken(path: Path) -> bool:
        found = look(path)
        if path.name == old.file and found:
            shutil.rmtree(published)
            shutil.copytree(undisturbed.second / "published", published)
        return found

    monkeypatch.setattr(Path, "is_file", overtaken)
    with snapshots.open_snapshot(published) as connection:
        row = connection.execute("select snapshot_id from meta.snapshot").fetchone()

    assert row == (new.snapshot_id,)


def test_a_description_pruned_while_they_are_listed_is_not_there(
    undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = shutil.copytree(undisturbed.first / "published", tmp_path / "published")
    shutil.copytree(undisturbed.second / "published", published, dirs_exist_ok=True)
    old = snapshots.find(undisturbed.first / "published")
    read = Path.read_text

    def pruned_first(path: Path, encoding: str | None = None) -> str:
        (published / f"snapshot-{old.snapshot_id}.json").unlink(missing_ok=True)
        return read(path, encoding)

    monkeypatch.setattr(Path, "read_text", pruned_first)

    assert [one.file for one in snapshots.available(published)] == [
        snapshots.find(undisturbed.second / "published").file
    ]

"""Full disks, too little memory, damaged files, clocks that jump: said in one paragraph, lost nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from gapwatch import snapshots
from gapwatch.batches import list_batches
from gapwatch.workspace import load_workspace
from tests.build.equality import differences
from tests.faults import tiny_company
from tests.faults.commands import KILLED, ROOT, Commands
from tests.faults.conftest import Undisturbed
from tests.faults.oracles import current_file, half_published, landed, rows_unaccounted, tables, unlike

pytestmark = pytest.mark.xdist_group("faults")

PUBLISH_AGAIN = """
import sys
from gapwatch import cli, publish
from gapwatch.cli import output
from gapwatch.workspace import load_workspace
try:
    publish.publish(load_workspace(sys.argv[-1]), force=True)
except Exception as error:
    sys.exit(output.fail(error))
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk can be mounted by root alone: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Fill a disk up to so many bytes."""
    free = os.statvfs(disk)
    filler = disk / "filler"
    with filler.open("wb") as out:
        os.posix_fallocate(out.fileno(), 0, max(free.f_bavail * free.f_bsize - leave, 1))
    return filler


def test_a_full_disk_stops_each_step_with_a_next_step_and_costs_nothing(
    commands: Commands, undisturbed: Undisturbed, small_disk: Path
) -> None:
    folder = shutil.copytree(undisturbed.fresh, small_disk / "company")
    for step, left in (("ingest", 70_000), ("gate", 50_000), ("gate", 300_000)):
        filler = fill(small_disk, left)
        ended = commands.run(folder, step)
        assert ended.code == 12, (step, ended)
        assert ended.said.startswith("Error: ")
        assert "Next: free disk space" in ended.said
        assert "Traceback" not in ended.err
        filler.unlink()

    assert commands.run(folder, "ingest").code == 0
    commands.run(folder, "gate")
    assert unlike(landed(undisturbed.landed), landed(folder)) == {}
    assert unlike(tables(undisturbed.first), tables(folder)) == {}


def test_a_full_disk_at_publishing_leaves_the_old_snapshot(
    commands: Commands, undisturbed: Undisturbed, small_disk: Path
) -> None:
    folder = shutil.copytree(undisturbed.first, small_disk / "company")
    before = snapshots.find(folder / "published")
    filler = fill(small_disk, 2_000_000)

    ended = commands.run(folder, code=PUBLISH_AGAIN)

    assert ended.code == 12, ended
    assert "Next: free disk space" in ended.said
    assert snapshots.find(folder / "published") == before
    filler.unlink()
    assert commands.run(folder, code=PUBLISH_AGAIN).code == 0
    assert half_published(folder) == []
    assert snapshots.find(folder / "published") != before


def test_too_little_memory_says_what_to_raise_and_loses_nothing(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = shutil.copytree(undisturbed.landed, tmp_path / "company")
    tiny_company.change_settings(folder, lambda s: s["limits"].update(memory="4MB"))

    ended = commands.run(folder, "run")

    assert ended.code == 12, ended
    assert "limits.memory" in ended.said
    assert "Next: " in ended.said
    assert "Traceback" not in ended.err
    tiny_company.change_settings(folder, lambda s: s["limits"].update(memory="1GB"))
    assert commands.run(folder, "gate").code == 11
    assert unlike(tables(undisturbed.first), tables(folder)) == {}


def test_a_damaged_ledger_is_said_and_can_be_done_without(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = shutil.copytree(undisturbed.first, tmp_path / "company")
    ledger = folder / "ledger.sqlite"
    ledger.write_bytes(b"not a database at all" * 400)

    ended = commands.run(folder, "run")

    assert ended.code == 12, ended
    assert "damaged" in ended.said
    assert "Next: put back a copy, or move ledger.sqlite away" in ended.said
    assert "Traceback" not in ended.err
    for path in folder.glob("ledger.sqlite*"):
        path.rename(tmp_path / path.name)
    assert commands.run(folder, "ingest").code == 0
    assert commands.run(folder, "gate").code == 11
    assert unlike(tables(undisturbed.first), tables(folder)) == {}


def test_what_a_torn_write_ahead_log_lost_is_loaded_again(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = shutil.copytree(undisturbed.landed, tmp_path / "company")
    assert commands.run(folder, "gate", fault="gate.before_sources_commit").code == KILLED
    log = folder / "warehouse.duckdb.wal"
    os.truncate(log, log.stat().st_size // 2)

    commands.run(folder, "gate")

    assert rows_unaccounted(folder) == []
    assert unlike(tables(undisturbed.first), tables(folder)) == {}


def test_a_lost_warehouse_is_made_again_from_landing(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = shutil.copytree(undisturbed.first, tmp_path / "company")
    (folder / "warehouse.duckdb").unlink()

    assert commands.run(folder, "gate").code == 11

    assert unlike(tables(undisturbed.first), tables(folder)) == {}


def test_a_clock_that_went_back_neither_hides_the_newest_build_nor_prunes_its_snapshot(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = shutil.copytree(undisturbed.second, tmp_path / "company")
    ws = load_workspace(folder)
    old = snapshots.find(ws.published_path)
    for name in ("current.json", f"snapshot-{old.snapshot_id}.json"):
        text = (ws.published_path / name).read_text(encoding="utf-8")
        ahead = text.replace(old.created_at.isoformat(), "2099-01-01T00:00:00")
        (ws.published_path / name).write_text(ahead, encoding="utf-8")
    with duckdb.connect(str(ws.warehouse_path)) as connection:
        connection.execute("update meta.builds set finished_at = timestamp '2099-01-01' where load_seq <= 8")

    assert commands.run(folder, code=PUBLISH_AGAIN).code == 0

    new = snapshots.find(ws.published_path)
    assert new.snapshot_id != old.snapshot_id
    assert new.build_id == old.build_id
    assert half_published(folder) == []
    assert snapshots.available(ws.published_path) == [new]


@pytest.mark.torture
def test_a_clock_that_jumps_back_and_forth_in_a_run_changes_no_number(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
    if library is None:
        pytest.skip("libfaketime is not installed: apt-get install libfaketime")
    folder = shutil.copytree(undisturbed.fresh, tmp_path / "company")
    clock = tmp_path / "clock"
    clock.write_text("+1100d", encoding="utf-8")
    environment = {
        **os.environ,
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        # As when an administrator sets the clock: what measures durations goes on.
        "DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(ROOT),
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "gapwatch", "run", "--workspace", str(folder), "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # dbt itself fails when time goes back while it reads its models, so there it stands still.
    steps = {
        "landing/*/*.json": "-90d",
        "warehouse.duckdb": "-200d",
        ".gapwatch/dbt": "+1d",
        "published/*": "-1d",
    }
    while running.poll() is None:
        reached = [jump for pattern, jump in steps.items() if any(folder.glob(pattern))]
        other = clock.with_suffix(".new")
        other.write_text(["+1100d", *reached][-1], encoding="utf-8")
        other.replace(clock)
        time.sleep(0.02)
    out, err = running.communicate()

    assert running.returncode == 11, err
    landed_at = {batch.landed_at.year for batch in list_batches(folder / "landing")}
    assert len(landed_at) > 1, "the clock never jumped"
    assert json.loads(out)["summary"]["snapshot_id"] == snapshots.find(folder / "published").snapshot_id
    assert rows_unaccounted(folder) == []
    # Files were landed in another order by the clock, so batches were taken in another one.
    one, other_tables = (tables(f, in_order=False) for f in (undisturbed.first, folder))
    assert unlike(one, other_tables) == {}
    assert half_published(folder) == []
    assert differences(current_file(undisturbed.first), current_file(folder)) == {}

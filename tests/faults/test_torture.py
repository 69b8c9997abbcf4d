"""The long sweep: runs killed at random times, five at once, new files arriving, a reader all the time.

``GAPWATCH_KILLS`` (default 500) says how many kills, ``GAPWATCH_SEED`` (default 1) which ones.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from gapwatch.contracts import CONTRACTS
from tests.build.equality import differences
from tests.faults import tiny_company
from tests.faults.commands import KILLED, Commands, Ended, Running
from tests.faults.oracles import current_file, half_published, rows_unaccounted, tables, unlike
from tests.faults.test_at_once import READER

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.torture]

KILLS = int(os.environ.get("GAPWATCH_KILLS", "500"))
SEED = int(os.environ.get("GAPWATCH_SEED", "1"))
AT_ONCE = 5
FILES = 24
#: Done, rows waiting or in quarantine, a batch held, another run at work.
GOOD_ENDS = {0, 10, 11, 2}


@dataclass
class Storm:
    """Runs that start all the time and are killed all the time."""

    commands: Commands
    folder: Path
    chance: random.Random
    running: list[Running] = field(default_factory=list)
    ends: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    kills: int = 0
    stopped: int = 0

    def fill_up(self) -> None:
        """Five runs at once."""
        self.collect()
        while len(self.running) < AT_ONCE:
            self.running.append(self.commands.start(self.folder, "run"))

    def collect(self) -> None:
        """Note how runs ended by themselves."""
        for run in [run for run in self.running if not run.is_running]:
            self.running.remove(run)
            self._note(run.wait())

    def kill_one(self) -> None:
        """Kill, most often, whoever holds a lock; at times after a while in which it hangs, holding on."""
        if not self.running:
            return
        holders = [run for run in self.running if run.pid in self._holders()]
        victim = self.chance.choice(holders if holders and self.chance.random() < 0.8 else self.running)
        if self.chance.random() < 0.1:
            victim.signal(signal.SIGSTOP)
            self.stopped += 1
            time.sleep(self.chance.uniform(0, 2))
        self.running.remove(victim)
        ended = victim.kill()
        if ended.code == KILLED:
            self.kills += 1
        else:
            self._note(ended)

    def end(self) -> None:
        """Let the runs that are left come to their ends."""
        for run in self.running:
            self._note(run.wait(600))
        self.running.clear()

    def _note(self, ended: Ended) -> None:
        self.ends[ended.code] += 1
        if ended.code not in GOOD_ENDS or (ended.code == 2 and "being written to by" not in ended.said):
            self.wrong.append(f"exit code {ended.code}: {ended.said}")

    def _holders(self) -> set[int]:
        found = set()
        for name in ("warehouse", "landing"):
            with suppress(OSError, ValueError):
                path = self.folder / ".gapwatch" / "locks" / f"{name}.json"
                found.add(int(json.loads(path.read_text(encoding="utf-8"))["pid"]))
        return found


def arrivals(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Names and texts of new files: the second delivery, then versions and facts in any order."""
    files = [(f"{c}-2.csv", tiny_company.text(c, rows)) for c, rows in tiny_company.second_delivery().items()]
    for number in range(3, 3 + FILES - len(files)):
        kind = chance.choice(("tickets", "survey_answers", "deliveries"))
        some = [(f"X{number}-{n}", f"A{chance.randrange(6)}", chance.randrange(34)) for n in range(12)]
        rows = {
            "tickets": lambda some=some: [tiny_company.ticket(*one) for one in some],
            "deliveries": lambda some=some: [tiny_company.delivery(*one) for one in some],
            "survey_answers": lambda some=some: [
                row
                for name, account, day in some
                for row in tiny_company.response(name, account, f"C{day % 8}", day, day)
            ],
        }[kind]()
        files.append((f"{kind}-{number}.csv", tiny_company.text(kind, rows)))
    chance.shuffle(files)
    yield from files


@pytest.mark.timeout(0)
def test_kills_at_random_times_lose_nothing_double_nothing_and_show_nothing_half(
    commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    folder = tiny_company.make(
        tmp_path / "company", lock_wait_seconds=120, volume_low=0, volume_high=1_000_000
    )
    calm = tiny_company.make(tmp_path / "calm", volume_low=0, volume_high=1_000_000)
    for one in (folder, calm):
        tiny_company.deliver_first(one)
    began = time.monotonic()
    reader = commands.start(folder, code=READER)
    storm = Storm(commands, folder, chance)
    to_come = list(arrivals(chance))
    for name, text in to_come:
        tiny_company.write(calm, name, text)
    arriving = {round(place * KILLS / len(to_come)): [] for place in range(len(to_come))}
    for place, file in enumerate(to_come):
        arriving[round(place * KILLS / len(to_come))].append(file)
    while storm.kills < KILLS:
        for name, text in arriving.pop(storm.kills, []):
            tiny_company.write(folder, name, text)
        storm.fill_up()
        # Long enough, at times, for a build to end.
        time.sleep(chance.choice((0.2, 0.5, 1, 2, 4, 15)) * chance.random())
        storm.kill_one()
    for files in arriving.values():
        for name, text in files:
            tiny_company.write(folder, name, text)
    storm.end()
    last = commands.run(folder, "run")
    (folder / "stop-reading").touch()
    seen = reader.wait(60)
    ended = commands.run(calm, "run")
    lost, doubled = lost_and_doubled(calm, folder)
    snapshots_seen = seen.json()["snapshots"] if seen.code == 0 else []
    half_seen = int(seen.code != 0) + len(half_published(folder))

    with capsys.disabled():
        print(
            f"\n{storm.kills} kills in {time.monotonic() - began:.0f} s (seed {SEED}, {storm.stopped} of "
            f"them hanging first), {len(to_come) + 8} files; rows lost {lost}, doubled {doubled}; "
            f"{len(snapshots_seen)} snapshots seen in {seen.json()['looks'] if snapshots_seen else 0} looks, "
            f"half-seen {half_seen}; runs that ended by themselves, by exit code: {dict(storm.ends)}"
        )
    assert storm.wrong == []
    assert last.code in {0, 10, 11}, last
    assert ended.code in {10, 11}, ended
    assert seen.code == 0, seen
    assert len(set(snapshots_seen)) == len(snapshots_seen), "a version went back"
    assert (lost, doubled, half_seen) == (0, 0, 0)
    assert rows_unaccounted(folder) == []
    assert unlike(comparable(calm), comparable(folder)) == {}
    assert differences(current_file(calm), current_file(folder)) == {}


def comparable(folder: Path) -> dict[str, object]:
    """All tables but the way there: a row that had to wait was there later, and no less."""
    found = tables(folder, in_order=False)
    del found['quarantine."rows"']
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        found["kept out"] = connection.execute(
            "select source, _batch_id, _row, _column, rule, key from quarantine.rows "
            "where status in ('quarantined', 'waiting') order by all"
        ).fetchall()
    return found


def lost_and_doubled(calm: Path, folder: Path) -> tuple[int, int]:
    """Rows of raw that only the undisturbed workspace has, and rows that are there more than once."""
    lost = doubled = 0
    with duckdb.connect() as connection:
        for name, where in (("calm", calm), ("company", folder)):
            connection.execute(f"attach '{where / 'warehouse.duckdb'}' as {name} (read_only)")
        key = "_source, _batch_id, _row, _column"
        for contract in CONTRACTS:
            missing = connection.execute(
                f"select count(*) from (select {key} from calm.raw.{contract} "
                f"except all select {key} from company.raw.{contract})"
            ).fetchone()
            again = connection.execute(
                f"select coalesce(sum(n - 1), 0) from (select count(*) as n from company.raw.{contract} "
                f"group by {key})"
            ).fetchone()
            assert missing is not None
            assert again is not None
            lost, doubled = lost + missing[0], doubled + int(again[0])
    return lost, doubled


@pytest.fixture(autouse=True)
def gone_afterwards(tmp_path: Path) -> Iterator[None]:
    """Hundreds of runs' files are not kept."""
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)

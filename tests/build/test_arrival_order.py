"""Whatever the order in which files arrive, and however many builds they meet, the marts are the same.

The simulated company's files bring late clients, newer and older versions of rows, corrected answers, full
deliveries, and contents that were delivered before. A build of everything at once is the measure.
``GAPWATCH_EXAMPLES`` (default 40) says how many orders the long form tries.
"""

from __future__ import annotations

import os
import re
import shutil
from calendar import monthrange
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import accumulate, pairwise
from pathlib import Path

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, Phase, assume, given, note, settings
from hypothesis import strategies as st

from gapwatch import gate, landing, transform
from gapwatch.simulate import simulate
from gapwatch.workspace import Workspace, load_workspace
from tests.build.equality import differences

pytestmark = [pytest.mark.xdist_group("arrival"), pytest.mark.timeout(0)]

EXAMPLES = int(os.environ.get("GAPWATCH_EXAMPLES", "40"))
#: In time: how many periods the short form cuts the files into.
PERIODS = 4
Shares = Sequence[Sequence[str]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of 8 clients over 30 weeks."""
    folder = tmp_path_factory.mktemp("arrival") / "files"
    simulate(folder, accounts=8, months=7, seed=5, end_on=date(2026, 6, 14))
    document = yaml.safe_load((folder / "gapwatch.yml").read_text(encoding="utf-8"))
    document["limits"] = {**document.get("limits", {}), "quiet_seconds": 0}
    (folder / "gapwatch.yml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def at_once(files: Path) -> Path:
    """The warehouse of one full build of everything."""
    folder = files.with_name("at-once")
    assert build_in_shares(files, folder, [names_of(files)]) == ["full"]
    return folder / "warehouse.duckdb"


def test_the_company_has_what_an_order_could_spoil(at_once: Path) -> None:
    with duckdb.connect(str(at_once), read_only=True) as connection:
        found = connection.execute(
            "select (select count(*) from marts.dim_weeks where not is_provisional), "
            "(select count(*) from marts.dim_accounts), "
            "(select count(*) from marts.fct_satisfaction_weekly where satisfaction_gap is not null), "
            "(select count(*) from marts.fct_promises where not is_newest), "
            "(select count(*) - count(distinct response_id || question_id) from raw.survey_answers)"
        ).fetchone()
    assert found is not None
    weeks, accounts, gaps, older_promises, corrected = found
    assert (weeks, accounts) == (30, 8)
    assert min(gaps, older_promises, corrected) > 0


def test_files_in_the_order_of_time_give_what_all_at_once_gives(files: Path, at_once: Path) -> None:
    names = in_time(files)
    cut = len(names) / PERIODS
    shares = [names[round(n * cut) : round((n + 1) * cut)] for n in range(PERIODS)]

    modes = build_in_shares(files, files.with_name("in-time"), shares)

    warehouse = files.with_name("in-time") / "warehouse.duckdb"
    assert "incremental" in modes
    assert differences(at_once, warehouse) == {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        waited = connection.execute("select count(*) from quarantine.rows where status = 'admitted'")
        assert waited.fetchall() > [(0,)], "no row had to wait for its client"


def test_shuffled_files_give_what_all_at_once_gives(files: Path, at_once: Path) -> None:
    modes = orders_that_agree(files, at_once, builds=4, examples=3, is_random=False)
    assert modes["incremental"] > 2


@pytest.mark.torture
def test_many_shuffled_orders_give_what_all_at_once_gives(files: Path, at_once: Path) -> None:
    modes = orders_that_agree(files, at_once, builds=8, examples=EXAMPLES, is_random=True)
    assert modes["incremental"] > EXAMPLES


@pytest.mark.torture
def test_a_build_after_each_single_file_gives_what_all_at_once_gives(files: Path, at_once: Path) -> None:
    folder = files.with_name("one-by-one")

    modes = build_in_shares(files, folder, [[name] for name in in_time(files)])

    assert modes.count("incremental") > len(modes) / 2
    assert differences(at_once, folder / "warehouse.duckdb") == {}


def orders_that_agree(
    files: Path, at_once: Path, *, builds: int, examples: int, is_random: bool
) -> Counter[str]:
    """Try so many orders, each with a first build and at most so many more; how often each kind ran."""
    modes: Counter[str] = Counter()

    @settings(
        max_examples=examples,
        derandomize=not is_random,
        database=None,
        deadline=None,
        # A smaller failing order would cost minutes to find.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    # Few files come late at a time: among many, one that makes every week stale hides the others.
    @given(st.permutations(names_of(files)), st.lists(st.integers(1, 6), min_size=2, max_size=builds - 1))
    def agrees(order: list[str], late: list[int]) -> None:
        assume(order != names_of(files))
        places = [0, *accumulate(late, initial=len(order) - sum(late)), len(order)]
        shares = [order[begin:end] for begin, end in pairwise(places) if begin < end]
        note(f"shares: {shares}")
        folder = files.with_name("shuffled")
        shutil.rmtree(folder, ignore_errors=True)
        modes.update(build_in_shares(files, folder, shares))
        assert differences(at_once, folder / "warehouse.duckdb") == {}

    agrees()
    return modes


def build_in_shares(files: Path, folder: Path, shares: Shares) -> list[str]:
    """Deliver one share after the other, each followed by a build; the builds' modes."""
    (folder / "inbox").mkdir(parents=True)
    shutil.copy(files / "gapwatch.yml", folder)
    return list(_modes(folder, files, shares))


def _modes(folder: Path, files: Path, shares: Shares) -> Iterator[str]:
    ws = load_workspace(folder)
    for share in shares:
        for name in share:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(files / name, folder / name)
        landing.ingest(ws)
        assert gate.gate(ws, backfill=True).held == []
        if any_row_is_in(ws):
            yield transform.build(ws).mode


def any_row_is_in(ws: Workspace) -> bool:
    """False as long as every row that came waits for another one."""
    with duckdb.connect(str(ws.warehouse_path), read_only=True) as connection:
        return connection.execute("select sum(accepted_rows) > 0 from raw._batches").fetchall() == [(True,)]


def names_of(files: Path) -> list[str]:
    return sorted(str(path.relative_to(files)) for path in (files / "inbox").rglob("*") if path.is_file())


def in_time(files: Path) -> list[str]:
    """The files by the last day that they speak of."""
    return sorted(names_of(files), key=lambda name: (last_day(Path(name).name), name))


def last_day(name: str) -> date:
    if found := re.search(r"(\d{4})-(\d\d)-(\d\d)", name):
        return date(*map(int, found.groups()))
    if found := re.search(r"(\d{4})-W(\d\d)", name):
        return date.fromisocalendar(int(found[1]), int(found[2]), 7)
    if found := re.search(r"(\d{4})-Q(\d)", name):
        year, month = int(found[1]), 3 * int(found[2])
    elif found := re.search(r"(\d{4})-(\d\d)", name):
        year, month = int(found[1]), int(found[2])
    else:
        return date.min
    return date(year, month, monthrange(year, month)[1])

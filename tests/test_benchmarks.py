"""The benchmark at a tiny size: its outputs are right. How long it took is none of a test's business."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks import reading, report, screens
from benchmarks.__main__ import ROOT, run
from benchmarks.compare import APART, KEYS, compare
from gapwatch.contracts import CONTRACTS

pytestmark = pytest.mark.xdist_group("benchmarks")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("benchmark") / "run"
    return run(folder, tickets=2_000, answers=4_000, accounts=40, weeks=60)


@pytest.mark.timeout(600)
def test_models_and_hand_written_script_make_the_same_marts(results: dict[str, Any]) -> None:
    assert results["compare"]["differences"] == []
    rows = results["compare"]["rows"]
    assert rows.keys() == KEYS.keys()
    assert min(rows.values()) > 0


def test_a_mart_that_is_not_compared_is_named_with_its_reason() -> None:
    told = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    marts = {path.stem for path in (ROOT / "dbt_project" / "models" / "marts").rglob("*.sql")}
    assert marts - KEYS.keys() == {name for name in APART if name in marts}
    assert KEYS.keys() <= marts
    assert [name for name in APART if name in marts and f"`{name}`" not in told] == []


def test_one_more_day_built_incrementally_equals_a_full_build(results: dict[str, Any]) -> None:
    assert (results["full"]["mode"], results["incremental"]["mode"]) == ("full", "incremental")
    assert sum(results["day"]["rows"].values()) > 0
    assert results["compare_incremental"]["differences"] == []


def test_every_row_of_the_file_is_read_both_ways(results: dict[str, Any]) -> None:
    assert results["reading_plain"]["rows"] == results["reading_pipeline"]["rows"] == 2_000


def test_a_file_that_is_read_alone_may_be_longer_than_what_was_generated(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    columns = ", ".join(f"'x' as {column}" for column in CONTRACTS["tickets"].columns[1:])
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema raw")
        connection.execute(
            f"create table raw.tickets as select 'T' || range as ticket_id, {columns} from range(30)"
        )
        connection.execute("create table raw.accounts as select 1 account_id, 2 account_name, 3 updated_at")
    reading.write_workspace(tmp_path, warehouse, 100)
    count = f"select count(*), count(distinct ticket_id) from '{tmp_path / reading.TICKETS}'"
    assert duckdb.execute(count).fetchall() == [(100, 100)]


def test_the_report_tells_the_ratios_and_the_peak_memory(results: dict[str, Any]) -> None:
    told = report.text(results)
    for part in ("loading / plain:", "peak", "outputs equal"):
        assert part in told
    for ratio in ("build / script", "day / full build"):
        assert f"{ratio}, by SQL: " in told
        assert f"{ratio}, with dbt's own time between the statements: " in told


def test_models_without_a_counterpart_by_hand_are_not_in_the_ratio(results: dict[str, Any]) -> None:
    full = results["full"]
    apart = [seconds for name, seconds in full["timings"].items() if name in APART]
    assert 0 < full["seconds_apart"] == pytest.approx(sum(sql for sql, _ in apart))
    assert full["seconds_apart"] + full["seconds_between_apart"] < full["seconds_models"]


@pytest.mark.parametrize(
    ("value", "is_equal"), [(1.0 + 1e-12, True), (1.0 + 1e-6, False), (None, False), (1.0, True)]
)
def test_a_double_differs_beyond_the_tolerance_only(
    tmp_path: Path, value: float | None, is_equal: bool
) -> None:
    left = _marts(tmp_path / "left.duckdb", [("a", 1.0, 1)])
    right = _marts(tmp_path / "right.duckdb", [("a", value, 1)])
    (found,) = compare(left, right, tables={"fct": ("id",)})
    assert found.is_equal is is_equal
    assert found.values == ({} if is_equal else {"score": 1})


def test_rows_of_one_side_and_rows_twice_are_differences(tmp_path: Path) -> None:
    left = _marts(tmp_path / "left.duckdb", [("a", 1.0, 1), ("b", 1.0, 1), ("c", 2.0, 1)])
    right = _marts(tmp_path / "right.duckdb", [("a", 1.0, 1), ("a", 1.0, 1), ("c", 2.0, 7)])
    (found,) = compare(left, right, tables={"fct": ("id",)})
    assert (found.only_left, found.only_right, found.values) == (1, 1, {"n": 1})
    assert "'id': 'c'" in str(found)


def _marts(path: Path, rows: list[tuple[str, float | None, int]]) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.fct (id varchar, score double, n integer)")
        connection.executemany("insert into marts.fct values (?, ?, ?)", rows)
    return path


def test_a_machine_that_gets_slower_meets_both_pages_that_are_loaded_in_turn() -> None:
    loads = itertools.count()

    pairs = screens.in_turn(lambda: 2.0 ** (next(loads) // 2), lambda: 1.5 * 2.0 ** (next(loads) // 2), 5)

    assert [one for one, _ in pairs] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert screens.ratio(pairs) == 1.5

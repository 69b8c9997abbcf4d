"""The DAGs, run one after the other, leave the same snapshot as the command line."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gapwatch.contracts import groups
from gapwatch.snapshots import open_snapshot
from gapwatch.workspace import load_workspace

if TYPE_CHECKING:
    import duckdb
    from airflow.dag_processing.dagbag import DagBag

pytestmark = [pytest.mark.xdist_group("airflow"), pytest.mark.airflow, pytest.mark.timeout(600)]

#: When something was done, not what came of it.
CLOCK = ("landed_at", "loaded_at", "stopped_at", "last_good_at")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample company's files, untouched by any run."""
    from gapwatch.simulate import simulate

    folder = tmp_path_factory.mktemp("company") / "files"
    simulate(folder, accounts=20, months=3, seed=7)
    return folder


@pytest.fixture(scope="module")
def by_hand(files: Path) -> Path:
    """The workspace as ``gapwatch run`` leaves it."""
    folder = files.with_name("by-hand")
    shutil.copytree(files, folder)
    answer = subprocess.run(
        [sys.executable, "-m", "gapwatch", "run", "--workspace", str(folder)],
        capture_output=True,
        check=False,
    )
    assert answer.returncode in {0, 10}, answer.stderr.decode()
    return folder


def test_the_whole_chain_leaves_the_snapshot_that_the_command_line_leaves(
    files: Path, by_hand: Path, bag: DagBag, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import DagRunState

    folder = files.with_name("by-airflow")
    shutil.copytree(files, folder)
    monkeypatch.setenv("GAPWATCH_WORKSPACE", str(folder))
    for dag_id in (*(f"ingest_{group}" for group in groups()), "model_satisfaction"):
        run = bag.dags[dag_id].test()
        assert run.state == DagRunState.SUCCESS, f"{dag_id}: {states(run)}"
    with (
        open_snapshot(load_workspace(by_hand).published_path) as ours,
        open_snapshot(load_workspace(folder).published_path) as theirs,
    ):
        names = tables(ours)
        assert "fct_satisfaction_weekly" in names
        assert tables(theirs) == names
        for name in names:
            assert_same_rows(name, rows(ours, name), rows(theirs, name))


def test_the_weekly_training_leaves_a_record_that_the_next_build_shows(
    by_hand: Path, bag: DagBag, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import DagRunState

    from gapwatch import pipeline

    folder = by_hand.with_name("trained")
    shutil.copytree(by_hand, folder)
    monkeypatch.setenv("GAPWATCH_WORKSPACE", str(folder))
    run = bag.dags["train_churn_model"].test()
    assert run.state == DagRunState.SUCCESS, states(run)
    workspace = load_workspace(folder)
    assert pipeline.build(workspace).mode == "records"
    pipeline.publish(workspace)
    with open_snapshot(workspace.published_path) as snapshot:
        assert snapshot.execute(
            "select count(*) > 0 from marts.fct_backtest where model = 'scorecard'"
        ).fetchone() == (True,)


def test_an_error_that_cannot_pass_fails_at_once_and_is_in_the_ledger(
    files: Path, bag: DagBag, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import DagRunState

    from gapwatch.status import status

    folder = files.with_name("broken")
    shutil.copytree(files, folder)
    monkeypatch.setenv("GAPWATCH_WORKSPACE", str(folder))
    run = bag.dags["model_satisfaction"].test()
    assert run.state == DagRunState.FAILED
    assert states(run)["build"] == "failed", "it must not wait for a retry"
    failures = status(load_workspace(folder)).failures
    assert "model_satisfaction.build" in {failure["command"] for failure in failures}
    assert any("No row has been admitted yet" in failure["message"] for failure in failures)


def test_a_truncated_file_fails_the_run_and_the_other_sources_go_on(
    files: Path, bag: DagBag, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import DagRunState

    from gapwatch.status import status

    folder = files.with_name("truncated")
    shutil.copytree(files, folder)
    victim = sorted((folder / "inbox").rglob("*.gz"))[0]
    source = next(
        s for s in load_workspace(folder).sources if any(victim.match(pattern) for pattern in s.path)
    )
    victim.write_bytes(victim.read_bytes()[:-20])
    monkeypatch.setenv("GAPWATCH_WORKSPACE", str(folder))
    run = bag.dags[f"ingest_{source.definition.group}"].test()
    assert run.state == DagRunState.FAILED
    report = status(load_workspace(folder))
    assert victim.name in {Path(refused["file"]).name for refused in report.refused_files}
    mates = {s.name for s in load_workspace(folder).sources if s.definition.group == source.definition.group}
    group = [s for s in report.sources if s.source in mates]
    assert all(s.batches for s in group), "what the others landed is loaded"


def states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        "select table_name from information_schema.tables "
        "where table_catalog = 'snapshot' and table_schema = 'marts' order by 1"
    )
    return [name for (name,) in found.fetchall()]


def rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, object]]:
    cursor = connection.execute(f'select * from marts."{table}" order by all')
    names = [column[0] for column in cursor.description]
    found = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    kept = [{k: v for k, v in row.items() if not k.endswith(CLOCK)} for row in found]
    return sorted(kept, key=lambda row: repr([v for v in row.values() if not isinstance(v, float)]))


def assert_same_rows(table: str, ours: list[dict[str, object]], theirs: list[dict[str, object]]) -> None:
    assert len(ours) == len(theirs), table
    for one, other in zip(ours, theirs, strict=True):
        assert one.keys() == other.keys()
        for column, value in one.items():
            assert is_same(value, other[column]), f"{table}.{column}: {one} is not {other}"


def is_same(one: object, other: object) -> bool:
    """Equal; doubles within 1e-9, since parallel sums differ in their last bits."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=0.0, abs_tol=1e-9)
    return one == other

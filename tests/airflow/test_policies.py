"""What every DAG file must keep to."""

from __future__ import annotations

import ast
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gapwatch.airflow.__main__ import DAGS, environment
from gapwatch.contracts import groups

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.dag_processing.dagbag import DagBag

pytestmark = [pytest.mark.xdist_group("airflow"), pytest.mark.airflow]

FILES = sorted(DAGS.glob("*.py"))
SNAPSHOT_READERS = {"train_churn_model", "notify_churn_risk"}
EXPECTED = {f"ingest_{group}" for group in groups()} | {"model_satisfaction"} | SNAPSHOT_READERS
WRITERS = {"gate", "build", "publish"}


def test_every_file_is_imported_without_errors_and_the_bag_holds_one_dag_a_file(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == EXPECTED == {path.stem for path in FILES}


def test_every_dag_has_a_page_that_says_what_a_person_on_duty_needs(bag: DagBag) -> None:
    for dag in bag.dags.values():
        for word in ("**Reads**", "**Writes**", "**Schedule**", "**When it fails**"):
            assert word in (dag.doc_md or ""), f"{dag.dag_id} does not say {word}"


def test_owners_and_tags_come_from_the_lists(bag: DagBag) -> None:
    from gapwatch.airflow.wiring import OWNERS, TAGS

    for dag in bag.dags.values():
        assert dag.tags
        assert set(dag.tags) <= set(TAGS)
        assert {task.owner for task in dag.tasks} <= set(OWNERS)


def test_every_task_retries_with_growing_pauses_and_tells_the_ledger_when_it_fails(bag: DagBag) -> None:
    from gapwatch.airflow.callbacks import record_failure

    for dag in bag.dags.values():
        for task in dag.tasks:
            arguments = getattr(task, "partial_kwargs", None) or vars(task)
            assert arguments["retries"] >= 3
            assert arguments["retry_exponential_backoff"] > 1
            assert arguments["max_retry_delay"] <= timedelta(hours=1)
            assert arguments["on_failure_callback"] in (record_failure, [record_failure], (record_failure,))


def test_a_held_batch_fails_the_runs_of_its_own_group_until_it_is_settled(airflow_home: Path) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from gapwatch.airflow.tasks import require_none_held
    from gapwatch.gate_report import BatchReport, GateReport, HeldBatch

    met = BatchReport("desk", "tickets", "1", "inbox/desk.csv", "held")
    from_before = HeldBatch("tool", "survey_answers", "2", "inbox/tool.csv", "held", 9, "")
    report = GateReport(batches=[met], still_held=[from_before]).as_dict()

    for group, file in (("tickets", "inbox/desk.csv"), ("surveys", "inbox/tool.csv")):
        with pytest.raises(AirflowFailException, match=file):
            require_none_held(report, group)
    for group in set(groups()) - {"tickets", "surveys"}:
        require_none_held(report, group)


def test_whatever_writes_to_the_warehouse_uses_the_pool_with_one_slot(
    bag: DagBag, airflow_home: Path
) -> None:
    from airflow.models.pool import Pool

    from gapwatch.airflow.wiring import WRITER_POOL

    in_pool = {
        (dag.dag_id, task.task_id)
        for dag in bag.dags.values()
        for task in dag.tasks
        if task.pool == WRITER_POOL
    }
    writers = {
        (dag.dag_id, task.task_id)
        for dag in bag.dags.values()
        for task in dag.tasks
        if task.task_id in WRITERS
    }
    assert in_pool == writers
    assert {dag_id for dag_id, _ in writers} == EXPECTED - SNAPSHOT_READERS
    assert Pool.get_pool(WRITER_POOL).slots == 1


def test_ingests_have_a_data_interval_and_the_model_waits_for_any_of_their_assets(bag: DagBag) -> None:
    from airflow.sdk import AssetAny, CronDataIntervalTimetable

    from gapwatch.airflow.wiring import LOADED

    for group in groups():
        dag = bag.dags[f"ingest_{group}"]
        assert isinstance(dag.timetable, CronDataIntervalTimetable)
        assert not dag.catchup
        assert dag.max_active_runs == 1
        assert [asset.uri for asset in dag.get_task("gate").outlets] == [LOADED[group].uri]
    condition = bag.dags["model_satisfaction"].timetable.asset_condition
    assert isinstance(condition, AssetAny)
    assert {asset.uri for asset in condition.objects} == {asset.uri for asset in LOADED.values()}


def test_the_churn_model_is_trained_each_week_on_what_is_published_and_opens_no_warehouse(
    bag: DagBag,
) -> None:
    from airflow.sdk import CronDataIntervalTimetable

    from gapwatch.airflow.wiring import WRITER_POOL

    dag = bag.dags["train_churn_model"]
    assert isinstance(dag.timetable, CronDataIntervalTimetable)
    assert dag.timetable.expression == "0 5 * * 1"
    assert not dag.catchup
    assert WRITER_POOL not in {task.pool for task in dag.tasks}
    assert dag.get_task("backtest").upstream_task_ids == {"train"}


def test_alerts_follow_each_publish_and_wait_for_no_longer_than_an_hour(bag: DagBag) -> None:
    from gapwatch.airflow.wiring import SNAPSHOT

    timetable = bag.dags["notify_churn_risk"].timetable
    assert {asset.uri for asset in timetable.asset_condition.objects} == {SNAPSHOT.uri}
    assert [asset.uri for asset in bag.dags["model_satisfaction"].get_task("publish").outlets] == [
        SNAPSHOT.uri
    ]
    assert timetable.timetable.expression == "40 * * * *"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_only_wires(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    imported = {
        node.module.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert imported <= {"__future__", "airflow", "gapwatch"}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
    assert "select " not in text.lower().split('"""', 2)[2]


def test_a_local_airflow_keeps_to_loopback_and_to_the_workspace(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    assert variables["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert variables["AIRFLOW_HOME"].startswith(str(tmp_path))
    assert str(tmp_path) in variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert variables["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"

"""The models: dbt's own unit tests, and a rebuild that gives the same however the data came."""

from __future__ import annotations

import random
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from gapwatch import gate, landing, pipeline, transform
from gapwatch.errors import UserError
from gapwatch.workspace import Workspace, load_workspace
from tests.build.equality import differences

pytestmark = pytest.mark.xdist_group("build")


def test_every_unit_test_of_the_models_passes(company: Workspace) -> None:
    results = transform.unit_tests(company)

    failed = {r["node"].split(".")[-1]: r["message"] for r in results if r["status"] != "pass"}
    assert not failed
    assert len(results) >= 26


def test_batches_in_any_order_give_the_same_marts_as_all_at_once(
    company_files: Path, finished_company: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "shuffled"
    folder.mkdir()
    shutil.copy(company_files / "gapwatch.yml", folder)
    (folder / "inbox").mkdir()
    ws = load_workspace(folder)
    files = sorted(path for path in (company_files / "inbox").rglob("*") if path.is_file())
    random.Random(4).shuffle(files)
    modes = []
    for part in range(4):
        for file in files[part::4]:
            copy = folder / file.relative_to(company_files)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
        landing.ingest(ws)
        gate.gate(ws, backfill=True)
        modes.append(transform.build(ws).mode)

    assert modes == ["full", "incremental", "incremental", "incremental"]
    assert differences(finished_company / "warehouse.duckdb", ws.warehouse_path) == {}


def test_a_second_build_without_news_does_nothing(company: Workspace) -> None:
    assert transform.build(company).mode == "none"


def test_a_missing_ledger_is_made_again_whole(company: Workspace) -> None:
    with duckdb.connect(str(company.warehouse_path)) as connection:
        before = connection.execute("select count(*) from marts.fct_promises").fetchone()
        connection.execute("drop table intermediate.int_promises_unioned cascade")
        connection.execute("update raw._batches set load_seq = load_seq + 1")

    assert transform.build(company).mode == "full"

    with duckdb.connect(str(company.warehouse_path), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.fct_promises").fetchone() == before


def test_definitions_taken_back_after_a_rebuild_that_died_are_built_whole(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = company.file.read_text(encoding="utf-8")
    company.file.write_text(text + "\nvars:\n  window_weeks: 12\n", encoding="utf-8")

    def killed(*_: object, **__: object) -> list[dict[str, object]]:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(transform, "_run_dbt", killed)
        with pytest.raises(KeyboardInterrupt):
            transform.build(load_workspace(company.folder))
    company.file.write_text(text, encoding="utf-8")

    assert transform.build(load_workspace(company.folder)).mode == "full"
    assert transform.build(load_workspace(company.folder)).mode == "none"


def test_the_build_after_one_that_died_loads_its_seeds_again(company: Workspace) -> None:
    with duckdb.connect(str(company.warehouse_path)) as connection:
        before = connection.execute("select count(*) from marts.dim_signals").fetchone()
        fingerprint = connection.execute("select fingerprint from meta.builds").fetchone()
        assert fingerprint is not None
        connection.execute(
            "insert into meta.builds_begun select ?, now()::timestamp, as_of, 'incremental' from meta.builds",
            list(fingerprint),
        )
        connection.execute("delete from seeds.signals")
        connection.execute("update raw._batches set load_seq = load_seq + 1")

    assert transform.build(company).mode == "incremental"

    with duckdb.connect(str(company.warehouse_path), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.dim_signals").fetchone() == before


def test_a_changed_threshold_rebuilds_everything(company: Workspace) -> None:
    text = company.file.read_text(encoding="utf-8")
    company.file.write_text(text + "\nvars:\n  wide_gap_points: 15\n", encoding="utf-8")
    changed = load_workspace(company.folder)

    assert transform.build(changed).mode == "full"
    with duckdb.connect(str(changed.warehouse_path), read_only=True) as connection:
        wide = connection.execute(
            "select max(gap_shrunk) from marts.rpt_portfolio_worklist where is_wide"
        ).fetchone()
    assert wide is not None
    assert -20 < wide[0] <= -15


def test_a_threshold_that_does_not_exist_is_named_with_a_suggestion(company: Workspace) -> None:
    text = company.file.read_text(encoding="utf-8")
    company.file.write_text(text + "\nvars:\n  wide_gap_point: 20\n", encoding="utf-8")

    with pytest.raises(UserError, match="wide_gap_points"):
        transform.build(load_workspace(company.folder))


def test_a_seed_with_other_columns_is_refused(company: Workspace) -> None:
    company.seeds_path.mkdir(exist_ok=True)
    (company.seeds_path / "priorities.csv").write_text("priority,minutes\nhigh,60\n", encoding="utf-8")

    with pytest.raises(UserError, match=r"priorities\.csv, line 1"):
        transform.build(company)


def test_a_broken_rule_is_named_with_its_rows(company: Workspace) -> None:
    company.seeds_path.mkdir(exist_ok=True)
    default = (transform.seeds.DEFAULT_SEEDS / "service_dimensions.csv").read_text(encoding="utf-8")
    (company.seeds_path / "service_dimensions.csv").write_text(
        default.replace("delivery_manager,25", "delivery_manager,-5"), encoding="utf-8"
    )

    with pytest.raises(transform.BuildFailedError, match="1 row breaks weight >= 0") as failure:
        transform.build(company)

    assert "dim_service_dimensions" in str(failure.value)


def test_a_failing_model_leaves_the_snapshot_as_it_was(company: Workspace) -> None:
    before = (company.published_path / "current.json").read_bytes()
    with duckdb.connect(str(company.warehouse_path)) as connection:
        connection.execute("alter table raw.tickets drop column priority")

    with pytest.raises(transform.BuildFailedError, match="stg_tickets"):
        pipeline.build(company, full_refresh=True)

    assert (company.published_path / "current.json").read_bytes() == before


def test_a_version_dated_far_ahead_does_not_move_now_into_the_future(company: Workspace) -> None:
    with duckdb.connect(str(company.warehouse_path)) as connection:
        before = connection.execute("select max(week_id) from marts.dim_weeks").fetchone()
        connection.execute(
            "update raw._batches set max_known_at = '2090-01-01', landed_at = '2026-06-15' "
            "where batch_id = (select min(batch_id) from raw._batches where accepted_rows > 0)"
        )

    report = transform.build(company, full_refresh=True)

    assert report.as_of.year == 2026
    with duckdb.connect(str(company.warehouse_path), read_only=True) as connection:
        after = connection.execute("select max(week_id) from marts.dim_weeks").fetchone()
    assert before is not None
    assert after is not None
    assert after[0] - before[0] <= 1


def test_weeks_start_at_the_oldest_fact_and_end_with_the_running_one(company: Workspace) -> None:
    with duckdb.connect(str(company.warehouse_path), read_only=True) as connection:
        weeks = connection.execute(
            "select count(*), max(week_id) - min(week_id) + 1, sum(is_provisional::int), "
            "max(week_id) filter (where is_provisional) = max(week_id) from marts.dim_weeks"
        ).fetchone()
        gaps = connection.execute(
            "select count(*) from marts.fct_satisfaction_weekly "
            "where abs(satisfaction_gap - (paired_perception_score - expectation_score)) > 1e-9"
        ).fetchone()
    assert weeks is not None
    assert weeks[0] == weeks[1]
    assert weeks[2:] == (1, True)
    assert gaps == (0,)


@pytest.mark.parametrize(("known_after", "mode"), [("12 hours", "full"), ("70 years", "incremental")])
def test_only_facts_that_time_has_caught_up_with_make_everything_anew(
    company: Workspace, known_after: str, mode: str
) -> None:
    with duckdb.connect(str(company.warehouse_path)) as connection:
        last = connection.execute("select max(as_of) from meta.builds").fetchone()
        assert last is not None
        (batch,) = connection.execute("select min(_batch_id) from raw.interactions").fetchone() or ("",)
        later = f"timestamp '{last[0]}' + interval '{known_after}'"
        connection.execute(
            f"update raw.interactions set known_at = {later} where rowid = "
            f"(select min(rowid) from raw.interactions where _batch_id = '{batch}')"
        )
        connection.execute(f"update raw._batches set max_known_at = {later} where batch_id = '{batch}'")
    text = company.file.read_text(encoding="utf-8")
    company.file.write_text(
        f"{text}\nas_of: {(last[0] + timedelta(days=1)).isoformat()}Z\n", encoding="utf-8"
    )

    assert transform.build(load_workspace(company.folder)).mode == mode

"""What follows a build that died: whatever it left half done is made again, and nothing is forgotten."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
import yaml

from gapwatch import build_plan, seeds, transform
from gapwatch.errors import ResourceError
from gapwatch.workspace import Workspace, load_workspace
from tests.build.equality import differences

pytestmark = pytest.mark.xdist_group("build")

DAY = timedelta(days=1)


def die(ws: Workspace, monkeypatch: pytest.MonkeyPatch, step: str, *, full_refresh: bool = False) -> None:
    """A build that is killed in a step of its own."""

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(transform, step, killed)
        with pytest.raises(KeyboardInterrupt):
            transform.build(ws, full_refresh=full_refresh)


def test_a_rebuild_that_was_asked_for_and_died_is_made_whole_without_any_news(
    company: Workspace, finished_company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect(str(company.warehouse_path)) as connection:
        connection.execute("delete from marts.fct_satisfaction_weekly where week_id % 2 = 0")
    die(company, monkeypatch, "_run_dbt", full_refresh=True)

    report = transform.build(company)

    assert (report.mode, report.reason) == ("full", "a rebuild did not finish")
    assert differences(finished_company / "warehouse.duckdb", company.warehouse_path) == {}
    assert transform.build(company).mode == "none"


def test_a_build_that_runs_out_of_memory_says_what_to_raise_and_is_made_whole_then(
    company: Workspace, finished_company: Path
) -> None:
    text = company.file.read_text(encoding="utf-8")
    settings = yaml.safe_load(text)
    settings["limits"]["memory"] = "24MB"
    company.file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    with pytest.raises(ResourceError, match=r"Next: raise limits\.memory or limits\.temp_directory_size"):
        transform.build(load_workspace(company.folder), full_refresh=True)
    company.file.write_text(text, encoding="utf-8")

    report = transform.build(load_workspace(company.folder))

    assert report.mode == "full"
    assert differences(finished_company / "warehouse.duckdb", company.warehouse_path) == {}


def test_a_day_set_back_and_restored_after_a_rebuild_that_died_leaves_no_week_out(
    company: Workspace, finished_company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = company.file.read_text(encoding="utf-8")
    company.file.write_text(text + "\nas_of: 2026-04-01\n", encoding="utf-8")
    # Every table is made for the earlier day, and nothing says that it was.
    die(load_workspace(company.folder), monkeypatch, "_raise_on_failure")
    company.file.write_text(text, encoding="utf-8")

    report = transform.build(load_workspace(company.folder))

    assert (report.mode, report.reason) == ("full", "a rebuild as of another day did not finish")
    assert differences(finished_company / "warehouse.duckdb", company.warehouse_path) == {}


def test_a_build_of_news_that_died_is_tried_again_though_nothing_else_came(company: Workspace) -> None:
    begin(company, mode="incremental")

    report = transform.build(company)

    assert (report.mode, report.reason) == ("incremental", "the last build did not finish")
    assert transform.build(company).mode == "none"


@pytest.mark.parametrize(
    ("mode", "later", "reason"),
    [
        # Of a version that did not write it down.
        (None, None, "a rebuild did not finish"),
        ("incremental", DAY, "a rebuild as of another day did not finish"),
        ("incremental", -DAY, "a rebuild as of another day did not finish"),
        ("full", timedelta(), "a rebuild did not finish"),
    ],
)
def test_what_an_incremental_build_could_not_mend_is_planned_whole(
    company: Workspace, mode: str | None, later: timedelta | None, reason: str
) -> None:
    begin(company, mode, later)

    plan = planned(company)

    assert (plan.mode, plan.reason) == ("full", reason)


def test_a_warehouse_of_an_earlier_version_learns_what_a_build_began_with(company: Workspace) -> None:
    with duckdb.connect(str(company.warehouse_path)) as connection:
        connection.execute("drop table meta.builds_begun")
        connection.execute(
            "create table meta.builds_begun as select fingerprint, finished_at as begun_at from meta.builds"
        )

    assert planned(company).mode == "full"


def begin(ws: Workspace, mode: str | None, later: timedelta | None = timedelta()) -> None:
    """A build of the same definitions is on record as begun, ``later`` than the last one's day."""
    with duckdb.connect(str(ws.warehouse_path)) as connection:
        connection.execute(
            "insert into meta.builds_begun select fingerprint, finished_at, as_of + ?, ? from meta.builds",
            [later, mode],
        )


def planned(ws: Workspace) -> build_plan.Plan:
    """What the next build would do."""
    folder, thresholds = seeds.assemble(ws), seeds.settings(ws)
    with duckdb.connect(str(ws.warehouse_path)) as connection:
        fingerprint = build_plan.fingerprint_of(folder, thresholds, connection)
        return build_plan.plan(ws, connection, fingerprint, False)

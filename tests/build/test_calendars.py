"""Calendars in a build: mistakes in them stop it, and promises follow them."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from gapwatch import calendars, doctor, pipeline, transform
from gapwatch.errors import UserError
from gapwatch.workspace import Workspace, load_workspace
from tests.build.equality import differences

pytestmark = pytest.mark.xdist_group("build")


def seeded(
    company: Workspace, hours: str | None = None, holidays: str | None = None, **source: Any
) -> Workspace:
    """The company with own calendars, and with settings of its desk's ticket source changed."""
    company.seeds_path.mkdir(exist_ok=True)
    header = "calendar_id,time_zone,country,subdivision,weekday,opens_at,closes_at,reason\n"
    if hours is not None:
        (company.seeds_path / "business_calendars.csv").write_text(header + hours, encoding="utf-8")
    if holidays is not None:
        text = "calendar_id,holiday_on,is_open,reason\n" + holidays
        (company.seeds_path / "calendar_holidays.csv").write_text(text, encoding="utf-8")
    content = yaml.safe_load(company.file.read_text(encoding="utf-8"))
    for declared in content["sources"]:
        if declared["contract"] == "tickets":
            declared.update(source)
    company.file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_workspace(company.folder)


MONDAY = "office,Europe/Berlin,,,1,09:00,17:00,Mondays.\n"


@pytest.mark.parametrize(
    ("hours", "holidays", "source", "told"),
    [
        (None, None, {"calendar": "ofice"}, r"'ofice' has no windows.*office"),
        ("shop,UTC,,,1,09:00,17:00,\n", None, {}, r"'office' has no windows"),
        ("", None, {}, r"'office' has no windows"),
        (None, None, {"calendar": "office", "system": "desk"}, None),
        (MONDAY + "office,Europe/Paris,,,2,09:00,17:00,\n", None, {}, r"two values of time_zone.*line 3"),
        ("office,Europe/Berln,,,1,09:00,17:00,\n", None, {}, r"no time zone 'Europe/Berln'.*Europe/Berlin"),
        ("office,UTC,,,8,09:00,17:00,\n", None, {}, "weekday"),
        ("office,UTC,,,1,9:00,17:00,\n", None, {}, "00:00 to 24:00"),
        ("office,UTC,,,1,09:00,24:01,\n", None, {}, "00:00 to 24:00"),
        ("office,UTC,,,1,09:00,09:00,\n", None, {}, "no length"),
        (MONDAY + "office,Europe/Berlin,,,1,16:00,18:00,\n", None, {}, r"open already.*line 2.*line 3"),
        ("office,UTC,,,7,22:00,06:00,\noffice,UTC,,,1,05:00,12:00,\n", None, {}, "open already"),
        ("office,UTC,XX,,1,09:00,17:00,\n", None, {}, "country 'XX'"),
        ("office,UTC,DE,XX,1,09:00,17:00,\n", None, {}, "DE has no subdivision 'XX'.*BY"),
        (None, "ofice,2024-12-24,false,\n", {}, "no calendar 'ofice'"),
        (None, "office,24.12.2024,false,\n", {}, "2024-12-24"),
        (None, "office,2024-12-24,no,\n", {}, "true or false"),
        (None, "office,2024-12-21,true,\n", {}, "no hours for a weekday 6"),
    ],
)
def test_a_calendar_that_would_not_work_is_told_before_anything_is_built(
    company: Workspace, hours: str | None, holidays: str | None, source: dict[str, str], told: str | None
) -> None:
    changed = seeded(company, hours, holidays, **source)
    if told is None:
        calendars.check(changed)
        return

    with pytest.raises(UserError, match=told) as refused:
        transform.build(changed)
    found = [f for f in doctor.examine(company.folder).findings if f.subject == "seeds"]
    assert [(f.level, f.what.startswith(refused.value.what)) for f in found] == [("error", True)]


def test_promises_follow_the_calendar_and_a_day_more_gives_what_a_full_build_gives(
    company_files: Path, finished_company: Path, tmp_path: Path
) -> None:
    """Closed on Wednesdays, the desk has later default due times; the source's own stay."""
    folder = tmp_path / "company"
    shutil.copytree(finished_company, folder)
    query = (
        "select promise_id, known_from, due_at from marts.fct_promises where subject_kind = 'ticket' "
        "and due_at is not null and due_origin = ? order by all"
    )

    def dues(ws: Workspace, origin: str) -> list[Any]:
        with duckdb.connect(str(ws.warehouse_path), read_only=True) as connection:
            return connection.execute(query, [origin]).fetchall()

    ws = load_workspace(folder)
    before = {origin: dues(ws, origin) for origin in ("default", "source")}
    wednesdays = [date(2025, 11, 5) + timedelta(weeks=week) for week in range(40)]
    ws = seeded(ws, None, "".join(f"office,{day},false,Closed.\n" for day in wednesdays))
    assert transform.build(ws).mode == "full"

    assert dues(ws, "source") == before["source"]
    assert before["default"]
    assert dues(ws, "default") != before["default"]

    fresh = tmp_path / "day_by_day"
    shutil.copytree(company_files, fresh)
    shutil.copytree(ws.seeds_path, fresh / "seeds")
    newest = sorted((fresh / "inbox").rglob("*"))
    held_back = {
        path: tmp_path / f"{i}" for i, path in enumerate(newest) if path.is_file() and "2026-06" in path.name
    }
    assert held_back
    for path, aside in held_back.items():
        shutil.move(path, aside)
    pipeline.run(load_workspace(fresh), backfill=True)
    for path, aside in held_back.items():
        shutil.move(aside, path)
    report = pipeline.run(load_workspace(fresh), backfill=True)

    assert report.steps["build"].mode == "incremental"
    assert differences(ws.warehouse_path, load_workspace(fresh).warehouse_path) == {}


def test_the_list_of_old_commitments_is_as_long_as_the_weeks_count_of_them(company: Workspace) -> None:
    with duckdb.connect(str(company.warehouse_path), read_only=True) as connection:
        counted = connection.execute(
            "select sum(n_old_commitments) from marts.fct_promise_gap_weekly where is_provisional"
        ).fetchone()
        listed = connection.execute(
            "select count(*) from marts.fct_promises as p join marts.dim_accounts as a using (account_id) "
            "where p.is_newest and p.is_old_commitment and a.is_active"
        ).fetchone()
    assert listed is not None
    assert listed[0] > 0
    assert counted == listed

"""What a build says of its time: the database's apart from dbt's own, and neither of them lost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from gapwatch import transform
from gapwatch.locks import warehouse_lock
from gapwatch.workspace import Workspace

PROJECT = "name: timed\nversion: '1.0'\nprofile: timed\nmodel-paths: [models]\n"
PROFILE = "timed: {target: one, outputs: {one: {type: duckdb, path: timed.duckdb, threads: 1}}}\n"
BUSY_DATABASE = """
{{ config(materialized='table') }}
select sum(hash(range)) as n from range(300000000)
"""
BUSY_DBT = """
{% if execute %}{% for i in range(20000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}{% endif %}
select 1 as n
"""
BUSY_PYTHON = """
import time

def model(dbt, session):
    dbt.config(materialized='table')
    time.sleep(0.5)
    return session.sql('select 1 as n')
"""
MODELS = {"busy_database.sql": BUSY_DATABASE, "busy_dbt.sql": BUSY_DBT, "busy_python.py": BUSY_PYTHON}


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Model -> what the child told of it, after a run of three models that are busy each in its own way."""
    folder = tmp_path_factory.mktemp("timed")
    (folder / "models").mkdir()
    (folder / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")
    (folder / "profiles.yml").write_text(PROFILE, encoding="utf-8")
    for name, text in MODELS.items():
        (folder / "models" / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "gapwatch.dbt_child", "--quiet", "--log-level-file", "info", "build"]
    done = subprocess.run(
        [*command, "--profiles-dir", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    records = [json.loads(line[1:]) for line in done.stdout.split("\n") if line.startswith("\x1e")]
    return {entry["node"].split(".")[-1]: entry for entry in records[-1]["results"]}


def test_work_in_the_database_is_told_as_sql(timed: dict[str, dict[str, Any]]) -> None:
    told = timed["busy_database"]
    assert 0.5 * told["seconds"] < told["seconds_sql"] <= told["seconds"]


def test_what_dbt_does_between_statements_is_not_told_as_sql(timed: dict[str, dict[str, Any]]) -> None:
    told = timed["busy_dbt"]
    assert 0 < told["seconds_sql"] < 0.5 * told["seconds"]


def test_a_model_in_python_counts_whole(timed: dict[str, dict[str, Any]]) -> None:
    told = timed["busy_python"]
    assert told["seconds_sql"] == told["seconds"] > 0.5


def test_the_parts_of_a_build_s_time_are_within_the_whole(company: Workspace) -> None:
    with warehouse_lock(company):
        report = transform.build(company, full_refresh=True)

    assert len(report.timings) == report.models > 80
    assert all(sql > 0 and between >= 0 for sql, between in report.timings.values())
    assert report.seconds_models == pytest.approx(sum(sql for sql, _ in report.timings.values()))
    assert report.seconds_between == pytest.approx(sum(between for _, between in report.timings.values()))
    assert report.seconds_models + report.seconds_between + report.seconds_tests < report.seconds
    assert report.slowest[0] == max(
        ((name, sql) for name, (sql, _) in report.timings.items()), key=lambda entry: entry[1]
    )

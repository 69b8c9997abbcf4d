"""What late facts changed: listed once, whatever became of the build that found it."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gapwatch import transform
from gapwatch.workspace import Workspace, load_workspace

pytestmark = pytest.mark.xdist_group("build")

EPOCH = datetime.fromisoformat("1970-01-05")
#: The whole record; sums of doubles differ in their last bits from build to build.
RECORD = (
    "select columns(lambda c: not regexp_matches(c, '_(before|after)$')), "
    "round(columns('_(before|after)$'), 9) from marts.fct_restatements order by all"
)


def query(ws: Workspace, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(ws.warehouse_path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def correct_an_answer(ws: Workspace) -> tuple[str, str, int]:
    """A perception of some weeks ago is now told to have been at the other end of its scale, and to have
    been known so from the start. Returns the account, service dimension and first week it counts in.
    """
    with duckdb.connect(str(ws.warehouse_path)) as connection:
        found = connection.execute(
            "select response_id, account_id, service_dimension, known_from_week, perception_score < 50 "
            "from intermediate.int_ratings_paired "
            "where is_newest and survey_kind = 'relationship' and perception_score is not null "
            "and known_from_week < (select max(week_id) - 2 from marts.dim_weeks) "
            "order by known_from_week desc, response_id, service_dimension limit 1"
        ).fetchone()
        assert found is not None
        response, account, dimension, week, is_low = found
        connection.execute(
            f"update raw.survey_answers set answer_value = asked.{'scale_max' if is_low else 'scale_min'}, "
            "_batch_id = 'late' from raw.survey_questions as asked "
            "where raw.survey_answers.survey_id = asked.survey_id "
            "and raw.survey_answers.question_id = asked.question_id and asked.measure = 'perception' "
            "and raw.survey_answers.response_id = ? and asked.service_dimension = ?",
            [response, dimension],
        )
        connection.execute(
            "insert into raw._batches by name select * replace "
            "('late' as batch_id, load_seq + 1 as load_seq) from raw._batches order by load_seq desc limit 1"
        )
        connection.execute(
            "insert into raw._changes select load_seq, 'survey_answers', ?::timestamp "
            "from raw._batches where batch_id = 'late'",
            [EPOCH + timedelta(weeks=week)],
        )
    return account, dimension, week


def test_nothing_is_listed_where_nothing_changed(company: Workspace) -> None:
    assert query(company, "select * from marts.fct_restatements") == []

    transform.build(company, full_refresh=True)

    assert query(company, "select * from marts.fct_restatements") == []


def test_a_late_fact_is_listed_with_what_was_said_before_and_since(company: Workspace) -> None:
    account, dimension, week = correct_an_answer(company)
    said = (
        "select week_id, round(perception_score, 9) from marts.fct_satisfaction_weekly "
        "where not is_provisional"
    )
    key = f"account_id = '{account}' and service_dimension = '{dimension}'"
    before = dict(query(company, f"{said} and {key}"))

    assert transform.build(company).mode == "incremental"

    after = dict(query(company, f"{said} and {key}"))
    listed = query(
        company,
        "select week_id, round(perception_score_before, 9), round(perception_score_after, 9), change, cause, "
        f"first_load_seq = last_load_seq from marts.fct_restatements where {key} order by week_id",
    )
    changed = sorted(w for w in before if before[w] != after[w])
    assert changed
    assert changed[0] == week
    restated = [row for row in listed if row[1] != row[2]]
    assert restated == [(w, before[w], after[w], "restated", "late_fact", True) for w in changed]
    assert query(company, "select max(week_id) from marts.fct_restatements") < query(
        company, "select max(week_id) from marts.dim_weeks"
    )


def test_others_are_listed_when_their_shrunk_gap_moved_by_a_point(company: Workspace) -> None:
    correct_an_answer(company)
    gaps = (
        "select account_id, service_dimension, week_id, gap_shrunk from marts.fct_satisfaction_weekly "
        "where not is_provisional and service_dimension <> 'overall'"
    )
    before = {row[:3]: row[3] for row in query(company, gaps)}

    transform.build(company)

    after = {row[:3]: row[3] for row in query(company, gaps)}
    moved = {
        key
        for key, value in before.items()
        if value is not None and after[key] is not None and abs(after[key] - value) >= 1
    }
    listed = set(query(company, "select account_id, service_dimension, week_id from marts.fct_restatements"))
    assert moved <= listed


def listed_after(ws: Workspace, *, failing_first: bool) -> list[tuple[Any, ...]]:
    correct_an_answer(ws)
    if failing_first:
        # The weekly marts are made again, and the record of it cannot be written.
        with duckdb.connect(str(ws.warehouse_path)) as connection:
            connection.execute("alter table marts.fct_restatements alter column change type integer")
        with pytest.raises(transform.BuildFailedError, match="fct_restatements"):
            transform.build(ws)
        with duckdb.connect(str(ws.warehouse_path)) as connection:
            connection.execute("alter table marts.fct_restatements alter column change type varchar")
    transform.build(ws)
    return query(ws, RECORD)


def test_a_build_that_died_half_way_neither_loses_nor_doubles_a_restatement(
    finished_company: Path, company: Workspace, tmp_path: Path
) -> None:
    shutil.copytree(finished_company, tmp_path / "undisturbed")
    expected = listed_after(load_workspace(tmp_path / "undisturbed"), failing_first=False)

    assert expected
    assert listed_after(company, failing_first=True) == expected

    # Written, and not yet on record as finished: the next try writes the same rows in their place.
    with duckdb.connect(str(company.warehouse_path)) as connection:
        connection.execute("delete from meta.builds where rowid = (select max(rowid) from meta.builds)")
    transform.build(company)
    assert query(company, RECORD) == expected


def test_a_rebuild_by_a_changed_definition_adds_to_the_record(company: Workspace) -> None:
    correct_an_answer(company)
    transform.build(company)
    before = query(company, RECORD)
    text = company.file.read_text(encoding="utf-8")
    company.file.write_text(text + "\nvars:\n  min_item_share: 1\n", encoding="utf-8")

    assert transform.build(load_workspace(company.folder)).mode == "full"

    after = query(company, RECORD)
    assert [row for row in after if row in before] == before
    assert query(
        company, "select distinct cause, first_load_seq from marts.fct_restatements where build_seq = 3"
    ) == [("definition", None)]

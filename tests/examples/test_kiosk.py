"""A survey of expectation and perception, wide, as exported and as its authors cleaned it.

The figures are those measured on the files themselves, in points of the scale from 1 to 7; on the index
from 0 to 100 a point of the scale is 100 / 6.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from public_examples import EXAMPLES, Run

from gapwatch import pipeline
from gapwatch.workspace import load_workspace

pytestmark = pytest.mark.xdist_group("example_kiosk")

GAPS_IN_SCALE_POINTS = {
    "reliability": -0.668,
    "fun": 0.060,
    "control": -1.239,
    "economy": -1.593,
    "personalisation": -1.448,
    "convenience": -1.443,
    "security": -1.809,
    "tangibles": -1.134,
}


@pytest.fixture(scope="module")
def cleaned(run: Run) -> duckdb.DuckDBPyConnection:
    return run("kiosk_clean")


@pytest.fixture(scope="module")
def exported(run: Run) -> duckdb.DuckDBPyConnection:
    return run("kiosk")


def test_columns_are_mapped_by_the_number_in_the_header() -> None:
    questions = load_workspace(EXAMPLES / "kiosk").source("answers").questions
    asked = {"1": "expectation", "2": "perception"}
    numbered = [re.match(r"(\d+)-([12])\.", column) for column in list(questions)[:48]]
    expected = [f"q{int(found[1]):02}_{asked[found[2]]}" for found in numbered if found]
    assert list(questions.values())[:48] == expected
    assert len(set(expected)) == 48


def test_overall_expectation_perception_and_gap_of_the_cleaned_set(
    cleaned: duckdb.DuckDBPyConnection,
) -> None:
    for is_provisional in (False, True):
        expectation, perception, gap, contacts = _overall(cleaned, is_provisional=is_provisional)
        assert round(expectation, 2) == 83.30
        assert round(perception, 2) == 63.98
        assert round(gap, 2) == -19.32
        assert contacts == 194
        assert [round(score * 6 / 100 + 1, 3) for score in (expectation, perception)] == [5.998, 4.839]


def test_gap_of_each_service_dimension_of_the_cleaned_set(cleaned: duckdb.DuckDBPyConnection) -> None:
    gaps = dict(
        cleaned.execute(
            "select service_dimension, satisfaction_gap from marts.fct_satisfaction_weekly "
            "where not is_provisional and service_dimension <> 'overall'"
        ).fetchall()
    )
    assert {name: round(gap * 6 / 100, 3) for name, gap in gaps.items()} == GAPS_IN_SCALE_POINTS
    assert round(gaps["security"], 2) == -30.15
    assert f"{gaps['fun']:+.2f}" == "+1.00"


def test_perception_tracks_overall_satisfaction_better_than_the_gap(
    cleaned: duckdb.DuckDBPyConnection,
) -> None:
    respondents, with_gap, with_perception = _row(
        cleaned,
        "with satisfied as (select contact_id, avg(score) as overall from marts.fct_answers "
        "where measure = 'overall' group by contact_id), "
        "rated as (select contact_id, avg(satisfaction_gap) as gap, avg(perception_score) as perception "
        "from marts.fct_ratings group by contact_id) "
        "select count(*), corr(overall, gap), corr(overall, perception) "
        "from satisfied join rated using (contact_id)",
    )
    assert respondents == 194
    assert (round(with_gap, 3), round(with_perception, 3)) == (0.488, 0.575)


def test_export_counts_everybody_who_answered(exported: duckdb.DuckDBPyConnection) -> None:
    expectation, perception, gap, contacts = _overall(exported, is_provisional=False)
    assert contacts == 207
    assert [round(score * 6 / 100 + 1, 3) for score in (expectation, perception)] == [5.974, 4.872]
    assert round(gap * 6 / 100, 3) == -1.102


def test_people_who_never_used_a_kiosk_give_no_answers(exported: duckdb.DuckDBPyConnection) -> None:
    assert _row(
        exported, "select records, n_rows, quarantined_rows from marts.fct_batches where source = 'answers'"
    ) == (211, 207 * (48 + 4), 0)


def test_nothing_about_the_person_lands(exported: duckdb.DuckDBPyConnection, examples: Path) -> None:
    (batch,) = (examples / "kiosk" / "landing" / "answers").glob("*.parquet")
    with duckdb.connect() as connection:
        landed = connection.execute("select * from read_parquet(?)", [str(batch)]).fetchall()
    assert {len(row) for row in landed} == {48 + 4}
    assert {cell for row in landed for cell in row} == {None, *"1234567"}


@pytest.mark.usefixtures("exported")
def test_the_same_survey_in_another_encoding_is_the_same_batch(examples: Path) -> None:
    settings = examples / "kiosk" / "gapwatch.yml"
    as_it_was = settings.read_text(encoding="utf-8")
    in_utf8 = as_it_was.replace("/kiosk.csv", "/kiosk_utf8.csv.gz").replace("cp949", "utf-8")
    settings.write_text(in_utf8, encoding="utf-8")
    try:
        report = pipeline.ingest(load_workspace(settings), sources=["answers"])
    finally:
        settings.write_text(as_it_was, encoding="utf-8")
    (file,) = report.files
    (batch,) = (examples / "kiosk" / "landing" / "answers").glob("*.parquet")
    assert (file.outcome, file.batch_id) == ("duplicate", batch.stem)


def _overall(marts: duckdb.DuckDBPyConnection, *, is_provisional: bool) -> tuple[Any, ...]:
    return _row(
        marts,
        "select expectation_score, paired_perception_score, satisfaction_gap, n_contacts "
        "from marts.rpt_portfolio_weekly "
        f"where cut = 'all' and service_dimension = 'overall' and is_provisional = {is_provisional}",
    )


def _row(marts: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    (row,) = marts.execute(query).fetchall()
    return tuple(row)

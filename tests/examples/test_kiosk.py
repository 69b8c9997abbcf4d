"""A survey of expectation and perception, wide, as exported and as its authors cleaned it.

The figures are those measured on the files themselves, in points of the scale from 1 to 7; on the index
from 0 to 100 a point of the scale is 100 / 6.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray
from public_examples import DATA, EXAMPLES, Run
from scipy import stats

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
#: The three items of each, in the order of the questionnaire.
DIMENSIONS = (
    "reliability",
    "fun",
    "control",
    "economy",
    "personalisation",
    "convenience",
    "security",
    "tangibles",
)


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
            "where not is_provisional"
        ).fetchall()
    )
    in_scale_points = {name: round(gap * 6 / 100, 3) for name, gap in gaps.items()}
    assert in_scale_points == {**GAPS_IN_SCALE_POINTS, "overall": -1.159}
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


@pytest.mark.usefixtures("data")
def test_reliability_of_each_dimension_is_that_of_an_independent_computation(
    cleaned: duckdb.DuckDBPyConnection,
) -> None:
    expected, experienced, _ = _answers_as_filed()
    for is_whole in (True, False):
        found = {
            row[0]: row[1:]
            for row in cleaned.execute(
                "select service_dimension, n_complete, perception_alpha, expectation_alpha, "
                "perception_expectation_correlation, gap_reliability "
                f"from marts.fct_measurement_quality where is_whole = {is_whole}"
            ).fetchall()
        }
        assert set(found) == {*DIMENSIONS, "all_items"}
        for name, (n, *figures) in found.items():
            p, e = experienced[:, _items(name)], expected[:, _items(name)]
            correlation = np.corrcoef(p.mean(axis=1), e.mean(axis=1))[0, 1]
            reliability = _difference_reliability(p, e)
            assert n == 194
            assert figures == pytest.approx([_alpha(p), _alpha(e), correlation, reliability], abs=1e-9)


def test_the_gap_is_reliable_for_security_and_for_all_items_together_only(
    cleaned: duckdb.DuckDBPyConnection,
) -> None:
    found = {
        name: (round(reliability, 3), is_reliable)
        for name, reliability, is_reliable in cleaned.execute(
            "select service_dimension, gap_reliability, is_gap_reliable "
            "from marts.fct_measurement_quality where is_whole"
        ).fetchall()
    }
    assert found.pop("security") == (0.831, True)
    assert found.pop("all_items") == (0.840, True)
    assert {is_reliable for _, is_reliable in found.values()} == {False}
    assert (min(found.values())[0], max(found.values())[0]) == (0.330, 0.673)


@pytest.mark.usefixtures("data")
def test_the_difference_explains_less_than_perception_and_expectation_apart(
    cleaned: duckdb.DuckDBPyConnection,
) -> None:
    expected, experienced, overall = _answers_as_filed()
    for name in (*DIMENSIONS, "all_items"):
        p = experienced[:, _items(name)].mean(axis=1)
        e = expected[:, _items(name)].mean(axis=1)
        held = _explained(overall, p - e)
        free = _explained(overall, p, e, p * p, p * e, e * e)
        statistic = (free - held) / 4 / ((1 - free) / (194 - 6))
        found = _row(
            cleaned,
            "select n_overall, constrained_r_squared, polynomial_r_squared, polynomial_f, polynomial_df_1, "
            "polynomial_df_2, polynomial_p_value, perception_overall_correlation, gap_overall_correlation "
            f"from marts.fct_measurement_quality where is_whole and service_dimension = '{name}'",
        )
        assert found == pytest.approx(
            (
                194,
                held,
                free,
                statistic,
                4,
                188,
                stats.f.sf(statistic, 4, 188),
                np.corrcoef(p, overall)[0, 1],
                np.corrcoef(p - e, overall)[0, 1],
            ),
            rel=1e-7,
        )
        assert found[6] < 0.05
    # of all items together, as its authors found them
    assert (round(found[8], 3), round(found[7], 3)) == (0.488, 0.575)


@pytest.mark.usefixtures("data")
def test_shares_at_the_best_end_and_in_straight_lines_are_those_of_the_file(
    cleaned: duckdb.DuckDBPyConnection,
) -> None:
    expected, experienced, _ = _answers_as_filed()
    straight = [(np.ptp(answers, axis=1) == 0) for answers in (experienced, expected)]
    assert _row(
        cleaned,
        "select perception_ceiling_share, expectation_ceiling_share, perception_straight_share, "
        "expectation_straight_share, straight_liner_share "
        "from marts.fct_measurement_quality where is_whole and service_dimension = 'all_items'",
    ) == pytest.approx(
        (
            (experienced == 7).mean(),
            (expected == 7).mean(),
            *(lines.mean() for lines in straight),
            (straight[0] & straight[1]).mean(),
        )
    )


def test_what_this_survey_did_not_ask_is_unknown_with_a_reason(cleaned: duckdb.DuckDBPyConnection) -> None:
    assert cleaned.execute(
        "select distinct response_rate, response_null_reason, disconfirmation_correlation, "
        "disconfirmation_null_reason from marts.fct_measurement_quality"
    ).fetchall() == [(None, "no_invitations", None, "not_asked")]


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


def _answers_as_filed() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Expected and experienced (194, 24), overall satisfaction (194,), in points of the scales."""
    file = DATA / "survey_kiosk" / "kiosk_clean_194_wide.csv"
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))

    def columns(names: list[str]) -> NDArray[np.float64]:
        return np.array([[float(row[name]) for name in names] for row in rows])

    items = [columns([f"sq{n}_{k}" for n in range(1, 25)]) for k in (1, 2)]
    return items[0], items[1], columns(["total1", "total2"]).mean(axis=1)


def _items(service_dimension: str) -> slice:
    if service_dimension == "all_items":
        return slice(0, 24)
    first = 3 * DIMENSIONS.index(service_dimension)
    return slice(first, first + 3)


def _alpha(items: NDArray[np.float64]) -> float:
    k = items.shape[1]
    return float(k / (k - 1) * (1 - items.var(axis=0, ddof=1).sum() / items.sum(axis=1).var(ddof=1)))


def _difference_reliability(p: NDArray[np.float64], e: NDArray[np.float64]) -> float:
    (p_variance, shared), (_, e_variance) = np.cov(p.mean(axis=1), e.mean(axis=1))
    true = p_variance * _alpha(p) + e_variance * _alpha(e) - 2 * shared
    return float(true / (p_variance + e_variance - 2 * shared))


def _explained(outcome: NDArray[np.float64], *regressors: NDArray[np.float64]) -> float:
    design = np.column_stack([np.ones(len(outcome)), *regressors])
    residual = outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
    return float(1 - residual.var() / outcome.var())


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

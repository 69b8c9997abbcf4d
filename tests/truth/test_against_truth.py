"""What is published, against what the simulated people had in mind, which the pipeline never reads.

The company's answers do not depend on mood: what silence hides no estimator can find, and
docs/measurement.md reports how far off it leaves the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from benchmarks import truth

pytestmark = [pytest.mark.xdist_group("truth"), pytest.mark.timeout(900)]

MEASURES = pytest.mark.parametrize("measure", ["perception", "gap"])


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A company of 250 clients over 30 months, beside its truth."""
    folder = truth.make_company(
        tmp_path_factory.mktemp("truth") / "company",
        accounts=250,
        months=30,
        seed=11,
        mood_dependent_response=False,
    )
    with truth.compare(folder) as connection:
        yield connection


@MEASURES
def test_shrunk_values_are_nearer_to_the_truth_where_few_have_answered(
    compared: duckdb.DuckDBPyConnection, measure: str
) -> None:
    found = truth.errors(compared)[measure]

    assert found.n > 1_000
    assert found.shrunk < 0.9 * found.raw


@MEASURES
def test_intervals_hold_the_truth_as_often_as_they_say(
    compared: duckdb.DuckDBPyConnection, measure: str
) -> None:
    found = truth.coverage(compared)[measure]

    assert found.n > 1_000
    assert 0.90 <= found.share <= 0.98


def test_raw_values_are_right_on_average(compared: duckdb.DuckDBPyConnection) -> None:
    bias = compared.execute("select measure, avg(raw - known) from compared group by measure").fetchall()
    assert {measure: abs(points) < 1 for measure, points in bias} == {"perception": True, "gap": True}


def test_the_split_tells_an_over_promise_from_an_under_delivery(compared: duckdb.DuckDBPyConnection) -> None:
    found = truth.attribution(compared)

    assert found.decided >= 20
    assert found.right / found.decided >= 0.85

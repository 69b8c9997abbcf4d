"""The chart of the portfolio: limits that come from its own first weeks and then stay."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapwatch.workspace import load_workspace
from tests.build.compiled import CompiledModel

pytestmark = pytest.mark.xdist_group("build")

LAMBDA, LIMIT, BASE = 0.2, 2.962, 26
Week = tuple[int, float, float]


@pytest.fixture(scope="module")
def model(finished_company: Path) -> CompiledModel:
    text = ("cut", "cut_value", "service_dimension")
    doubles = (
        "satisfaction_gap",
        "paired_perception_score",
        "expectation_score",
        "rated_score",
        "rated_squares",
    )
    whole = ("week_id", "n_accounts", "n_accounts_stayed", "n_rated")
    return CompiledModel(
        load_workspace(finished_company),
        "marts/rpt_portfolio_weekly.sql",
        {
            "intermediate.int_portfolio_weekly": {
                **dict.fromkeys(text, "varchar"),
                **dict.fromkeys(whole, "integer"),
                **dict.fromkeys(doubles, "double"),
            },
            "seeds.chart_rebases": {"service_dimension": "varchar", "from_on": "date", "reason": "varchar"},
            "marts.dim_weeks": {"week_id": "integer"},
        },
    )


def charted(model: CompiledModel, weeks: list[Week], rebased_in: int | None = None) -> list[dict[str, Any]]:
    """The chart's rows, one a week. A week: number of ratings, their mean, sum of squares about it."""
    rows = model.run(
        {
            "intermediate.int_portfolio_weekly": [
                {
                    "cut": "all", "cut_value": "all", "service_dimension": "trust", "week_id": 2800 + i,
                    "n_accounts": 1, "n_accounts_stayed": 1,
                    "n_rated": n or None,
                    "rated_score": mean if n else None,
                    "rated_squares": squares if n else None,
                }
                for i, (n, mean, squares) in enumerate(weeks)
            ],
            "seeds.chart_rebases": [
                {
                    "service_dimension": "trust",
                    "from_on": date(1970, 1, 5) + timedelta(weeks=2800 + rebased_in),
                    "reason": "a new questionnaire",
                }
            ]
            if rebased_in is not None
            else [],
            "marts.dim_weeks": [{"week_id": 2800 + i} for i in range(len(weeks))],
        }
    )  # fmt: skip
    return sorted(rows, key=lambda row: row["week_id"])


def test_at_equal_n_the_limits_are_the_published_ones(model: CompiledModel) -> None:
    """They are mu +- L s / sqrt(n) sqrt(lambda / (2 - lambda) (1 - (1 - lambda)^(2t)))."""
    n, s, mu = 9, 12.0, 60.0
    rows = charted(model, [(n, mu, (n - 1) * s * s)] * (BASE + 40))

    for t, row in enumerate(rows[BASE:], start=1):
        width = LIMIT * s / math.sqrt(n) * math.sqrt(LAMBDA / (2 - LAMBDA) * (1 - (1 - LAMBDA) ** (2 * t)))
        assert row["ewma_high_score"] == pytest.approx(mu + width, abs=1e-9)
        assert row["ewma_low_score"] == pytest.approx(mu - width, abs=1e-9)
        assert (row["ewma_score"], row["ewma_sd"]) == pytest.approx((mu, s))
        assert (row["is_out_of_control"], row["is_baseline"]) == (False, False)


def test_no_week_is_judged_by_limits_that_it_made_itself(model: CompiledModel) -> None:
    rows = charted(model, [(5, 60.0, 400.0)] * (BASE + 1))

    assert [row["is_baseline"] for row in rows] == [True] * BASE + [False]
    assert {row["ewma_null_reason"] for row in rows[:BASE]} == {"baseline"}
    assert {row["ewma_score"] for row in rows[:BASE]} == {None}
    assert rows[BASE]["ewma_null_reason"] is None


def test_a_lasting_fall_leaves_the_limits_and_one_bad_week_does_not(model: CompiledModel) -> None:
    usual: list[Week] = [(9, 60.0, 8 * 144.0)] * (BASE + 20)

    one = charted(model, [*usual, (9, 52.0, 8 * 144.0), *usual[:5]])
    lasting = charted(model, [*usual, *[(9, 52.0, 8 * 144.0)] * 6])

    assert not any(row["is_out_of_control"] for row in one)
    assert lasting[-1]["is_out_of_control"]


def test_a_new_base_is_taken_only_where_it_is_declared(model: CompiledModel) -> None:
    lower: list[Week] = [(9, 40.0, 8 * 100.0)] * (BASE + 1)
    weeks = [*[(9, 60.0, 8 * 144.0)] * (BASE + 1), *lower]

    frozen = charted(model, weeks)[-1]
    rebased = charted(model, weeks, rebased_in=BASE + 1)[-1]

    assert (frozen["ewma_mean_score"], frozen["is_out_of_control"]) == (60.0, True)
    assert (rebased["ewma_mean_score"], rebased["ewma_sd"], rebased["is_out_of_control"]) == (
        40.0,
        10.0,
        False,
    )


def test_ratings_all_alike_make_no_limits(model: CompiledModel) -> None:
    row = charted(model, [(5, 60.0, 0.0)] * (BASE + 1))[-1]

    assert row["ewma_null_reason"] == "no_variance"
    assert [row[c] for c in ("ewma_low_score", "ewma_high_score", "is_out_of_control")] == [None] * 3


week = st.tuples(st.integers(0, 12), st.integers(0, 100).map(float), st.integers(1, 5000).map(float))


@given(st.lists(week, min_size=BASE, max_size=BASE + 60))
@settings(max_examples=100, deadline=None)
def test_the_chart_is_the_recursion_run_week_by_week(model: CompiledModel, weeks: list[Week]) -> None:
    """That is z_t = lambda x_t + (1 - lambda) z_(t-1), V_t = lambda^2 s^2 / n_t + (1 - lambda)^2 V_(t-1); a
    week without ratings leaves both.
    """
    rows = charted(model, weeks)

    rated = [w for w in weeks if w[0]]
    base, seen = rated[:BASE], 0
    if len(base) < BASE:
        assert {row["ewma_null_reason"] for row in rows} == {"baseline"}
        return
    mu = sum(n * mean for n, mean, _ in base) / sum(n for n, _, _ in base)
    freedom = sum(n - 1 for n, _, _ in base)
    s2 = sum(squares for _, _, squares in base) / freedom if freedom else None
    z, v = mu, 0.0
    for (n, mean, _), row in zip(weeks, rows, strict=True):
        seen += n > 0
        if seen <= BASE:
            assert row["is_baseline"]
            continue
        if n and s2 is not None:
            z, v = LAMBDA * mean + (1 - LAMBDA) * z, LAMBDA**2 * s2 / n + (1 - LAMBDA) ** 2 * v
        if s2 is not None:
            found = (row["ewma_score"], row["ewma_low_score"], row["ewma_high_score"])
            width = LIMIT * math.sqrt(v)
            assert found == pytest.approx((z, mu - width, mu + width), abs=1e-9)

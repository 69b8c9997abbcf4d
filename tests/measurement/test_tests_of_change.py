"""The statistics that SQL lacks, held against published figures and against libraries."""

from __future__ import annotations

import importlib.util
import itertools
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

from gapwatch.seeds import DBT_PROJECT


def model(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        name, DBT_PROJECT / "models" / "intermediate" / f"{name}.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def values(
    n: int, mean: float, sd: float, n0: int, mean0: float, sd0: float, stayers: int = 0
) -> dict[str, np.ndarray]:
    return {
        "n_gap": np.array([n], float),
        "gap_plain_mean": np.array([mean]),
        "gap_squares": np.array([sd**2 * (n - 1)]),
        "n_gap_before": np.array([n0], float),
        "gap_plain_mean_before": np.array([mean0]),
        "gap_squares_before": np.array([sd0**2 * (n0 - 1)]),
        "n_gap_stayers": np.array([stayers], float),
        "gap_stayer_change": np.array([np.nan]),
        "gap_stayer_variance": np.array([np.nan]),
    }


def test_welch_is_that_of_the_worked_check() -> None:
    change_model = model("int_changes_tested")

    change, error, freedom = change_model.compared(values(18, -0.80, 1.1, 22, -0.20, 1.0), "gap")
    low, high, p = change_model.tested(change, error, freedom)

    assert change[0] / error[0] == pytest.approx(-1.787, abs=5e-4)
    assert p[0] == pytest.approx(0.0826, abs=5e-5)
    assert low[0] < -0.6 < 0 < high[0]


def test_five_stayers_are_compared_with_themselves() -> None:
    change_model = model("int_changes_tested")
    before, after = np.array([50, 60, 70, 40, 30.0]), np.array([45, 58, 61, 37, 22.0])
    given = values(5, after.mean(), after.std(ddof=1), 5, before.mean(), before.std(ddof=1), stayers=5)
    given["gap_stayer_change"] = np.array([(after - before).mean()])
    given["gap_stayer_variance"] = np.array([(after - before).var(ddof=1)])

    change, error, freedom = change_model.compared(given, "gap")
    *interval, p = change_model.tested(change, error, freedom)

    expected = stats.ttest_rel(after, before)
    assert p[0] == pytest.approx(expected.pvalue)
    assert [i[0] for i in interval] == pytest.approx(list(expected.confidence_interval()))
    given["n_gap_stayers"] = np.array([4.0])
    welch = change_model.tested(*change_model.compared(given, "gap"))[2][0]
    assert welch == pytest.approx(stats.ttest_ind(after, before, equal_var=False).pvalue)


def test_without_variance_or_two_people_nothing_is_tested() -> None:
    change_model = model("int_changes_tested")

    for given in (values(3, 50, 0, 3, 40, 0), values(1, 50, 0, 9, 40, 3)):
        assert np.isnan(change_model.tested(*change_model.compared(given, "gap"))[2][0])


def test_each_week_is_one_family_of_tests() -> None:
    p = np.random.default_rng(3).uniform(size=60) ** 2
    week = np.repeat([1, 2, 3], 20)
    p[5] = np.nan

    q = model("int_changes_tested").controlled(week, p)

    for family in (1, 2, 3):
        known = (week == family) & ~np.isnan(p)
        assert q[known] == pytest.approx(stats.false_discovery_control(p[known], method="bh"))
    assert np.isnan(q[5])


def test_importance_is_the_mean_gain_over_all_orders() -> None:
    rng = np.random.default_rng(11)
    common = rng.normal(size=400)
    ratings = np.column_stack([common + rng.normal(size=400) for _ in range(4)])
    overall = ratings @ [4, 2, 1, 0] + rng.normal(size=400) * 2

    shares = model("int_weights_derived").relative_importance(
        np.cov(np.column_stack([ratings, overall]), rowvar=False)
    )

    def explained(chosen: tuple[int, ...]) -> float:
        design = np.column_stack([np.ones(400), ratings[:, list(chosen)]])
        rest = overall - design @ np.linalg.lstsq(design, overall, rcond=None)[0]
        return 1 - float(rest @ rest) / float(((overall - overall.mean()) ** 2).sum())

    gains = np.zeros(4)
    for order in itertools.permutations(range(4)):
        for place, i in enumerate(order):
            gains[i] += explained(order[: place + 1]) - explained(order[:place])
    assert shares == pytest.approx(gains / gains.sum())
    assert list(np.argsort(-shares)) == [0, 1, 2, 3]


def test_importance_is_unknown_where_nothing_varies() -> None:
    assert model("int_weights_derived").relative_importance(np.diag([1.0, 0.0, 1.0])) is None
    assert model("int_weights_derived").relative_importance(np.diag([1.0, 1.0, 0.0])) is None

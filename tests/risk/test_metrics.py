"""The measures a forecast is judged by: worked examples, and brute force on whatever hypothesis finds."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapwatch.risk import metrics

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

EVENTS = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=7)
MANY = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def arrays(pairs: list[tuple[float, bool]]) -> tuple[metrics.Floats, metrics.Floats]:
    return (
        np.array([float(score) for score, _ in pairs]),
        np.array([float(event) for _, event in pairs]),
    )


def test_the_worked_brier_score_is_the_sum_of_its_parts() -> None:
    stated = np.array([0.1] * 5 + [0.5] * 4 + [0.9])
    happened = np.array([1, 0, 0, 0, 0, 1, 1, 0, 0, 1], dtype=float)

    parts = metrics.brier(stated, happened)

    assert parts.brier == pytest.approx(0.186)
    assert parts.reliability == pytest.approx(0.006)
    assert parts.resolution == pytest.approx(0.060)
    assert parts.uncertainty == pytest.approx(0.240)
    assert parts.skill == pytest.approx(0.225)


def test_the_worked_ranking_has_a_precision_of_two_thirds_and_more_than_twice_the_base_rate() -> None:
    event = np.array([1, 0, 1, 0, 0, 1, 0, 0, 0, 0], dtype=float)
    score = np.arange(10, 0, -1).astype(float)

    assert metrics.precision_at(score, event, 3) == pytest.approx(0.6667, abs=5e-5)
    assert metrics.lift_at(score, event, 3) == pytest.approx(2.222, abs=5e-4)


def test_a_good_test_of_a_rare_event_is_mostly_wrong() -> None:
    assert metrics.predictive_value(0.02, 0.9, 0.9) == pytest.approx(0.155, abs=5e-4)


@given(MANY, st.integers(1, 12))
def test_the_parts_give_the_brier_score_by_distinct_probabilities_and_in_bins(
    pairs: list[tuple[float, bool]], count: int
) -> None:
    p, y = arrays(pairs)
    for group in (None, metrics.bins(p, count)):
        parts = metrics.brier(p, y, group)
        whole = parts.reliability - parts.resolution + parts.uncertainty + parts.within
        assert whole == pytest.approx(np.mean((p - y) ** 2), abs=1e-12)
    assert metrics.brier(p, y).within == 0.0


@given(MANY)
def test_auc_is_the_share_of_pairs_ranked_rightly(pairs: list[tuple[float, bool]]) -> None:
    score, event = arrays([(round(s, 2), e) for s, e in pairs])
    wins = [(a > b) + 0.5 * (a == b) for a in score[event == 1] for b in score[event == 0]]

    assert metrics.auc(score, event) == (pytest.approx(np.mean(wins)) if wins else None)


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.integers(1, 8))
def test_ties_are_worth_what_a_draw_by_lot_gives_on_average(pairs: list[tuple[float, bool]], k: int) -> None:
    score, event = arrays(pairs)
    drawn = [
        np.mean([event[place] for place in sorted(order, key=lambda at: -score[at])[:k]])
        for order in permutations(range(len(pairs)))
    ]

    assert metrics.precision_at(score, event, k) == pytest.approx(np.mean(drawn))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=9), st.integers(1, 12))
def test_an_item_with_a_weight_stands_for_as_many_copies(items: list[tuple[int, int]], k: int) -> None:
    score, weight = np.array([s for s, _ in items], float), np.array([w for _, w in items])

    share = metrics.taken_share(score, k, weight.astype(float))

    copies = metrics.taken_share(np.repeat(score, weight), k)
    assert np.repeat(share, weight) == pytest.approx(copies)


def test_the_last_bits_of_a_score_do_not_decide_a_rank() -> None:
    score, event = np.array([0.1 + 0.2, 0.3, 0.0]), np.array([1.0, 0.0, 0.0])

    assert metrics.precision_at(score, event, 1) == 0.5
    assert metrics.auc(score, event) == 0.75


@given(st.integers(0, 200), st.integers(1, 200))
def test_wilsons_interval_solves_its_own_equation(events: int, n: int) -> None:
    events = min(events, n)
    low, high = metrics.wilson(events, n)

    assert 0 <= low <= events / n <= high <= 1
    for bound in {low, high} - {0.0, 1.0}:
        if bound != events / n:
            assert (events / n - bound) ** 2 == pytest.approx(1.959964**2 * bound * (1 - bound) / n, rel=1e-4)


@given(MANY, st.integers(1, 12))
def test_a_calibration_table_counts_everything_once_and_parts_no_equals(
    pairs: list[tuple[float, bool]], count: int
) -> None:
    p, y = arrays([(round(s, 1), e) for s, e in pairs])

    table = metrics.calibration(p, y, count)

    assert sum(line.n for line in table) == len(p)
    assert sum(line.n_events for line in table) == y.sum()
    assert [line.mean_probability for line in table] == sorted(line.mean_probability for line in table)
    of = metrics.bins(p, count)
    assert all(len(set(of[p == value])) == 1 for value in set(p))


def test_a_run_is_unbroken_up_to_the_loss() -> None:
    assert metrics.flagged_since(np.array([1, 2, 5, 6, 7]), 7) == 5
    assert metrics.flagged_since(np.array([5, 6, 9]), 6) == 5
    assert metrics.flagged_since(np.array([1, 2]), 4) is None
    assert metrics.flagged_since(np.array([], dtype=np.int64), 4) is None


def test_a_bootstrap_draws_whole_accounts_and_its_interval_covers_as_often_as_it_says() -> None:
    drawn = metrics.resamples(40, 10, seed=1)
    assert (drawn.sum(axis=1) == 40).all()
    assert (metrics.resamples(40, 10, seed=1) == drawn).all()

    rng, covered = np.random.default_rng(3), 0
    for _ in range(300):
        sample = rng.exponential(1.0, 60)
        found = metrics.interval((metrics.resamples(60, 400, seed=2) @ sample) / 60)
        assert found is not None
        covered += found[0] <= 1.0 <= found[1]
    assert 0.88 <= covered / 300 <= 0.98

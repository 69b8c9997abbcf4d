"""Measures of a forecast of rare events, on plain arrays.

``probability`` and ``score`` are float arrays, ``event`` a 0/1 array of the same length. A tie in a
ranking is broken by expectation: of tied items each stands for the mean of its group, never the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

#: Scores that differ by less are the same: the last bits of a sum must not decide a rank.
DECIMALS = 9


@dataclass(frozen=True)
class Brier:
    """``brier = reliability - resolution + uncertainty + within`` exactly.

    ``within`` is what grouping hides: 0 where a group holds one probability, as it does without bins.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float

    @property
    def skill(self) -> float | None:
        """1 - brier / uncertainty: what is gained on always stating the base rate; None without events."""
        return 1 - self.brier / self.uncertainty if self.uncertainty > 0 else None


@dataclass(frozen=True)
class Bin:
    """One line of a calibration table; ``low`` and ``high`` bound ``event_share`` (Wilson, 95 %)."""

    number: int
    n: int
    n_events: int
    mean_probability: float
    event_share: float
    low: float
    high: float


def brier(probability: Floats, event: Floats, group: Ints | None = None) -> Brier:
    """Murphy's three parts (1973), by distinct probabilities or by the given ``group``.

    In groups the identity needs the spread and the covariance within them (Stephenson, Coelho and
    Jolliffe 2008): ``within`` is the former less twice the latter.
    """
    p, y = np.asarray(probability, dtype=np.float64), np.asarray(event, dtype=np.float64)
    if len(p) == 0:
        raise ValueError("a Brier score of no forecasts")
    _, of = np.unique(p if group is None else group, return_inverse=True)
    n = np.bincount(of).astype(np.float64)
    mean_p, mean_y = np.bincount(of, p) / n, np.bincount(of, y) / n
    base = y.mean()
    spread, together = p - mean_p[of], (p - mean_p[of]) * (y - mean_y[of])
    return Brier(
        brier=float(np.mean((p - y) ** 2)),
        reliability=float(np.sum(n * (mean_p - mean_y) ** 2) / len(p)),
        resolution=float(np.sum(n * (mean_y - base) ** 2) / len(p)),
        uncertainty=float(base * (1 - base)),
        within=float(np.mean(spread**2) - 2 * np.mean(together)) if group is not None else 0.0,
    )


def auc(score: Floats, event: Floats) -> float | None:
    """Share of pairs (event, no event) that are ranked rightly, ties half; None where one kind is missing."""
    y = np.asarray(event) > 0
    events, others = int(y.sum()), int((~y).sum())
    if not events or not others:
        return None
    ranks = rankdata(np.round(np.asarray(score, dtype=np.float64), DECIMALS))
    return float((ranks[y].sum() - events * (events + 1) / 2) / (events * others))


def taken_share(score: Floats, k: float, weight: Floats | None = None) -> Floats:
    """Chance of each item to be among the ``k`` highest where ties are drawn by lot, 0..1.

    With ``weight`` an item stands for so many copies, and the share is that of its copies.
    """
    s = -np.round(np.asarray(score, dtype=np.float64), DECIMALS)
    _, of = np.unique(s, return_inverse=True)
    size = np.bincount(of, weight).astype(np.float64)
    before = np.cumsum(size) - size
    return np.asarray(np.clip((k - before) / np.where(size > 0, size, 1), 0, 1)[of], dtype=np.float64)


def precision_at(score: Floats, event: Floats, k: float) -> float | None:
    """Expected share of events among the ``k`` highest (all, where there are fewer); None of none."""
    share = taken_share(score, k)
    total = share.sum()
    return float(share @ np.asarray(event, dtype=np.float64) / total) if total > 0 else None


def lift_at(score: Floats, event: Floats, k: float) -> float | None:
    """``precision_at`` over the base rate; None without events."""
    precision, base = precision_at(score, event, k), float(np.mean(event)) if len(event) else 0.0
    return precision / base if precision is not None and base > 0 else None


def predictive_value(base_rate: float, sensitivity: float, specificity: float) -> float:
    """Share of alarms that are right (Bayes): at a base rate of 2 % two good tests in ten still mislead."""
    right = base_rate * sensitivity
    return right / (right + (1 - base_rate) * (1 - specificity))


def wilson(successes: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a share (Wilson 1927); (0, 1) where nothing was tried."""
    if n <= 0:
        return 0.0, 1.0
    z = float(norm.ppf(0.5 + confidence / 2))
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def bins(probability: Floats, count: int = 10) -> Ints:
    """Number of each item's bin, 1..``count``, by rank in equal parts; equal probabilities share a bin."""
    p = np.round(np.asarray(probability, dtype=np.float64), DECIMALS)
    ranks = rankdata(p, method="average")
    return np.asarray(np.minimum((ranks - 0.5) * count / max(len(p), 1), count - 1), dtype=np.int64) + 1


def calibration(probability: Floats, event: Floats, count: int = 10) -> list[Bin]:
    """What was stated beside what happened, lowest bin first; bins that ties leave empty are left out."""
    p, y, of = np.asarray(probability, dtype=np.float64), np.asarray(event), bins(probability, count)
    table = []
    for number in np.unique(of):
        inside = of == number
        n, events = int(inside.sum()), int(y[inside].sum())
        low, high = wilson(events, n)
        table.append(Bin(int(number), n, events, float(p[inside].mean()), events / n, low, high))
    return table


def flagged_since(weeks: Ints, last: int) -> int | None:
    """First week of the unbroken run of ``weeks`` (ascending) that reaches ``last``; None if none does."""
    inside = weeks[weeks <= last]
    if len(inside) == 0 or inside[-1] != last:
        return None
    gaps = np.flatnonzero(np.diff(inside) != 1)
    return int(inside[gaps[-1] + 1] if len(gaps) else inside[0])


def resamples(n_accounts: int, repetitions: int, seed: int = 0) -> NDArray[np.int64]:
    """(repetitions, accounts): how often each account is drawn, with replacement; weeks go with it."""
    rng = np.random.default_rng(seed)
    even = np.full(n_accounts, 1 / n_accounts)
    return np.asarray(rng.multinomial(n_accounts, even, size=repetitions), dtype=np.int64)


def interval(values: Floats, confidence: float = 0.95) -> tuple[float, float] | None:
    """Percentile interval of a bootstrap; None of fewer than two values."""
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return None
    tail = (1 - confidence) / 2
    return float(np.quantile(known, tail)), float(np.quantile(known, 1 - tail))

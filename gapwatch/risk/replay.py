"""How well a score would have named the clients that were lost: every week ranked as known then.

The ``k`` highest of each week are what the owners have time for; ties stand for their mean. Intervals
are 95 %, by a bootstrap over accounts, whose weeks go together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gapwatch.risk import metrics
from gapwatch.risk.metrics import Floats, Ints
from gapwatch.risk.panel import NEVER, Panel

REPETITIONS = 400
EARLY_DAYS = 45
MONTH_DAYS = 30.44
TOP_SHARE = 0.1

NO_LOSSES = "no_losses"
NO_CUT = "no_cut"


@dataclass(frozen=True)
class Forecast:
    """What a model said of each row of a panel; ``probability`` None where it states none."""

    model: str
    score: Floats
    probability: Floats | None = None


@dataclass(frozen=True)
class Metric:
    """One row of ``fct_backtest``."""

    model: str
    metric: str
    value: float | None
    n: int
    cut: str = "overall"
    low: float | None = None
    high: float | None = None
    null_reason: str | None = None


@dataclass(frozen=True)
class Ground:
    """What forecasts are compared on: rows of a panel, the horizon, and ``k`` a week."""

    panel: Panel
    rows: Ints
    horizon_days: int
    k: float

    @property
    def week(self) -> Ints:
        """(m,) weeks of the rows."""
        return self.panel.week[self.rows]

    @property
    def account(self) -> Ints:
        """(m,) accounts of the rows."""
        return self.panel.account[self.rows]

    @property
    def event(self) -> Floats:
        """(m,) 1 where a loss followed within the horizon."""
        return self.panel.event(self.horizon_days)[self.rows]

    @property
    def lost(self) -> Ints:
        """Accounts that were lost within the horizon of one of the rows."""
        return np.unique(self.account[self.event > 0])

    def draws(self, repetitions: int = REPETITIONS) -> Ints:
        """(repetitions, accounts) copies of each account; only accounts of the rows are drawn."""
        there = np.unique(self.account)
        drawn = np.zeros((repetitions, len(self.panel.accounts)), dtype=np.int64)
        if len(there):
            drawn[:, there] = metrics.resamples(len(there), repetitions)
        return drawn


def of_weeks(panel: Panel, first: int, last: int, horizon_days: int, k: float) -> Ground:
    """The ground of weeks ``first`` to ``last``, both included."""
    return Ground(panel, np.flatnonzero((panel.week >= first) & (panel.week <= last)), horizon_days, k)


def precision_draws(ground: Ground, score: Floats, draws: Ints) -> Floats:
    """(repetitions,) expected precision among the ``k`` highest of each week, where accounts are redrawn."""
    event, account, ranked = ground.event, ground.account, _ranked(score)
    hits, taken = np.zeros(len(draws)), np.zeros(len(draws))
    for rows in _by_week(ground.week):
        order = rows[np.argsort(ranked[rows], kind="stable")[::-1]]
        begins = np.flatnonzero(np.r_[True, np.diff(ranked[order]) != 0])
        copies = draws[:, account[order]].astype(np.float64)
        size = np.add.reduceat(copies, begins, axis=1)
        events = np.add.reduceat(copies * event[order], begins, axis=1)
        room = np.clip(ground.k - (np.cumsum(size, axis=1) - size), 0, None)
        share = np.minimum(room / np.where(size > 0, size, 1), 1)
        hits += (share * events).sum(axis=1)
        taken += (share * size).sum(axis=1)
    return np.asarray(np.where(taken > 0, hits / np.where(taken > 0, taken, 1), np.nan), dtype=np.float64)


def taken_by_week(ground: Ground, score: Floats, k: float | None = None, share: float = 0.0) -> Floats:
    """(m,) chance of each row to be among the ``k`` (or the ``share``) highest of its week."""
    taken, ranked = np.zeros(len(score)), _ranked(score)
    for rows in _by_week(ground.week):
        most = max(1.0, share * len(rows)) if k is None else k
        taken[rows] = metrics.taken_share(ranked[rows], most)
    return taken


def measured(ground: Ground, forecast: Forecast, draws: Ints) -> list[Metric]:
    """All metrics of one forecast, overall and by tier; those that cannot be known say why."""
    score, event = forecast.score[ground.rows], ground.event
    n, losses = len(event), len(ground.lost)
    taken = taken_by_week(ground, score, ground.k)
    base = float(event.mean()) if n else 0.0
    rows = [
        _metric(forecast, "n_losses", float(losses), n),
        _metric(forecast, "base_rate", base, n),
        _metric(forecast, "k", ground.k, n),
    ]
    if not losses:
        names = ("auc", "precision_at_k", "lift_at_k", "caught_45_days", "median_lead_days")
        return rows + [_metric(forecast, name, None, n, NO_LOSSES) for name in names]
    precision = float(taken @ event / taken.sum())
    bounds = metrics.interval(precision_draws(ground, score, draws)) or (precision, precision)
    low, high = min(bounds[0], precision), max(bounds[1], precision)
    rows += [
        _metric(forecast, "auc", metrics.auc(_ranked(score), event), n, NO_LOSSES),
        Metric(forecast.model, "precision_at_k", precision, n, low=low, high=high),
        _metric(forecast, "lift_at_k", precision / base, n),
        _metric(forecast, "caught_45_days", _caught(ground, score), losses, NO_LOSSES),
        _metric(forecast, "median_lead_days", _lead(ground, score), losses, "never_flagged"),
        _metric(forecast, "false_per_owner_month", _false_alarms(ground, score), n),
    ]
    rows += _brier(ground, forecast, draws)
    return rows + _by_tier(ground, forecast, score, taken)


def precision_gain(ground: Ground, forecast: Forecast, other: Forecast, draws: Ints) -> Metric:
    """precision_at_k of one forecast less that of the other, on the same redrawn accounts."""
    scores = [each.score[ground.rows] for each in (forecast, other)]
    event = ground.event
    both = [taken_by_week(ground, score, ground.k) for score in scores]
    gain = float(both[0] @ event / both[0].sum() - both[1] @ event / both[1].sum())
    differences = precision_draws(ground, scores[0], draws) - precision_draws(ground, scores[1], draws)
    low, high = metrics.interval(differences) or (gain, gain)
    return Metric(
        forecast.model, "precision_gain", gain, len(event), low=min(low, gain), high=max(high, gain)
    )


def _metric(
    forecast: Forecast,
    name: str,
    value: float | None,
    n: int,
    reason: str | None = None,
    cut: str = "overall",
) -> Metric:
    return Metric(forecast.model, name, value, n, cut, null_reason=reason if value is None else None)


def _brier(ground: Ground, forecast: Forecast, draws: Ints) -> list[Metric]:
    names = ("brier", "reliability", "resolution", "uncertainty", "within_bins", "skill")
    n = len(ground.rows)
    if forecast.probability is None:
        return [_metric(forecast, name, None, n, NO_CUT) for name in names]
    probability, event = forecast.probability[ground.rows], ground.event
    parts = metrics.brier(probability, event, metrics.bins(probability))
    values = (
        *(parts.brier, parts.reliability, parts.resolution),
        *(parts.uncertainty, parts.within, parts.skill),
    )
    rows = [_metric(forecast, name, value, n, NO_LOSSES) for name, value in zip(names, values, strict=True)]
    # A mean of squares and a share of events are sums over accounts: redrawing them is a product.
    sums = [
        np.bincount(ground.account, of, len(ground.panel.accounts))
        for of in ((probability - event) ** 2, event, np.ones(n))
    ]
    errors, events, sizes = (draws @ each for each in sums)
    shares = events / sizes
    spread = shares * (1 - shares)
    skills = np.where(spread > 0, 1 - errors / sizes / np.where(spread > 0, spread, 1), np.nan)
    bounds = metrics.interval(skills)
    if bounds is not None and parts.skill is not None:
        low, high = min(bounds[0], parts.skill), max(bounds[1], parts.skill)
        rows[-1] = Metric(forecast.model, "skill", parts.skill, n, low=low, high=high)
    return rows


def _by_tier(ground: Ground, forecast: Forecast, score: Floats, taken: Floats) -> list[Metric]:
    tiers, event, rows = ground.panel.tier[ground.rows], ground.event, []
    for tier in np.unique(tiers[tiers != ""]):
        inside = tiers == tier
        n, named = int(inside.sum()), float(taken[inside].sum())
        precision = float(taken[inside] @ event[inside] / named) if named > 0 else None
        cut = str(tier)
        rows += [
            _metric(forecast, "base_rate", float(event[inside].mean()), n, cut=cut),
            _metric(forecast, "auc", metrics.auc(_ranked(score)[inside], event[inside]), n, NO_LOSSES, cut),
            _metric(forecast, "precision_at_k", precision, n, "never_flagged", cut),
        ]
    return rows


def _flagged(ground: Ground, score: Floats) -> NDArray[np.bool_]:
    """(m,) among the ``k`` first of its week; here ties go by account, since somebody has to be called."""
    flagged, ranked = np.zeros(len(score), dtype=np.bool_), _ranked(score)
    for rows in _by_week(ground.week):
        order = np.lexsort((ground.account[rows], -ranked[rows]))
        flagged[rows[order[: round(ground.k)]]] = True
    return flagged


def _caught(ground: Ground, score: Floats) -> float | None:
    """Share of the lost that were in the top decile in the last week that ended 45 days before the loss."""
    top = taken_by_week(ground, score, share=TOP_SHARE)
    end = ground.panel.end_day[ground.rows]
    caught = []
    for account in ground.lost:
        early = np.flatnonzero(
            (ground.account == account) & (end <= ground.panel.lost_day[account] - EARLY_DAYS)
        )
        if len(early):
            caught.append(top[early[np.argmax(end[early])]])
    return float(np.mean(caught)) if caught else None


def _lead(ground: Ground, score: Floats) -> float | None:
    """Median days from the first week of the unbroken run of flags up to the loss; of those flagged then."""
    flagged, leads = _flagged(ground, score), []
    for account in ground.lost:
        own = ground.account == account
        since = metrics.flagged_since(np.sort(ground.week[own & flagged]), int(ground.week[own].max()))
        if since is not None:
            leads.append(ground.panel.lost_day[account] - (since + 1) * 7)
    return float(np.median(leads)) if leads else None


def _false_alarms(ground: Ground, score: Floats) -> float:
    """Runs of flags that began without a loss in the horizon, per owner and month."""
    flagged, event = _flagged(ground, score), ground.event
    order = np.lexsort((ground.week, ground.account))
    account, week = ground.account[order], ground.week[order]
    follows = np.r_[False, (np.diff(account) == 0) & (np.diff(week) == 1) & flagged[order][:-1]]
    begins = flagged[order] & ~follows
    months = (ground.week.max() - ground.week.min() + 1) * 7 / MONTH_DAYS
    return float((begins & (event[order] == 0)).sum() / ground.panel.owners_a_week() / months)


def _ranked(score: Floats) -> Floats:
    """Scores as they are compared: what is not known comes last."""
    rounded = np.round(score, metrics.DECIMALS)
    known = rounded[~np.isnan(rounded)]
    last = known.min() - 1 if len(known) else 0.0
    return np.asarray(np.where(np.isnan(rounded), last, rounded), dtype=np.float64)


def _by_week(week: Ints) -> list[Ints]:
    order = np.argsort(week, kind="stable")
    return [np.sort(part) for part in np.split(order, np.flatnonzero(np.diff(week[order])) + 1) if len(part)]


def n_lost(panel: Panel) -> int:
    """Accounts whose loss is known."""
    return int((panel.lost_day < NEVER).sum())

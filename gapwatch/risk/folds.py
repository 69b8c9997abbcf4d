"""Week by week as known then: each quarter is foretold by a model fitted on what was known before it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gapwatch.risk import replay, train
from gapwatch.risk.panel import Panel
from gapwatch.risk.replay import Forecast, Ground, Metric
from gapwatch.risk.train import Split, Terms

FOLD_WEEKS = 13
#: Fewer lost clients teach a model with dozens of features nothing that holds.
LEAST_LOSSES_TO_LEARN = 10


@dataclass(frozen=True)
class Replayed:
    """Forecasts of every row of ``ground``, each made by what was known before its quarter."""

    ground: Ground
    forecasts: list[Forecast]
    is_walked: bool

    def metrics(self) -> list[Metric]:
        """Rows of the backtest, each forecast's own and the fitted model's gain on the scorecard."""
        draws = self.ground.draws()
        rows = [row for forecast in self.forecasts for row in replay.measured(self.ground, forecast, draws)]
        by_name = {forecast.model: forecast for forecast in self.forecasts}
        if "fitted" in by_name and len(self.ground.lost):
            rows.append(replay.precision_gain(self.ground, by_name["fitted"], by_name["scorecard"], draws))
        return rows


def replayed(panel: Panel, terms: Terms, signs: dict[str, int]) -> Replayed:
    """All quarters that may be judged, newest last; where none may be, the rules alone over all weeks."""
    splits = [split for split in _splits(panel, terms) if _may_learn(panel, split, terms)]
    if not splits:
        newest = panel.newest_labelled(terms.horizon_days)
        first = int(panel.week.min()) if len(panel.week) else newest + 1
        ground = replay.of_weeks(panel, first, newest, terms.horizon_days, terms.k)
        return Replayed(ground, train.forecasts(panel, None, None, terms), False)
    pooled: dict[str, Forecast] = {}
    for split in splits:
        rows = (panel.week > split.cut_week) & (panel.week <= split.last_test_week)
        model = train.fitted_on(panel, split, terms, signs)
        for forecast in train.forecasts(panel, model, split, terms):
            before = pooled.get(forecast.model)
            pooled[forecast.model] = forecast if before is None else _joined(before, forecast, rows)
    ground = replay.of_weeks(
        panel, splits[0].cut_week + 1, splits[-1].last_test_week, terms.horizon_days, terms.k
    )
    order = ("fitted", "scorecard", "nps_only", "tickets_only")
    return Replayed(ground, [pooled[name] for name in order if name in pooled], True)


def _splits(panel: Panel, terms: Terms) -> list[Split]:
    """Quarters counted back from the newest week that may be judged, oldest first."""
    of_quarter, found = replace(terms, test_weeks=FOLD_WEEKS), []
    last = panel.newest_labelled(terms.horizon_days)
    while (split := train.split_of(panel, of_quarter, last)) is not None:
        found.append(split)
        last = split.cut_week
    return found[::-1]


def _may_learn(panel: Panel, split: Split, terms: Terms) -> bool:
    rows = train.rows_to_fit(panel, split)
    event = panel.event(terms.horizon_days)[rows]
    return len(np.unique(panel.account[rows][event > 0])) >= LEAST_LOSSES_TO_LEARN


def _joined(before: Forecast, after: Forecast, rows: np.ndarray) -> Forecast:
    """``after`` on these rows, ``before`` elsewhere."""
    probability = (
        None
        if before.probability is None or after.probability is None
        else np.where(rows, after.probability, before.probability)
    )
    # Log-odds of two fits are compared within a week only, and a week is of one quarter.
    return Forecast(after.model, np.where(rows, after.score, before.score), probability)

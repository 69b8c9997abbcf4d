"""``gapwatch train``: fit a churn model, test it on later weeks, and publish it only if it earns that.

A published model is a fact of the ledger: builds score with its coefficients and never fit again.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gapwatch import seeds
from gapwatch.risk import hazard, replay
from gapwatch.risk import panel as panels
from gapwatch.risk.hazard import Hazard
from gapwatch.risk.metrics import Floats, Ints
from gapwatch.risk.panel import Lines, Panel
from gapwatch.risk.replay import Forecast, Ground, Metric

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace

PUBLISHED = "published"
NO_LOSSES = replay.NO_LOSSES
NO_CUT = replay.NO_CUT
NO_FEATURES = "no_features"
TOO_FEW_LOSSES = "too_few_losses"
NO_SKILL = "no_skill"
NO_PRECISION_GAIN = "no_precision_gain"

#: What each reason says to a person; published or not is decided by code alone.
SENTENCES = {
    PUBLISHED: "it is better than the base rate and than the scorecard",
    NO_LOSSES: "no client is known to have given notice or left",
    NO_FEATURES: "no feature is known for enough account-weeks",
    NO_CUT: "history is too short for weeks to fit on, the horizon, and weeks to test on",
    TOO_FEW_LOSSES: "too few lost clients fall into the weeks it is tested on",
    NO_SKILL: "it foretells no better than always stating the base rate",
    NO_PRECISION_GAIN: "among the clients there is time for it names no more of the lost than the scorecard",
}


@dataclass(frozen=True)
class Terms:
    """On what a model is fitted and judged; the numbers are rows of ``settings.csv``."""

    horizon_days: int
    test_weeks: int
    min_test_losses: int
    k: float


@dataclass(frozen=True)
class Split:
    """Weeks to fit on and to test on; ``cut_week`` is the last before the test, all inclusive."""

    first_week: int
    last_train_week: int
    cut_week: int
    last_test_week: int


@dataclass
class Training:
    """What was fitted and what came of it. ``reason`` is a key of ``SENTENCES``."""

    snapshot_id: str
    terms: Terms
    reason: str
    model_id: str = ""
    trained_through_week: int = 0
    split: Split | None = None
    model: Hazard | None = None
    n_train: int = 0
    n_events: int = 0
    n_test_losses: int = 0
    metrics: list[Metric] = field(default_factory=list)
    lines: Lines = field(default_factory=dict)
    is_new: bool = False
    exit_code: int = 0

    @property
    def is_published(self) -> bool:
        """Whether builds score with it."""
        return self.reason == PUBLISHED

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        kept = self.model.strongest() if self.model else []
        dropped = [c for c in self.model.coefficients if c.drop_reason] if self.model else []
        told = ("skill", "auc", "precision_at_k", "precision_gain")
        return {
            "model": self.model_id or "rules only",
            "is_published": self.is_published,
            "why": SENTENCES[self.reason],
            "reason": self.reason,
            "snapshot_id": self.snapshot_id,
            "horizon_days": self.terms.horizon_days,
            "weeks": asdict(self.split) if self.split else None,
            "account_weeks_fitted": self.n_train,
            "of_these_before_a_loss": self.n_events,
            "lost_clients_in_test": self.n_test_losses,
            "named_a_week": self.terms.k,
            "test": [
                {
                    "model": m.model,
                    "metric": m.metric,
                    "value": _short(m.value),
                    "low": _short(m.low),
                    "high": _short(m.high),
                }
                for m in self.metrics
                if m.cut == "overall" and m.metric in told
            ],
            "features": [{"feature": c.feature, "coefficient": _short(c.coefficient)} for c in kept],
            "dropped": [{"feature": c.feature, "why": c.drop_reason} for c in dropped],
        }


def terms_of(ws: Workspace, panel: Panel) -> Terms:
    """The terms of a workspace; ``k`` is the budget of all owners in a week, at most the top share."""
    values = seeds.settings(ws)
    closely = values["top_share"] * panel.accounts_a_week()
    return Terms(
        horizon_days=int(values["churn_horizon_days"]),
        test_weeks=int(values["churn_test_weeks"]),
        min_test_losses=int(values["churn_min_test_losses"]),
        k=max(1.0, round(min(ws.alerts.budget * panel.owners_a_week(), closely))),
    )


def train(ws: Workspace, snapshot_id: str | None = None) -> Training:
    """Fit on a published snapshot, decide, and write model and coefficients to the ledger.

    The same snapshot trained on twice is the same model: it is written once. Without a known loss
    nothing is written and the rules stay alone. Raises UserError without a snapshot that has features.
    """
    from gapwatch.risk import registry

    panel = panels.read(ws, snapshot_id)
    training = decide(panel, terms_of(ws, panel), panels.signs(panel.features))
    if training.model is not None:
        training.is_new = registry.record_model(ws, training)
    return training


def decide(panel: Panel, terms: Terms, signs: dict[str, int]) -> Training:
    """Fit, test and judge; touches no file."""
    training = Training(panel.snapshot_id, terms, NO_LOSSES, lines=panel.lines)
    if replay.n_lost(panel) == 0:
        return training
    if not panel.features or np.isnan(panel.values).all():
        training.reason = NO_FEATURES
        return training
    training.split = split = split_of(panel, terms)
    ground = _ground(panel, split, terms) if split else None
    fitted = fitted_on(panel, split, terms, signs) if split else None
    if split is None or ground is None or fitted is None:
        training.reason = NO_CUT
        return training
    inside = rows_to_fit(panel, split)
    training.model = fitted
    training.n_train, training.n_events = len(inside), int(panel.event(terms.horizon_days)[inside].sum())
    training.n_test_losses = len(ground.lost)
    training.trained_through_week = panel.as_of_day // 7 - 1
    training.model_id = _model_id(panel, fitted, split, terms)
    forecast, rules = forecasts(panel, fitted, split, terms)[:2]
    draws = ground.draws()
    training.metrics = [*replay.measured(ground, forecast, draws), *replay.measured(ground, rules, draws)]
    if len(ground.lost):
        training.metrics.append(replay.precision_gain(ground, forecast, rules, draws))
    training.reason = verdict(training.metrics, training.n_test_losses, terms)
    return training


def verdict(found: list[Metric], n_test_losses: int, terms: Terms) -> str:
    """The rule of publication: enough losses, then skill, then a gain that the bootstrap does not doubt."""
    own = {m.metric: m for m in found if m.model == "fitted" and m.cut == "overall"}
    if n_test_losses < terms.min_test_losses:
        return TOO_FEW_LOSSES
    skill, gain = own["skill"].value, own["precision_gain"].low
    if skill is None or skill <= 0:
        return NO_SKILL
    return PUBLISHED if gain is not None and gain > 0 else NO_PRECISION_GAIN


def split_of(panel: Panel, terms: Terms, last_test_week: int | None = None) -> Split | None:
    """The newest weeks whose horizon has passed are the test; weeks to fit on end a horizon before it."""
    if len(panel.week) == 0:
        return None
    newest = panel.newest_labelled(terms.horizon_days) if last_test_week is None else last_test_week
    cut = newest - terms.test_weeks
    first, last = int(panel.week.min()), ((cut + 1) * 7 - terms.horizon_days) // 7 - 1
    return Split(first, last, cut, newest) if last >= first else None


def rows_to_fit(panel: Panel, split: Split) -> Ints:
    """Rows of the weeks to fit on."""
    return np.flatnonzero((panel.week >= split.first_week) & (panel.week <= split.last_train_week))


def fitted_on(panel: Panel, split: Split, terms: Terms, signs: dict[str, int]) -> Hazard | None:
    """The model of a split; None where nobody was lost in time to be learnt from."""
    rows = rows_to_fit(panel, split)
    event = panel.event(terms.horizon_days)[rows]
    if not 0 < event.sum() < len(event):
        return None
    return hazard.fit(panel.features, panel.values[rows], event, signs)


def forecasts(panel: Panel, model: Hazard | None, split: Split | None, terms: Terms) -> list[Forecast]:
    """Fitted model (where there is one), scorecard and the two baselines.

    A lone score states the probability that its account-weeks had among those to fit on.
    """
    scores = {"scorecard": panel.scorecard, "nps_only": panel.nps, "tickets_only": panel.tickets}
    found = (
        []
        if model is None
        else [Forecast("fitted", model.log_odds(panel.values), model.probability(panel.values))]
    )
    for name, score in scores.items():
        lone = fitted_alone(panel, score, split, terms) if split else None
        found.append(Forecast(name, score, lone))
    return found


def fitted_alone(panel: Panel, score: Floats, split: Split, terms: Terms) -> Floats | None:
    """(n,) probability by a score alone, fitted on the same rows; None where it cannot be."""
    rows = rows_to_fit(panel, split)
    event, column = panel.event(terms.horizon_days)[rows], score[:, None]
    if not 0 < event.sum() < len(event) or np.isnan(score[rows]).all():
        return None
    return hazard.fit(("score",), column[rows], event, {}).probability(column)


def _ground(panel: Panel, split: Split, terms: Terms) -> Ground | None:
    ground = replay.of_weeks(panel, split.cut_week + 1, split.last_test_week, terms.horizon_days, terms.k)
    return ground if len(ground.rows) else None


def _model_id(panel: Panel, model: Hazard, split: Split, terms: Terms) -> str:
    """From what it is made of: the same data give the same model under the same name."""
    text = repr((panel.as_of, split, terms, round(model.intercept, 9)))
    text += repr([(c.feature, round(c.coefficient, 9), c.drop_reason) for c in model.coefficients])
    return f"hazard-{panel.as_of:%Y%m%d}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

"""A discrete-time hazard: logistic regression on account-weeks, kept as rows so that scoring is SQL.

``log-odds = intercept + sum(coefficient * (coalesce(value, fill_value) - mean) / scale)`` over the
features that were not dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from gapwatch.risk.metrics import Floats

#: A loss is an event in each of the thirteen weeks before it: as many rows hold one client's evidence.
INVERSE_PENALTY = 1 / 13
#: A feature known in less than this share of the rows would be a fill value more than a feature.
LEAST_KNOWN_SHARE = 0.05

HARDLY_KNOWN = "hardly_known"
NO_VARIANCE = "no_variance"
ABSURD_SIGN = "absurd_sign"


@dataclass(frozen=True)
class Coefficient:
    """One feature of a model; ``drop_reason`` is None where it takes part, else ``coefficient`` is 0."""

    feature: str
    mean: float
    scale: float
    fill_value: float
    coefficient: float
    drop_reason: str | None = None


@dataclass(frozen=True)
class Hazard:
    """A fitted model; ``coefficients`` in the order of the columns it was fitted on."""

    intercept: float
    coefficients: tuple[Coefficient, ...]

    def log_odds(self, values: Floats) -> Floats:
        """(n, features) with NaN where unknown -> (n,) log-odds."""
        total = np.full(len(values), self.intercept)
        for column, c in enumerate(self.coefficients):
            if c.drop_reason is None:
                known = np.where(np.isnan(values[:, column]), c.fill_value, values[:, column])
                total += c.coefficient * (known - c.mean) / c.scale
        return total

    def probability(self, values: Floats) -> Floats:
        """(n, features) -> (n,) probability of the event within the horizon."""
        return np.asarray(expit(self.log_odds(values)), dtype=np.float64)

    def strongest(self) -> list[Coefficient]:
        """Features that take part, by how much one standard deviation moves the log-odds, most first."""
        taking_part = [c for c in self.coefficients if c.drop_reason is None]
        return sorted(taking_part, key=lambda c: (-abs(c.coefficient), c.feature))


def fit(
    features: Sequence[str],
    values: Floats,
    event: Floats,
    signs: Mapping[str, int],
    *,
    inverse_penalty: float = INVERSE_PENALTY,
) -> Hazard:
    """Fit by scikit-learn on standardised features, an L2 penalty on all but the intercept.

    ``signs`` says which way a feature may work: 1 more of it more risk, -1 less, absent or 0 either. A
    feature that is worth nothing, or worked the other way, in the best fit with right signs is dropped.
    Unknown values become the mean of the known ones. Raises ValueError where the rows hold no event or
    nothing else.
    """
    if not 0 < event.sum() < len(event):
        raise ValueError("a hazard needs rows with and without an event")
    known = ~np.isnan(values)
    means = np.where(known.any(axis=0), np.nanmean(np.where(known, values, np.nan), axis=0, where=known), 0.0)
    filled = np.where(known, values, means)
    scales = filled.std(axis=0)
    reasons: list[str | None] = []
    for column in range(len(features)):
        if known[:, column].mean() < LEAST_KNOWN_SHARE:
            reasons.append(HARDLY_KNOWN)
        elif scales[column] < 1e-9 * max(1.0, abs(means[column])):
            reasons.append(NO_VARIANCE)
        else:
            reasons.append(None)
    scales = np.where([reason is None for reason in reasons], scales, 1.0)
    intercept, weights = _fit_dropping(
        (filled - means) / scales,
        event,
        np.array([signs.get(feature, 0) for feature in features]),
        reasons,
        inverse_penalty,
    )
    return Hazard(
        float(intercept),
        tuple(
            Coefficient(feature, float(mean), float(scale), float(mean), float(weight), reason)
            for feature, mean, scale, weight, reason in zip(
                features, means, scales, weights, reasons, strict=True
            )
        ),
    )


def _fit_dropping(
    design: Floats, event: Floats, signs: Floats, reasons: list[str | None], inverse_penalty: float
) -> tuple[float, Floats]:
    """Intercept and weights; marks in ``reasons`` what is dropped on the way. Dropped columns weigh 0."""
    from sklearn.linear_model import LogisticRegression

    def kept() -> NDArray[np.bool_]:
        return np.array([reason is None for reason in reasons])

    # The best fit whose signs are right leaves some features at nothing: those are dropped.
    bounded = _bounded(design[:, kept()], event, signs[kept()], inverse_penalty)
    for column, weight in zip(np.flatnonzero(kept()), bounded, strict=True):
        if signs[column] and weight * signs[column] <= 0:
            reasons[column] = ABSURD_SIGN
    regression = LogisticRegression(C=inverse_penalty, max_iter=1000, tol=1e-6)
    while kept().any():
        weights = np.zeros(design.shape[1])
        weights[kept()] = regression.fit(design[:, kept()], event).coef_[0]
        against = np.where(weights * signs < 0, np.abs(weights), 0.0)
        if not against.any():
            return float(regression.intercept_[0]), weights
        reasons[int(np.argmax(against))] = ABSURD_SIGN
    share = event.mean()
    return float(np.log(share / (1 - share))), np.zeros(design.shape[1])


def _bounded(design: Floats, event: Floats, signs: Floats, inverse_penalty: float) -> Floats:
    """Weights of the same penalised regression where none may have the wrong sign."""
    if not (signs != 0).any():
        return np.full(design.shape[1], np.nan)

    def loss(at: Floats) -> tuple[float, Floats]:
        log_odds, weights = design @ at[1:] + at[0], at[1:]
        missed = expit(log_odds) - event
        slope = np.r_[missed.sum(), design.T @ missed] * inverse_penalty + np.r_[0.0, weights]
        total = np.logaddexp(0, log_odds).sum() - log_odds @ event
        return float(inverse_penalty * total + weights @ weights / 2), slope

    ends = [(None, None), *((0 if sign > 0 else None, 0 if sign < 0 else None) for sign in signs)]
    start = np.zeros(design.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=ends, options={"maxiter": 1000})
    return np.asarray(found.x[1:], dtype=np.float64)

"""The churn model on one flat table, one row per client and no weeks: ``gapwatch train --table``.

Exact duplicates are dropped: a row that equals another in every column is a copy, not a second client.
Rows with equal features and different outcomes stay on the same side of the split, which goes by a hash
of the features: no client is both fitted on and tested on, and more rows move no old one.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gapwatch.did_you_mean import suggestion
from gapwatch.errors import UserError
from gapwatch.risk import hazard, metrics
from gapwatch.risk.hazard import Coefficient, Hazard
from gapwatch.risk.metrics import Bin, Floats

TEST_SHARE = 0.3
#: A row is one client, not one of thirteen weeks.
INVERSE_PENALTY = 1.0


@dataclass(frozen=True)
class Strength:
    """A feature that takes part: its weight per standard deviation, and what is lost without it."""

    feature: str
    coefficient: float
    strength: float


@dataclass(frozen=True)
class TableReport:
    """How the model does on the rows it was not fitted on. ``plain_auc`` is scikit-learn's own logistic
    regression with its defaults, on the same rows; ``features`` come strongest first.

    ``strength`` is how much worse (deviance, on the rows fitted on) the model fits without the feature:
    coefficients of features that tell the same may each be large.
    """

    table: str
    rows: int
    duplicates_dropped: int
    fitted_on: int
    tested_on: int
    events_in_test: int
    auc: float | None
    plain_auc: float | None
    brier: float
    plain_brier: float
    skill: float | None
    features: list[Strength]
    dropped: list[Coefficient]
    calibration: list[Bin]
    plain_calibration: list[Bin]
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return asdict(self)


def train_on(path: Path, label: str, signs: Path | None = None) -> TableReport:
    """Fit and test on a CSV or Parquet file whose column ``label`` is 1 for a client that was lost.

    ``signs`` is a CSV with the columns feature, sign (1: more of it is more risk, -1: less) and reason;
    a feature that comes out the other way is dropped. Raises UserError for a column that is missing, not
    a number, or without both outcomes.
    """
    frame, rows = _read(path, label)
    features = [name for name in frame.columns if name != label]
    values = frame.select(features).to_numpy().astype(np.float64)
    event = frame[label].to_numpy().astype(np.float64)
    is_test = _sides(values)
    if not 0 < event[~is_test].sum() < (~is_test).sum() or not 0 < event[is_test].sum() < is_test.sum():
        raise UserError(
            f"The rows of {path.name} do not hold both outcomes on both sides of the split",
            where=f"{path}, column {label}",
            rule="both_outcomes",
            next_step="give a larger table",
        )
    directions = _directions(signs, features) if signs is not None else {}
    inside = values[~is_test], event[~is_test]
    model = hazard.fit(features, *inside, directions, inverse_penalty=INVERSE_PENALTY)
    stated, plain = model.probability(values[is_test]), _plainly(values, event, is_test)
    told = event[is_test]
    parts = metrics.brier(stated, told)
    return TableReport(
        table=path.name,
        rows=rows,
        duplicates_dropped=rows - len(frame),
        fitted_on=int((~is_test).sum()),
        tested_on=int(is_test.sum()),
        events_in_test=int(told.sum()),
        auc=metrics.auc(stated, told),
        plain_auc=metrics.auc(plain, told),
        brier=parts.brier,
        plain_brier=metrics.brier(plain, told).brier,
        skill=parts.skill,
        features=_strengths(model, *inside),
        dropped=[c for c in model.coefficients if c.drop_reason is not None],
        calibration=metrics.calibration(stated, told),
        plain_calibration=metrics.calibration(plain, told),
    )


def _read(path: Path, label: str) -> tuple[pl.DataFrame, int]:
    """The table without its copies, blanks within names made one, and how many rows there were."""
    if not path.is_file():
        raise UserError(
            "There is no such table", where=str(path), rule="table", next_step=f"ls {path.parent}"
        )
    frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)
    frame = frame.rename({name: " ".join(name.split()) for name in frame.columns})
    if label not in frame.columns:
        raise UserError(
            f"There is no column {label!r}{suggestion(label, frame.columns)}",
            where=str(path),
            rule="label",
            next_step=f"gapwatch train --table {path} --label <column>",
        )
    texts = [name for name, kind in frame.schema.items() if not kind.is_numeric()]
    if texts:
        raise UserError(
            f"The column {texts[0]!r} is not a number",
            where=str(path),
            rule="numbers",
            next_step="leave it out of the table, or code it as numbers",
        )
    return frame.unique(maintain_order=True), len(frame)


def _sides(values: Floats) -> Any:
    """(n,) True where a row is tested on."""
    digests = [hashlib.sha256(row.tobytes()).digest() for row in np.ascontiguousarray(values + 0.0)]
    numbers = np.array([int.from_bytes(digest[:8], "big") for digest in digests], dtype=np.uint64)
    return numbers / float(1 << 64) < TEST_SHARE


def _directions(path: Path, features: list[str]) -> dict[str, int]:
    found = {}
    for number, row in enumerate(pl.read_csv(path).iter_rows(named=True), start=2):
        feature = " ".join(str(row.get("feature")).split())
        if feature not in features or row.get("sign") not in (-1, 1):
            raise UserError(
                f"{feature!r} with the sign {row.get('sign')!r} is not a direction of a feature"
                f"{suggestion(feature, features)}",
                where=f"{path}, line {number}",
                rule="signs",
                next_step="give a column of the table, and 1 or -1",
            )
        found[feature] = int(row["sign"])
    return found


def _strengths(model: Hazard, values: Floats, event: Floats) -> list[Strength]:
    """What each feature is worth beside the others, most first."""
    kept = [column for column, c in enumerate(model.coefficients) if c.drop_reason is None]
    whole, found = _deviance(model.probability(values), event), []
    for column in kept:
        others = [other for other in kept if other != column]
        names = [model.coefficients[other].feature for other in others]
        without = hazard.fit(names, values[:, others], event, {}, inverse_penalty=INVERSE_PENALTY)
        lost = _deviance(without.probability(values[:, others]), event) - whole
        own = model.coefficients[column]
        found.append(Strength(own.feature, own.coefficient, lost))
    return sorted(found, key=lambda each: (-each.strength, each.feature))


def _deviance(stated: Floats, event: Floats) -> float:
    bounded = np.clip(stated, 1e-12, 1 - 1e-12)
    return float(-2 * np.sum(np.where(event > 0, np.log(bounded), np.log(1 - bounded))))


def _plainly(values: Floats, event: Floats, is_test: Any) -> Floats:
    """Scikit-learn's logistic regression on standardised columns, all else as it comes."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    plain = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    plain.fit(values[~is_test], event[~is_test])
    return np.asarray(plain.predict_proba(values[is_test])[:, 1], dtype=np.float64)

"""The churn model on a public table of customers, beside scikit-learn's own logistic regression."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from public_examples import EXAMPLES
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.preprocessing import StandardScaler

from gapwatch.errors import UserError
from gapwatch.risk import table
from gapwatch.risk.table import TableReport, train_on

SIGNS = EXAMPLES / "churn_iranian" / "signs.csv"


@pytest.fixture(scope="module")
def customers(data: Path) -> Path:
    return data / "churn_iranian" / "Customer_Churn.csv"


@pytest.fixture(scope="module")
def report(customers: Path) -> TableReport:
    return train_on(customers, "Churn", SIGNS)


def test_copies_are_dropped_and_no_customer_is_on_both_sides_of_the_split(
    customers: Path, report: TableReport
) -> None:
    assert (report.rows, report.duplicates_dropped) == (3150, 300)
    assert report.fitted_on + report.tested_on == 2850

    frame = pl.read_csv(customers).drop("Churn")
    sides = table._sides(frame.to_numpy().astype(np.float64))
    by_features = (
        frame.with_columns(side=pl.Series(sides)).group_by(frame.columns).agg(pl.col("side").n_unique())
    )
    assert len(by_features) < 2850 + 1
    assert by_features["side"].max() == 1


def test_it_ranks_and_states_as_well_as_plain_logistic_regression_on_the_same_split(
    customers: Path, report: TableReport
) -> None:
    frame = pl.read_csv(customers).unique(maintain_order=True)
    values, event = frame.drop("Churn").to_numpy().astype(np.float64), frame["Churn"].to_numpy()
    is_test = table._sides(values)
    scaler = StandardScaler().fit(values[~is_test])
    plain = LogisticRegression().fit(scaler.transform(values[~is_test]), event[~is_test])
    stated = plain.predict_proba(scaler.transform(values[is_test]))[:, 1]

    assert report.plain_auc == pytest.approx(roc_auc_score(event[is_test], stated), abs=1e-6)
    assert report.plain_brier == pytest.approx(brier_score_loss(event[is_test], stated), abs=1e-6)
    assert report.auc == pytest.approx(report.plain_auc, abs=0.01)
    assert report.brier == pytest.approx(report.plain_brier, abs=0.005)
    assert report.skill is not None
    assert report.skill > 0.4
    outside = [
        line.number for line in report.calibration if not line.low <= line.mean_probability <= line.high
    ]
    assert len(outside) <= 2


def test_complaints_are_named_as_the_strongest_driver(report: TableReport) -> None:
    first, second = report.features[:2]

    assert first.feature == "Complains"
    assert first.coefficient > 0
    assert first.strength > 5 * second.strength


def test_a_feature_that_works_the_absurd_way_is_dropped_with_the_reason(report: TableReport) -> None:
    assert {(c.feature, c.drop_reason) for c in report.dropped} == {
        ("Seconds of Use", "absurd_sign"),
        ("Customer Value", "absurd_sign"),
    }
    assert all(c.coefficient == 0 for c in report.dropped)


def test_mistakes_are_told_with_what_was_meant(customers: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no column 'churn'"):
        train_on(customers, "churn")
    wrong = tmp_path / "signs.csv"
    wrong.write_text("feature,sign,reason\nComplaint,1,\n", encoding="utf-8")
    with pytest.raises(UserError, match="Complains") as told:
        train_on(customers, "Churn", wrong)
    assert told.value.where == f"{wrong}, line 2"

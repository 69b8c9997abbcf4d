"""What the ledger hands to a build: a published churn model scores from its own time on, and never again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pytest

from gapwatch import pipeline, seeds
from gapwatch.ledger import Ledger
from gapwatch.ledger_tables import backtests, churn_coefficients, churn_models, replays
from gapwatch.snapshots import open_snapshot
from gapwatch.weeks import week_of
from gapwatch.workspace import Workspace

pytestmark = pytest.mark.xdist_group("build")


def query(ws: Workspace, sql: str) -> list[Any]:
    with open_snapshot(ws.published_path) as connection:
        return connection.execute(sql).fetchall()


def scores(ws: Workspace) -> list[Any]:
    with duckdb.connect(str(ws.warehouse_path), read_only=True) as connection:
        return connection.execute(
            "select account_id, week_id, model, churn_probability from marts.fct_churn_risk_weekly "
            "order by 1, 2"
        ).fetchall()


def publish_model(ws: Workspace, model_id: str, through_week: int, *, is_published: bool = True) -> None:
    """One feature that matters, one that was dropped: as training would write them."""
    values = {
        "model_id": model_id,
        "trained_at": datetime.fromisoformat("2026-06-15"),
        "snapshot_id": "by-hand",
        "trained_through_week": through_week,
        "horizon_days": 90,
        "intercept": -2.0,
        "is_published": is_published,
        "reason": "published" if is_published else "no_skill",
        "n_train": 1000,
        "n_events": 50,
        "n_test_losses": 40,
    }
    row = {"model_id": model_id, "mean": 0.25, "scale": 0.5, "fill_value": 0.25, "is_dropped": False}
    row |= {"line": 50.0, "full_value": 100.0}
    rows = [
        {**row, "feature": "silence", "coefficient": 0.5, "drop_reason": None},
        {**row, "feature": "coverage", "coefficient": 0.0, "is_dropped": True, "drop_reason": "absurd_sign"},
    ]
    with Ledger.of(ws) as ledger, ledger.writing() as connection:
        connection.execute(churn_models.insert().values(values))
        connection.execute(churn_coefficients.insert(), rows)


def newest_closed_week(ws: Workspace) -> int:
    ((as_of,),) = query(ws, "select as_of from meta.snapshot")
    return week_of(as_of) - 1


def test_a_published_model_scores_the_weeks_after_it_and_no_other(company: Workspace) -> None:
    closed = newest_closed_week(company)
    publish_model(company, "hazard-a", closed - 1)
    publish_model(company, "hazard-refused", closed, is_published=False)

    report = pipeline.build(company)
    pipeline.publish(company)

    assert (report.mode, report.reason) == ("incremental", "a churn model was published")
    scored = query(
        company,
        "select week_id, model, count(*), count(churn_probability) from marts.fct_churn_risk_weekly "
        # Who has given notice is not foretold any more.
        f"where week_id > {closed - 2} and probability_null_reason is distinct from 'notice_given' "
        "group by all order by 1",
    )
    assert [(week, model) for week, model, _, _ in scored] == [
        (closed - 1, "scorecard"),
        (closed, "hazard-a"),
        (closed + 1, "hazard-a"),
    ]
    assert [known == (0 if model == "scorecard" else n) for _, model, n, known in scored] == [True] * 3
    wrong = query(
        company,
        "select count(*) from marts.fct_churn_risk_weekly as w inner join marts.fct_churn_features as f "
        "on w.account_id = f.account_id and w.week_id = f.week_id and f.feature = 'silence' "
        "where w.model = 'hazard-a' and abs(w.churn_probability "
        "- 1 / (1 + exp(2.0 - 0.5 * (coalesce(f.share, 0.25) - 0.25) / 0.5))) > 1e-9",
    )
    assert wrong == [(0,)]
    assert pipeline.build(company).mode == "none"


def test_a_rebuild_from_scratch_reuses_the_models_as_they_were_published(company: Workspace) -> None:
    closed = newest_closed_week(company)
    publish_model(company, "hazard-a", closed - 1)
    pipeline.build(company)
    publish_model(company, "hazard-b", closed)
    pipeline.build(company)
    before = scores(company)

    pipeline.build(company, full_refresh=True)

    after = scores(company)
    assert {(week - closed, model) for _, week, model, _ in after if week >= closed} == {
        (0, "hazard-a"),
        (1, "hazard-b"),
    }
    assert [row[:3] for row in after] == [row[:3] for row in before]
    assert [row[3] for row in after] == pytest.approx([row[3] for row in before], abs=1e-9)


def test_a_line_moved_later_changes_points_and_no_probability_that_was_shown(company: Workspace) -> None:
    publish_model(company, "hazard-a", newest_closed_week(company) - 1)
    pipeline.build(company)
    before, points = scores(company), silence_points(company)
    own = company.folder / "seeds" / "risk_drivers.csv"
    own.parent.mkdir(exist_ok=True)
    default = (seeds.DEFAULT_SEEDS / "risk_drivers.csv").read_text(encoding="utf-8")
    assert "days,50,100," in default
    own.write_text(default.replace("days,50,100,", "days,10,20,"), encoding="utf-8")

    report = pipeline.build(company)

    assert report.mode == "full"
    assert silence_points(company) > points
    assert [row[:3] for row in scores(company)] == [row[:3] for row in before]
    assert [row[3] for row in scores(company)] == pytest.approx([row[3] for row in before], abs=1e-9)


def silence_points(ws: Workspace) -> float:
    with duckdb.connect(str(ws.warehouse_path), read_only=True) as connection:
        found = connection.execute(
            "select sum(points) from marts.fct_churn_risk_drivers where driver = 'silence'"
        ).fetchone()
    return float(found[0] or 0) if found else 0.0


def test_a_recorded_replay_is_published_without_building_a_model(company: Workspace) -> None:
    as_of = datetime.fromisoformat("2026-06-14")
    row = {"model": "scorecard", "metric": "auc", "cut": "overall", "value": 0.7, "n": 9}
    with Ledger.of(company) as ledger, ledger.writing() as connection:
        for replay_id, value in ((1, 0.6), (2, 0.7)):
            connection.execute(
                replays.insert().values(
                    replay_id=replay_id, computed_at=as_of, snapshot_id="by-hand", computed_as_of=as_of
                )
            )
            connection.execute(
                backtests.insert().values(
                    **{**row, "value": value}, replay_id=replay_id, from_week=2900, to_week=2940
                )
            )

    report = pipeline.build(company)
    published = pipeline.publish(company)

    assert (report.mode, report.models) == ("records", 0)
    assert published.is_new
    assert query(company, "select model, metric, value, n, from_week from marts.fct_backtest") == [
        ("scorecard", "auc", 0.7, 9, 2900)
    ]
    assert pipeline.build(company).mode == "none"
    assert not pipeline.publish(company).is_new

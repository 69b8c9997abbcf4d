"""What the ledger hands to a build: a published churn model scores from its own time on, and never again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from gapwatch import pipeline
from gapwatch.ledger import Ledger
from gapwatch.ledger_tables import backtests, replays
from gapwatch.snapshots import open_snapshot
from gapwatch.workspace import Workspace

pytestmark = pytest.mark.xdist_group("build")


def query(ws: Workspace, sql: str) -> list[Any]:
    with open_snapshot(ws.published_path) as connection:
        return connection.execute(sql).fetchall()


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

"""History replayed: quarters foretold by what was known before, and a page that asks nothing of a network."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import ClassVar

import numpy as np
import pytest
from panels import FIRST_WEEK, SIGNS, TERMS, panel

from gapwatch.risk import folds, metrics, replay, report
from gapwatch.risk.backtest import Backtest
from gapwatch.risk.folds import Replayed
from gapwatch.risk.panel import NEVER, Panel


@pytest.fixture(scope="module")
def history() -> Panel:
    return panel()


@pytest.fixture(scope="module")
def replayed(history: Panel) -> Replayed:
    return folds.replayed(history, TERMS, SIGNS)


@pytest.fixture(scope="module")
def rows_of_history(replayed: Replayed) -> list[replay.Metric]:
    return replayed.metrics()


def value(rows: list[replay.Metric], model: str, metric: str) -> float:
    (found,) = [m.value for m in rows if (m.model, m.metric, m.cut) == (model, metric, "overall")]
    assert found is not None
    return found


def found_on(history: Panel, done: Replayed, verdict: str = "published") -> Backtest:
    return Backtest(
        snapshot_id="by-hand",
        as_of=history.as_of,
        terms=TERMS,
        from_week=FIRST_WEEK,
        to_week=FIRST_WEEK + 50,
        is_walked=done.is_walked,
        n_accounts=len(history.accounts),
        n_losses=replay.n_lost(history),
        verdict=verdict,
        metrics=done.metrics(),
        calibration={
            f.model: metrics.calibration(f.probability[done.ground.rows], done.ground.event)
            for f in done.forecasts
            if f.probability is not None
        },
    )


def test_who_knows_why_clients_leave_is_ahead_of_rules_ahead_of_counting_tickets(
    rows_of_history: list[replay.Metric],
) -> None:
    rows = rows_of_history

    for metric in ("auc", "precision_at_k", "lift_at_k"):
        ranked = [value(rows, model, metric) for model in ("fitted", "scorecard", "tickets_only")]
        assert ranked == sorted(ranked, reverse=True), metric
    assert value(rows, "tickets_only", "auc") == pytest.approx(0.5, abs=0.06)
    assert value(rows, "fitted", "skill") > value(rows, "tickets_only", "skill")


def test_brier_is_the_sum_of_its_published_parts(rows_of_history: list[replay.Metric]) -> None:
    rows = rows_of_history

    for model in ("fitted", "scorecard", "nps_only", "tickets_only"):
        part = {name: value(rows, model, name) for name in ("reliability", "resolution", "uncertainty")}
        whole = part["reliability"] - part["resolution"] + part["uncertainty"]
        assert value(rows, model, "brier") == pytest.approx(whole + value(rows, model, "within_bins"))


def test_a_quarter_is_foretold_without_what_came_after_it_began(history: Panel, replayed: Replayed) -> None:
    weeks = np.unique(replayed.ground.week)
    second_quarter = weeks[13]
    known = second_quarter * 7
    later = history.week >= second_quarter
    changed = replace(
        history,
        values=np.where(later[:, None], 0.0, history.values),
        lost_day=np.where(history.lost_day >= known, NEVER, history.lost_day),
    )

    again = folds.replayed(changed, TERMS, SIGNS)

    rows = np.flatnonzero((history.week >= weeks[0]) & (history.week < second_quarter))
    before, after = replayed.forecasts[0].probability, again.forecasts[0].probability
    assert before is not None
    assert after is not None
    assert after[rows] == pytest.approx(before[rows])


def test_without_a_loss_every_figure_is_null_with_its_reason(history: Panel) -> None:
    nobody = replace(history, lost_day=np.full(len(history.accounts), NEVER))

    rows = folds.replayed(nobody, TERMS, SIGNS).metrics()

    told = {m.metric: (m.value, m.null_reason) for m in rows if m.model == "scorecard"}
    assert told["auc"] == told["precision_at_k"] == (None, "no_losses")
    assert told["n_losses"] == (0.0, None)
    page = report.render(found_on(nobody, folds.replayed(nobody, TERMS, SIGNS), "no_losses"))
    assert "Rules only" in page


def test_an_empty_snapshot_is_replayed_too(history: Panel) -> None:
    nothing = replace(
        history,
        accounts=(),
        lost_day=history.lost_day[:0],
        account=history.account[:0],
        week=history.week[:0],
        owner=history.owner[:0],
        tier=history.tier[:0],
        features=(),
        values=np.zeros((0, 0)),
        scorecard=history.scorecard[:0],
        nps=history.nps[:0],
        tickets=history.tickets[:0],
    )

    rows = folds.replayed(nothing, TERMS, {}).metrics()

    assert {m.value for m in rows if m.metric == "n_losses"} == {0.0}


def test_flags_lead_and_false_alarms_are_counted_as_a_person_would() -> None:
    # Two clients over six weeks; the first is on top from the third week on and leaves right after the sixth.
    weeks = np.repeat(np.arange(6), 2) + FIRST_WEEK
    account = np.tile([0, 1], 6)
    top = np.array([0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0], dtype=float)
    two = replace(
        panel(accounts=2, weeks=6),
        accounts=("A", "B"),
        lost_day=np.array([(FIRST_WEEK + 6) * 7, NEVER]),
        account=account,
        week=weeks,
        owner=np.zeros(12, dtype=np.int64),
        tier=np.array(["A"] * 12),
        values=np.zeros((12, 4)),
        scorecard=top,
        nps=np.full(12, np.nan),
        tickets=top,
    )
    ground = replay.of_weeks(two, FIRST_WEEK, FIRST_WEEK + 5, 28, 1.0)

    rows = replay.measured(ground, replay.Forecast("scorecard", two.scorecard), ground.draws(5))

    assert value(rows, "scorecard", "n_losses") == 1
    assert value(rows, "scorecard", "base_rate") == pytest.approx(4 / 12)
    assert value(rows, "scorecard", "precision_at_k") == pytest.approx(4 / 6)
    # Flagged since the end of the third week; three weeks pass until the loss.
    assert value(rows, "scorecard", "median_lead_days") == 21
    # One run of flags began for nothing, in six weeks of one owner.
    assert value(rows, "scorecard", "false_per_owner_month") == pytest.approx(1 / (42 / 30.44))


def test_the_page_is_one_file_that_asks_nothing_of_any_network(history: Panel, replayed: Replayed) -> None:
    page = report.render(found_on(history, replayed))

    class Asking(HTMLParser):
        asked: ClassVar[list[str]] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.asked += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "srcset", "data"}]
            if tag in {"script", "link", "iframe", "img", "object"}:
                self.asked.append(tag)

    reader = Asking()
    reader.feed(page)
    assert reader.asked == []
    assert not re.search(r"url\(|@import|https?://", page)
    assert page.count("<svg") == 1 + 4, "precision, and a calibration of each model"
    assert not any(name in page for name in history.accounts)
    assert "nan" not in re.sub(r"<[^>]+>", "", page).lower().split()

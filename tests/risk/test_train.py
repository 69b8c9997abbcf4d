"""A model is fitted on the past, tested on what came later, and published only if it earns that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from panels import FIRST_WEEK, SIGNS, TERMS, panel

from gapwatch.risk import hazard, metrics, train
from gapwatch.risk.panel import NEVER, Panel
from gapwatch.risk.train import Training, decide


@pytest.fixture(scope="module")
def noisy_rules() -> Panel:
    return panel()


@pytest.fixture(scope="module")
def better(noisy_rules: Panel) -> Training:
    return decide(noisy_rules, TERMS, SIGNS)


def own(training: Training, name: str, model: str = "fitted") -> float:
    (found,) = [m.value for m in training.metrics if (m.model, m.metric, m.cut) == (model, name, "overall")]
    assert found is not None
    return found


def test_a_model_that_names_more_of_the_lost_than_the_rules_is_published(better: Training) -> None:
    assert better.reason == "published"
    assert better.n_test_losses >= 30
    assert own(better, "skill") > 0
    assert own(better, "precision_at_k") > own(better, "precision_at_k", "scorecard")
    assert own(better, "precision_gain") == pytest.approx(
        own(better, "precision_at_k") - own(better, "precision_at_k", "scorecard")
    )


def test_a_model_that_is_no_better_than_rules_that_see_everything_is_refused() -> None:
    refused = decide(panel(scorecard_noise=0.0), TERMS, SIGNS)

    assert own(refused, "skill") > 0
    assert refused.reason == "no_precision_gain"


def test_a_model_of_chance_alone_is_refused() -> None:
    everything = panel()
    chance = np.random.default_rng(5).normal(size=everything.values.shape)

    refused = decide(replace(everything, values=chance), TERMS, {})

    assert refused.reason in {"no_skill", "no_precision_gain"}


def test_fewer_than_thirty_lost_clients_in_the_test_decide_nothing(noisy_rules: Panel) -> None:
    lost = np.flatnonzero(noisy_rules.lost_day < NEVER)
    in_test = lost[noisy_rules.lost_day[lost] > (FIRST_WEEK + 51) * 7]
    kept_in_test = in_test[:25]
    gone = set(in_test) - set(kept_in_test)
    keep = np.array([account not in gone for account in noisy_rules.account])
    few = replace(
        noisy_rules,
        account=noisy_rules.account[keep],
        week=noisy_rules.week[keep],
        owner=noisy_rules.owner[keep],
        tier=noisy_rules.tier[keep],
        values=noisy_rules.values[keep],
        scorecard=noisy_rules.scorecard[keep],
        nps=noisy_rules.nps[keep],
        tickets=noisy_rules.tickets[keep],
    )

    refused = decide(few, TERMS, SIGNS)

    assert 0 < refused.n_test_losses <= 25
    assert refused.reason == "too_few_losses"
    assert decide(few, replace(TERMS, min_test_losses=1), SIGNS).reason != "too_few_losses"


def test_without_a_known_loss_there_are_rules_only(noisy_rules: Panel) -> None:
    nobody = replace(noisy_rules, lost_day=np.full(len(noisy_rules.accounts), NEVER))

    unlabelled = decide(nobody, TERMS, SIGNS)

    assert unlabelled.reason == "no_losses"
    assert unlabelled.model is None
    assert unlabelled.as_dict()["model"] == "rules only"


def test_a_short_history_has_no_cut() -> None:
    short = decide(panel(weeks=38, base=-5.0), TERMS, SIGNS)

    assert short.reason == "no_cut"
    assert short.model is None


def test_what_happens_after_the_cut_cannot_change_the_coefficients(
    noisy_rules: Panel, better: Training
) -> None:
    assert better.split is not None
    cut_day = (better.split.cut_week + 1) * 7
    assert (better.split.last_train_week + 1) * 7 + TERMS.horizon_days <= cut_day
    assert (better.split.last_test_week + 1) * 7 + TERMS.horizon_days <= noisy_rules.as_of_day
    later = noisy_rules.week > better.split.last_train_week
    rng = np.random.default_rng(0)
    changed = replace(
        noisy_rules,
        values=np.where(later[:, None], rng.normal(size=noisy_rules.values.shape), noisy_rules.values),
        # Who is lost after the cut is drawn anew.
        lost_day=np.where(
            noisy_rules.lost_day >= cut_day,
            np.where(rng.random(len(noisy_rules.lost_day)) < 0.5, cut_day + 30, NEVER),
            noisy_rules.lost_day,
        ),
    )

    again = decide(changed, TERMS, SIGNS)

    assert again.model is not None
    assert again.model == better.model


def test_a_feature_whose_sign_is_absurd_is_dropped_and_says_so(noisy_rules: Panel) -> None:
    turned = decide(noisy_rules, TERMS, {**SIGNS, "silence": -1})

    assert turned.model is not None
    reasons = {c.feature: c.drop_reason for c in turned.model.coefficients}
    assert reasons["silence"] == "absurd_sign"
    assert reasons["perception"] is None
    assert {c.feature for c in turned.model.strongest()} <= {"perception", "weather", "tickets"}


def test_log_odds_are_what_the_rows_say(noisy_rules: Panel, better: Training) -> None:
    assert better.model is not None
    rows, expected = noisy_rules.values[:500], np.full(500, better.model.intercept)
    for number, c in enumerate(better.model.coefficients):
        value = np.where(np.isnan(rows[:, number]), c.fill_value, rows[:, number])
        expected += c.coefficient * (value - c.mean) / c.scale

    assert better.model.log_odds(rows) == pytest.approx(expected)


def test_what_is_hardly_known_or_never_differs_takes_no_part() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(4000, 3))
    values[:, 1], values[rng.random(4000) > 0.02, 2] = 7.0, np.nan
    event = (rng.random(4000) < 1 / (1 + np.exp(3 - values[:, 0]))).astype(float)

    model = hazard.fit(("a", "b", "c"), values, event, {})

    assert [c.drop_reason for c in model.coefficients] == [None, "no_variance", "hardly_known"]


def test_the_same_data_give_the_same_model_under_the_same_name(noisy_rules: Panel, better: Training) -> None:
    assert decide(noisy_rules, TERMS, SIGNS).model_id == better.model_id
    assert decide(panel(seed=2), TERMS, SIGNS).model_id != better.model_id


def test_the_redrawn_precision_is_that_of_accounts_copied_one_by_one(noisy_rules: Panel) -> None:
    from gapwatch.risk import replay

    ground = replay.of_weeks(noisy_rules, FIRST_WEEK + 40, FIRST_WEEK + 44, 90, 20.0)
    score = np.round(noisy_rules.scorecard[ground.rows])
    draws = ground.draws(3)

    hits = taken = 0.0
    for week in np.unique(ground.week):
        rows = np.repeat(np.flatnonzero(ground.week == week), draws[1][ground.account[ground.week == week]])
        share = metrics.taken_share(score[rows], 20.0)
        hits, taken = hits + share @ ground.event[rows], taken + share.sum()

    assert replay.precision_draws(ground, score, draws)[1] == pytest.approx(hits / taken)
    once = np.ones((1, len(noisy_rules.accounts)), dtype=np.int64)
    plain = replay.taken_by_week(ground, score, 20.0)
    assert replay.precision_draws(ground, score, once)[0] == pytest.approx(plain @ ground.event / plain.sum())


def test_reasons_are_all_told_in_words() -> None:
    assert set(train.SENTENCES) >= {
        "published",
        "no_losses",
        "no_cut",
        "too_few_losses",
        "no_skill",
        "no_precision_gain",
        "no_features",
    }

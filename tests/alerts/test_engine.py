"""Which alerts are raised, week by week: identity, hysteresis, cooldown, worsening, duplicates, budget."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from gapwatch.alerts.engine import AlertState, Condition, Decision, Moment, Raise, decide, taken_up
from gapwatch.weeks import start_of
from tests.alerts.situations import RULES, condition

W = 2900


@dataclass
class Replay:
    """Weeks one after another. A week's alerts are decided on the Wednesday after it."""

    alerts: list[AlertState] = field(default_factory=list)
    budget: int = 10
    owner_of: Callable[[Condition], str | None] = lambda _: "Li"
    is_muted: Callable[[Condition], bool] = lambda _: False

    def week(self, week: int, conditions: Iterable[Condition], *, is_back_fill: bool = False) -> list[Raise]:
        """Decide with a week just closed; what was raised, suppressed ones too."""
        moment = Moment.at(start_of(week + 1) + timedelta(days=2), is_back_fill=is_back_fill)
        return self.decided(conditions, moment)

    def decided(self, conditions: Iterable[Condition], moment: Moment) -> list[Raise]:
        decisions: Sequence[Decision] = decide(
            list(conditions),
            self.alerts,
            RULES,
            self.budget,
            moment,
            owner_of=self.owner_of,
            is_muted=self.is_muted,
        )
        self.alerts = taken_up(self.alerts, decisions, moment)
        return [decision for decision in decisions if isinstance(decision, Raise)]

    def resolve(self, week: int) -> None:
        """Somebody closes every case."""
        self.alerts = [replace(alert, state="resolved", resolved_week=week) for alert in self.alerts]


def told(raised: Iterable[Raise]) -> list[str]:
    return [one.condition.subject_id for one in raised if one.suppression_reason is None]


def reasons(raised: Iterable[Raise]) -> list[str | None]:
    return [one.suppression_reason for one in raised]


def test_what_holds_for_weeks_is_raised_once() -> None:
    replay = Replay()
    assert told(replay.week(W, [condition(W)])) == ["A1"]
    for week in range(W + 1, W + 20):
        assert replay.week(week, [condition(week)]) == []
    assert [alert.last_seen_week for alert in replay.alerts] == [W + 19]


def test_deciding_the_same_week_again_raises_nothing() -> None:
    replay = Replay()
    replay.week(W, [condition(W)])
    assert replay.week(W, [condition(W)]) == []


def test_between_the_lines_an_alert_stays_and_none_is_raised() -> None:
    between = {"is_opening": False, "badness": -4.0}
    replay = Replay()
    assert replay.week(W, [condition(W, **between)]) == []
    assert told(replay.week(W + 1, [condition(W + 1)])) == ["A1"]
    replay.week(W + 2, [condition(W + 2, **between)])
    assert replay.week(W + 3, [condition(W + 3)]) == []
    assert [alert.ended_week for alert in replay.alerts] == [None]


def test_flapping_around_both_lines_is_told_once_in_a_cooldown() -> None:
    replay = Replay()
    raised = [
        one
        for week in range(W, W + 8)
        for one in replay.week(week, [condition(week)] if week % 2 == W % 2 else [])
    ]
    assert reasons(raised) == [None, "cooldown", "cooldown", "cooldown"]


def test_after_its_cooldown_it_is_raised_again() -> None:
    replay = Replay()
    replay.week(W, [condition(W)])
    replay.week(W + 1, [])
    assert reasons(replay.week(W + 8, [condition(W + 8)])) == ["cooldown"]
    [again] = replay.week(W + 9, [condition(W + 9)])
    assert (again.suppression_reason, again.rearm_of) == (None, None)


def test_what_worsens_is_raised_once_more_also_in_its_cooldown() -> None:
    replay = Replay()
    [first] = replay.week(W, [condition(W)])
    assert replay.week(W + 1, [condition(W + 1, badness=19.9)]) == []
    [worse] = replay.week(W + 2, [condition(W + 2, badness=20.0)])
    assert (worse.suppression_reason, worse.rearm_of) == (None, first.alert_id)
    assert replay.week(W + 3, [condition(W + 3, badness=20.0)]) == []
    replay.week(W + 4, [])
    [after_a_break] = replay.week(W + 5, [condition(W + 5, badness=36.0)])
    assert after_a_break.rearm_of == worse.alert_id


def test_a_closed_case_stays_closed_until_its_cooldown_is_over_or_it_worsens() -> None:
    replay = Replay()
    replay.week(W, [condition(W)])
    replay.resolve(W + 1)
    for week in range(W + 1, W + 9):
        assert replay.week(week, [condition(week)]) == []
    assert told(replay.week(W + 9, [condition(W + 9)])) == ["A1"]
    replay.resolve(W + 10)
    assert told(replay.week(W + 11, [condition(W + 11, badness=30.0)])) == ["A1"]


def test_only_the_newest_closed_week_raises_and_restated_history_moves_nothing() -> None:
    replay = Replay()
    assert replay.week(W, [condition(W - 1), condition(W - 5, account="A2")]) == []
    [raised] = replay.week(W, [condition(W)])
    before = list(replay.alerts)
    # An older snapshot, or history told anew.
    assert replay.week(W - 3, [condition(W - 3), condition(W - 3, badness=40.0)]) == []
    assert replay.alerts == before
    assert replay.week(W + 1, [condition(W - 1, badness=50.0), condition(W), condition(W + 1)]) == []
    assert raised.condition.week_id == W


def test_the_running_week_raises_daily_kinds_only() -> None:
    replay = Replay()
    running = [condition(W + 1, "single_voice"), condition(W + 1)]
    assert [one.condition.kind for one in replay.week(W, running)] == ["single_voice"]
    assert replay.week(W, running) == []
    assert replay.week(W + 1, [condition(W + 1, "single_voice"), condition(W + 2, "single_voice")]) == []


def test_weeks_without_a_look_count_for_hysteresis() -> None:
    replay = Replay()
    replay.week(W, [condition(W)])
    back = [condition(W + 1), condition(W + 3), condition(W + 12)]
    assert told(replay.week(W + 12, back)) == ["A1"]
    assert sorted(alert.ended_week or 0 for alert in replay.alerts) == [0, W + 2]


def test_late_data_is_known_of_the_present_only() -> None:
    replay = Replay()
    assert told(replay.week(W, [condition(W + 1, "data_stale", "crm")])) == ["crm"]
    assert replay.week(W + 4, [condition(W + 5, "data_stale", "crm")]) == []
    replay.week(W + 5, [])
    assert [alert.ended_week for alert in replay.alerts] == [W + 6]


def test_two_kinds_that_tell_of_the_same_fact_are_one_alert() -> None:
    facts = [
        condition(W, "silence", driver="silence"),
        condition(W, driver="silence", service_dimension="relationship"),
        condition(W, "perception_breach", driver="perception", service_dimension="trust"),
    ]
    raised = Replay().week(W, facts)
    assert {one.condition.kind: one.suppression_reason for one in raised} == {
        "churn_risk": None,
        "perception_breach": None,
        "silence": "duplicate",
    }


def test_a_duplicate_is_raised_once_what_it_repeated_is_over() -> None:
    replay = Replay()
    replay.week(W, [condition(W, driver="silence"), condition(W, "silence", driver="silence")])
    [silence] = replay.week(W + 1, [condition(W + 1, "silence", driver="silence")])
    assert silence.suppression_reason is None
    assert len(replay.alerts) == 3


def test_the_budget_goes_to_the_highest_risk_then_to_what_has_been_open_longest() -> None:
    scores = [
        condition(W, account="low", risk_score=61.0),
        condition(W, account="new", risk_score=70.0),
        condition(W, account="old", risk_score=70.0, since_on=start_of(W - 6).date()),
        condition(W, account="high", risk_score=90.0),
    ]
    raised = Replay(budget=3).week(W, scores)
    assert told(raised) == ["high", "old", "new"]
    assert reasons(raised)[-1] == "budget"


def test_each_owner_has_a_budget_and_a_week_has_one_for_all_its_runs() -> None:
    replay = Replay(budget=1, owner_of=lambda c: c.subject_id[0])
    monday_run = [condition(W, account=name) for name in ("a1", "a2", "b1")]
    assert sorted(told(replay.week(W, monday_run))) == ["a1", "b1"]
    daily = condition(W + 1, "single_voice", "a3")
    assert reasons(replay.week(W, [*monday_run, daily])) == ["budget"]


def test_what_was_over_budget_waits_for_the_next_week_and_is_noted_once() -> None:
    replay = Replay(budget=1)
    both = {"A1": 90.0, "A2": 80.0}
    for week in range(W, W + 3):
        replay.week(week, [condition(week, account=a, risk_score=s) for a, s in both.items()])
        replay.week(week, [condition(week, account=a, risk_score=s) for a, s in both.items()])
    told_of = [(alert.thread.subject_id, alert.state, alert.raised_week) for alert in replay.alerts]
    assert sorted(told_of) == [("A1", "pending", W), ("A2", "pending", W + 1), ("A2", "suppressed", W)]


def test_late_data_takes_no_part_in_the_budget() -> None:
    replay = Replay(budget=0)
    raised = replay.week(W, [condition(W + 1, "data_stale", "crm"), condition(W)])
    assert told(raised) == ["crm"]


def test_a_muted_account_is_silent_until_the_mute_is_over() -> None:
    replay = Replay(is_muted=lambda c: c.week_id < W + 3)
    assert reasons(replay.week(W, [condition(W)])) == ["muted"]
    assert replay.week(W + 1, [condition(W + 1)]) == []
    assert replay.week(W + 2, [condition(W + 2)]) == []
    assert reasons(replay.week(W + 3, [condition(W + 3)])) == [None]


def test_history_raises_suppressed_and_the_present_then_tells_what_still_holds() -> None:
    replay = Replay()
    for week in range(W - 5, W):
        raised = replay.week(week, [condition(week), condition(week, account=f"B{week}")], is_back_fill=True)
        assert set(reasons(raised)) <= {"back_fill"}
    assert told(replay.week(W, [condition(W)])) == ["A1"]


@pytest.mark.parametrize("seed", range(5))
def test_however_things_go_no_key_is_raised_twice_and_no_budget_exceeded(seed: int) -> None:
    chance = random.Random(seed)
    replay = Replay(budget=2, owner_of=lambda c: c.subject_id[0])
    keys: list[str] = []
    for week in range(W, W + 60):
        per_owner: dict[str | None, int] = {}
        for _ in range(chance.randint(1, 3)):
            seen = [
                condition(
                    week if kind in ("churn_risk", "silence") else week + 1,
                    kind,
                    f"{owner}{number}",
                    is_opening=chance.random() < 0.7,
                    badness=chance.uniform(-5, 60),
                    risk_score=chance.uniform(0, 100),
                )
                for kind in ("churn_risk", "silence", "single_voice")
                for owner in "ab"
                for number in range(3)
                if chance.random() < 0.6
            ]
            for one in replay.week(week, seen):
                keys.append(one.alert_key)
                if one.suppression_reason is None:
                    per_owner[one.owner] = per_owner.get(one.owner, 0) + 1
        assert all(count <= 2 for count in per_owner.values())
    assert len(keys) == len(set(keys)) == len(replay.alerts)
    assert sum(not alert.is_suppressed for alert in replay.alerts) > 20

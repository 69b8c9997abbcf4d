"""Which alerts to raise: a pure function of what is the case and of what was raised before.

:func:`decide` reads no clock and no file, so a replay of history calls it week by week, as known then:
give it the conditions of one snapshot or of one week, the alerts so far, and the moment; take up what it
decides with :func:`taken_up`; go on to the next week.

A *thread* is what stays the same while weeks go by: kind, subject, service dimension and contact. The
newest alert of a thread speaks for it: while the condition holds (is beyond its closing line) nothing new
is raised, unless it has become worse by the rule's ``rearm_by``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from gapwatch.alerts.rules import Rule
from gapwatch.weeks import week_of

#: Marts name what belongs to no service dimension either way.
NO_DIMENSION = ("", "relationship")
#: States in which somebody may still have to do something.
OPEN_STATES = ("pending", "sent", "failed", "acknowledged", "snoozed")


class Thread(NamedTuple):
    """What an alert is about, whichever week raises it."""

    kind: str
    subject_kind: str
    subject_id: str
    service_dimension: str
    contact_id: str


@dataclass(frozen=True)
class Condition:
    """One row of ``fct_alert_conditions``: beyond the closing line; ``is_opening``: beyond the opening one.

    ``badness`` is oriented so that higher is worse; ``risk_score`` 0..100, None for sources.
    """

    kind: str
    subject_kind: str
    subject_id: str
    account_id: str | None
    service_dimension: str
    contact_id: str
    week_id: int
    is_opening: bool
    badness: float
    value: float | None = None
    opening_line: float | None = None
    since_on: date | None = None
    n: int | None = None
    driver: str | None = None
    owner_role: str | None = None
    risk_score: float | None = None
    evidence_kind: str | None = None
    evidence_keys: str | None = None

    @property
    def thread(self) -> Thread:
        """What it is about."""
        return Thread(self.kind, self.subject_kind, self.subject_id, self.service_dimension, self.contact_id)


@dataclass(frozen=True)
class AlertState:
    """What is known of an alert that was raised; ``resolved_week``: of the data when it was resolved."""

    alert_id: str
    thread: Thread
    raised_week: int
    as_of: datetime
    state: str
    badness: float
    last_seen_week: int
    ended_week: int | None = None
    resolved_week: int | None = None
    owner: str | None = None
    account_id: str | None = None
    driver: str | None = None

    @property
    def is_suppressed(self) -> bool:
        """True where nobody was told."""
        return self.state == "suppressed"


@dataclass(frozen=True)
class Moment:
    """When it is decided: ``as_of`` of the data, its newest closed week, and whether it is history."""

    as_of: datetime
    closed_week: int
    is_back_fill: bool = False

    @classmethod
    def at(cls, as_of: datetime, *, is_back_fill: bool = False) -> Moment:
        """The moment of a snapshot: the week that runs at ``as_of`` is not closed."""
        return cls(as_of, week_of(as_of) - 1, is_back_fill)

    def week_for(self, rule: Rule) -> int:
        """The one week that may raise: the running one for daily kinds, else the newest closed one."""
        return self.closed_week + 1 if rule.is_daily else self.closed_week


@dataclass(frozen=True)
class Raise:
    """Write an alert. ``suppression_reason`` None: it is to be sent, else nobody is told."""

    alert_key: str
    condition: Condition
    owner: str | None
    suppression_reason: str | None
    rearm_of: str | None

    @property
    def alert_id(self) -> str:
        """The id that belongs to the key."""
        return alert_id(self.alert_key)


@dataclass(frozen=True)
class Carry:
    """An alert's condition held until ``last_seen_week``; ``ended_week`` is the first in which it did not."""

    alert_id: str
    last_seen_week: int
    ended_week: int | None


Decision = Raise | Carry


def decide(
    conditions: Iterable[Condition],
    alerts: Sequence[AlertState],
    rules: Mapping[str, Rule],
    budget: int,
    moment: Moment,
    *,
    owner_of: Callable[[Condition], str | None],
    is_muted: Callable[[Condition], bool] = lambda _: False,
) -> list[Decision]:
    """What to write, given what is the case.

    ``conditions`` of the newest week, and of the weeks since the alerts were last looked at: those only
    say whether an alert went on. ``alerts`` are the newest of each thread and those since its cooldown
    began; older ones may be left out. ``budget`` is the most that one owner (by name; None is one too)
    is told in the week of ``moment.as_of``, ranked by risk score, then by weeks open.

    Raises nothing; conditions of a kind without a rule are left out.
    """
    held: dict[Thread, dict[int, Condition]] = {}
    for condition in conditions:
        if condition.kind in rules:
            held.setdefault(condition.thread, {})[condition.week_id] = condition
    threads: dict[Thread, list[AlertState]] = {}
    for alert in sorted(alerts, key=lambda alert: (alert.raised_week, alert.alert_id)):
        threads.setdefault(alert.thread, []).append(alert)

    decisions: list[Decision] = []
    for thread, of_thread in threads.items():
        for position, alert in enumerate(of_thread if thread.kind in rules else []):
            carried = _carried(alert, held.get(thread, {}), rules[thread.kind], moment)
            if carried != alert:
                decisions.append(Carry(alert.alert_id, carried.last_seen_week, carried.ended_week))
                of_thread[position] = carried

    candidates = []
    for thread, weeks in held.items():
        rule = rules[thread.kind]
        newest = weeks.get(moment.week_for(rule))
        if newest is not None and newest.is_opening:
            candidate = _candidate(newest, threads.get(thread, []), rule)
            if candidate is not None:
                candidates.append(candidate)
    judged = _judged(candidates, threads, rules, budget, moment, owner_of, is_muted)
    for candidate, raised in judged:
        if candidate.replaces is None:
            decisions.append(raised)
        elif raised.suppression_reason is None:
            # Until now nobody was told: this week's alert takes over from the silent one.
            silent = candidate.replaces
            decisions.append(Carry(silent.alert_id, silent.last_seen_week, raised.condition.week_id))
            decisions.append(raised)
    return decisions


def taken_up(alerts: Sequence[AlertState], decisions: Iterable[Decision], moment: Moment) -> list[AlertState]:
    """The alerts as they are once the decisions are carried out: what a replay hands to the next week.

    What a person would do (acknowledge, resolve) does not happen by itself.
    """
    by_id = {alert.alert_id: alert for alert in alerts}
    for decision in decisions:
        if isinstance(decision, Carry):
            by_id[decision.alert_id] = replace(
                by_id[decision.alert_id],
                last_seen_week=decision.last_seen_week,
                ended_week=decision.ended_week,
            )
        else:
            by_id[decision.alert_id] = state_of(decision, moment)
    return list(by_id.values())


def state_of(raised: Raise, moment: Moment) -> AlertState:
    """A new alert as it is remembered."""
    condition = raised.condition
    return AlertState(
        alert_id=raised.alert_id,
        thread=condition.thread,
        raised_week=condition.week_id,
        as_of=moment.as_of,
        state="pending" if raised.suppression_reason is None else "suppressed",
        badness=condition.badness,
        last_seen_week=condition.week_id,
        owner=raised.owner,
        account_id=condition.account_id,
        driver=condition.driver,
    )


def alert_key(condition: Condition) -> str:
    """An alert's identity: its thread and the week that raised it."""
    # Control characters are refused at the gate, so no id holds the separator.
    return "\x1f".join((*condition.thread, str(condition.week_id)))


def alert_id(key: str) -> str:
    """A short name for a key, the same in every replay (64 bits)."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()[:16]


def weeks_open(condition: Condition) -> int:
    """Weeks for which the condition has held without a break."""
    if condition.since_on is None:
        return 0
    return max(0, condition.week_id - week_of(condition.since_on))


@dataclass(frozen=True)
class _Candidate:
    condition: Condition
    rearm_of: str | None = None
    is_cooling: bool = False
    #: The suppressed alert that has spoken for this thread so far.
    replaces: AlertState | None = None


def _carried(alert: AlertState, weeks: Mapping[int, Condition], rule: Rule, moment: Moment) -> AlertState:
    week = moment.week_for(rule)
    if alert.last_seen_week > week:
        return alert
    if alert.ended_week is not None:
        # Gone and back within the running week is the same alert.
        if rule.is_daily and alert.ended_week == week and week in weeks and not alert.is_suppressed:
            return replace(alert, last_seen_week=week, ended_week=None)
        return alert
    # Of sources only the present is known: weeks in between say nothing.
    first = week if rule.subject_kind == "source" else alert.last_seen_week + 1
    for looked_at in range(max(first, alert.last_seen_week + 1), week + 1):
        if looked_at not in weeks:
            return replace(alert, ended_week=looked_at)
        alert = replace(alert, last_seen_week=looked_at)
    return alert


def _candidate(condition: Condition, alerts: Sequence[AlertState], rule: Rule) -> _Candidate | None:
    """The condition as something to raise, None where its thread has an alert that speaks for it."""
    if not alerts:
        return _Candidate(condition)
    newest = alerts[-1]
    # Restated history, or a snapshot older than one that was looked at before, moves nothing.
    if newest.raised_week >= condition.week_id or newest.last_seen_week > condition.week_id:
        return None
    told = next((alert for alert in reversed(alerts) if not alert.is_suppressed), None)
    replaces = newest if newest.is_suppressed and newest.ended_week is None else None
    if told is None:
        return _Candidate(condition, replaces=replaces)
    is_worse = round(condition.badness - told.badness, 9) >= rule.rearm_by
    if told.ended_week is None and told.state != "resolved" and not is_worse:
        return None
    rested = told.ended_week if told.ended_week is not None else told.resolved_week
    is_cooling = not is_worse and rested is not None and condition.week_id - rested < rule.cooldown_weeks
    if is_cooling and told.ended_week is None:
        # Its case was closed and nothing has changed since: not even a silent row.
        return None
    return _Candidate(condition, told.alert_id if is_worse else None, is_cooling, replaces)


def _judged(
    candidates: Sequence[_Candidate],
    threads: Mapping[Thread, Sequence[AlertState]],
    rules: Mapping[str, Rule],
    budget: int,
    moment: Moment,
    owner_of: Callable[[Condition], str | None],
    is_muted: Callable[[Condition], bool],
) -> list[tuple[_Candidate, Raise]]:
    """Candidates with their reasons for silence, in the order in which they are raised."""
    known = [alert for of_thread in threads.values() for alert in of_thread if not alert.is_suppressed]
    facts = {
        _fact(alert.account_id, alert.thread.service_dimension, alert.driver): alert.thread.kind
        for alert in known
        if alert.ended_week is None and alert.state in OPEN_STATES
    }
    spent: dict[str | None, int] = {}
    for alert in known:
        if week_of(alert.as_of) == week_of(moment.as_of) and alert.thread.subject_kind != "source":
            spent[alert.owner] = spent.get(alert.owner, 0) + 1
    reasons: dict[Thread, str] = {}
    for candidate in sorted(candidates, key=lambda c: (rules[c.condition.kind].position, c.condition.thread)):
        condition = candidate.condition
        fact = _fact(condition.account_id, condition.service_dimension, condition.driver)
        if moment.is_back_fill:
            reasons[condition.thread] = "back_fill"
        elif is_muted(condition):
            reasons[condition.thread] = "muted"
        elif candidate.is_cooling:
            reasons[condition.thread] = "cooldown"
        elif fact is not None and facts.setdefault(fact, condition.kind) != condition.kind:
            reasons[condition.thread] = "duplicate"
    judged = []
    for candidate in sorted(candidates, key=_rank):
        condition = candidate.condition
        owner, reason = owner_of(condition), reasons.get(condition.thread)
        # Late data silences all other alerts, so no budget silences it.
        if reason is None and condition.subject_kind != "source":
            if spent.get(owner, 0) >= budget:
                reason = "budget"
            else:
                spent[owner] = spent.get(owner, 0) + 1
        judged.append((candidate, Raise(alert_key(condition), condition, owner, reason, candidate.rearm_of)))
    return judged


def _fact(account_id: str | None, dimension: str, driver: str | None) -> tuple[str, str, str] | None:
    """What two alerts of different kinds have in common when they tell of the same thing."""
    if account_id is None or not driver:
        return None
    return account_id, "" if dimension in NO_DIMENSION else dimension, driver


def _rank(candidate: _Candidate) -> tuple[float, int, Thread]:
    condition = candidate.condition
    score = -1.0 if condition.risk_score is None else round(condition.risk_score, 9)
    return -score, -weeks_open(condition), condition.thread

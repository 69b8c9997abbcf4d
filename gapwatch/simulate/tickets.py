"""Tickets: how the desk fared, as instants per ticket, and the grievances that follow.

Times run on office minutes. How late we are follows the hidden ``deeds``: at 0 about 7 % of the
resolutions miss their target, at -38 about half.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from gapwatch.simulate.clock import (
    DAY,
    HOUR,
    NEVER,
    OFFICE_DAY,
    OFFICE_WEEK,
    Bools,
    Clock,
    Floats,
    Ints,
    after,
    at_office_minute,
    awake,
    office_minutes,
)
from gapwatch.simulate.dimensions import ServiceDimensions
from gapwatch.simulate.fates import Fates
from gapwatch.simulate.minds import Grievances
from gapwatch.simulate.people import People
from gapwatch.simulate.words import CATEGORIES

PRIORITIES = ("high", "normal", "low")
_PRIORITY_SHARES = (0.18, 0.60, 0.22)
_RESPONSE_TARGET = np.array([60, 480, 480])
_RESOLUTION_TARGET = np.array([480, 4_320, 4_320])
_EXPERT_TARGET = np.array([240, 960, 960])
_PER_WEEK = np.array([2.2, 1.3, 0.7, 0.4])  # by tier
_MOST_HANDOVERS = 5
_LATENESS = 0.03  # log of duration per point of deeds
GONE = ("", "deleted", "merged")


@dataclass(frozen=True)
class Tickets:
    """Arrays over the tickets of a block in order of opening, shape (n,); instants are minutes or NEVER."""

    account: Ints
    contact: Ints  # -1: a general mailbox
    priority: Ints  # at opening
    raised: Ints  # minute at which the priority was raised to high
    category: Ints
    opened: Ints
    responded: Ints
    waiting: Ints
    resumed: Ints
    escalated: Ints
    expert: Ints
    resolved: Ints
    reopened: Ints
    resolved_again: Ints
    closed: Ints
    gone: Ints
    gone_as: Ints  # index into GONE
    offered: Ints  # the one-click rating
    rated: Ints
    rating: Ints
    handovers: Ints  # (n, 5), sorted, NEVER behind the last
    response_due: Ints  # the desk's own due times, NEVER where it names none
    resolution_due: Ints  # not yet paused
    paused: Ints  # office minutes waited for the client
    verdict: Ints  # -1: the desk gives none; 0 missed, 1 met
    on_hold: Bools
    late_share: Floats  # of the resolution target, > 1 is late

    def __len__(self) -> int:
        return len(self.account)

    def rows(self, chosen: Bools | Ints) -> Tickets:
        """The chosen tickets."""
        return Tickets(**{spec.name: getattr(self, spec.name)[chosen] for spec in fields(self)})


def raise_tickets(
    rng: np.random.Generator,
    clock: Clock,
    people: People,
    fates: Fates,
    dimensions: ServiceDimensions,
    deeds: Floats,
    grievances: Grievances,
) -> Tickets:
    """Simulate a block's tickets and add what they leave behind to ``grievances``."""
    account, opened = _openings(rng, clock, people, fates)
    n = len(account)
    contact = _who_asks(rng, people, account, opened)
    priority = rng.choice(3, n, p=_PRIORITY_SHARES)
    week = clock.week(opened)
    begins = office_minutes(opened)
    flawless = fates.within_sla[account]

    def slowness(signal: str, usual: float, spread: float) -> Floats:
        """Duration as a share of its target."""
        quality = deeds[account, dimensions.index(signal), week]
        logs = np.log(usual) + spread * rng.standard_normal(n) - _LATENESS * quality
        share: Floats = np.where(flawless, np.minimum(np.exp(logs), 0.6), np.exp(logs))
        return share

    def chance(signal: str, usual: float) -> Bools:
        quality = deeds[account, dimensions.index(signal), week]
        happens: Bools = (rng.random(n) < np.minimum(usual * np.exp(-0.045 * quality), 0.75)) & ~flawless
        return happens

    response_share = slowness("first_response", 0.35, 0.65)
    solution_share = slowness("resolution", 0.33, 0.70)
    to_response = np.maximum(response_share * _RESPONSE_TARGET[priority], 2).astype(np.int64)
    to_solution = np.maximum(solution_share * _RESOLUTION_TARGET[priority], to_response + 6).astype(np.int64)

    waits = rng.random(n) < 0.2
    paused = np.where(waits, rng.integers(OFFICE_DAY // 2, 3 * OFFICE_DAY, n), 0)
    wait_after = to_response + ((to_solution - to_response) * 0.3).astype(np.int64) + 1
    solved = begins + to_solution + paused
    reopens = chance("reopened", 0.035)
    again_after = rng.integers(120, 3 * OFFICE_DAY, n)
    again = (rng.uniform(0.1, 0.4, n) * _RESOLUTION_TARGET[priority]).astype(np.int64) + 30
    escalates = (rng.random(n) < np.where(priority == 0, 0.12, 0.03)) & (to_solution > 120)
    escalated = begins + (to_solution * rng.uniform(0.1, 0.5, n)).astype(np.int64) + 1
    expert_share = slowness("escalation", 0.4, 0.6)
    to_expert = np.maximum(expert_share * _EXPERT_TARGET[priority], 5).astype(np.int64)
    to_expert = np.minimum(to_expert, np.maximum(solved - 1 - escalated, 1))

    resolved = at_office_minute(solved)
    forgotten = (rng.random(n) < 0.006) & ~flawless
    resolved[forgotten] = NEVER
    reopens &= ~forgotten
    reopened = np.where(reopens, at_office_minute(solved + again_after), NEVER)
    resolved_again = np.where(reopens, at_office_minute(solved + again_after + again), NEVER)
    last = np.where(reopened != NEVER, resolved_again, resolved)
    closes = rng.random(n) < 0.55
    offers = rng.random(n) < 0.4
    rates = offers & (rng.random(n) < 0.35)
    late_share = (to_solution + np.where(reopens, again, 0)) / _RESOLUTION_TARGET[priority]
    own_due = people.accounts.tier[account] == 0
    judged = ~own_due & (priority == 2)
    gone_as = rng.choice(3, n, p=(0.993, 0.002, 0.005))
    happy = 1 / (1 + np.exp(2.0 * (late_share - 0.9) - 0.06 * deeds[account, 0, week]))
    tickets = Tickets(
        account=account,
        contact=contact,
        priority=priority,
        raised=np.where((priority > 0) & (rng.random(n) < 0.03), opened + 90, NEVER),
        category=rng.integers(0, len(CATEGORIES), n),
        opened=opened,
        responded=at_office_minute(begins + to_response),
        waiting=np.where(waits, at_office_minute(begins + wait_after), NEVER),
        resumed=np.where(waits, at_office_minute(begins + wait_after + paused), NEVER),
        escalated=np.where(escalates, at_office_minute(escalated), NEVER),
        expert=np.where(escalates, at_office_minute(escalated + to_expert), NEVER),
        resolved=resolved,
        reopened=reopened,
        resolved_again=resolved_again,
        closed=np.where(closes, after(last, 2 * DAY), NEVER),
        gone=np.where(gone_as > 0, awake(opened + rng.integers(HOUR, 2 * DAY, n)), NEVER),
        gone_as=gone_as,
        offered=np.where(offers, after(last, 5), NEVER),
        rated=np.where(rates, awake(after(last, 5 + rng.integers(10, 2 * DAY, n))), NEVER),
        rating=(rng.random(n) < happy).astype(np.int64),
        handovers=_handovers(
            rng, begins, to_solution, deeds[account, dimensions.index("reassigned"), week], flawless
        ),
        response_due=np.where(own_due, at_office_minute(begins + _RESPONSE_TARGET[priority]), NEVER),
        resolution_due=np.where(own_due, at_office_minute(begins + _RESOLUTION_TARGET[priority]), NEVER),
        paused=paused,
        verdict=np.where(judged, (late_share <= 1).astype(np.int64), -1),
        on_hold=rng.random(n) < 0.02,
        late_share=late_share,
    )
    _grieve(clock, tickets, dimensions, grievances, begins, to_response, escalates, to_expert)
    return tickets


def _openings(rng: np.random.Generator, clock: Clock, people: People, fates: Fates) -> tuple[Ints, Ints]:
    """Account and minute of each opening, in order of time."""
    accounts = people.accounts
    habit = rng.lognormal(0, 0.35, len(accounts)) * _PER_WEEK[accounts.tier]
    rate = habit[:, None] * fates.activity * accounts.active(clock)
    counts = rng.poisson(rate)
    account, week = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), clock.weeks)
    opened = at_office_minute(week * OFFICE_WEEK + rng.integers(0, OFFICE_WEEK, len(week)))
    evening = rng.random(len(opened)) < 0.06
    opened = np.where(evening, opened // DAY * DAY + rng.integers(17 * HOUR, 22 * HOUR, len(opened)), opened)
    churned = np.where(accounts.churned == NEVER, clock.end, accounts.churned)
    inside = (opened >= np.maximum(clock.start, accounts.started[account])) & (
        opened < np.minimum(clock.end, churned[account])
    )
    account, opened = account[inside], opened[inside]
    order = np.lexsort((account, opened))
    return account[order], opened[order]


def _who_asks(rng: np.random.Generator, people: People, account: Ints, opened: Ints) -> Ints:
    """A contact who was there at the time, -1 where the one drawn was not."""
    contacts, accounts = people.contacts, people.accounts
    total = np.concatenate([[0.0], np.cumsum(contacts.ticket_weight)])
    low = total[accounts.first_contact[account]]
    high = total[accounts.first_contact[account] + accounts.n_contacts[account]]
    drawn = np.searchsorted(total, low + rng.random(len(account)) * (high - low), side="right") - 1
    first = accounts.first_contact[account]
    drawn = np.clip(drawn, first, first + accounts.n_contacts[account] - 1)
    there = contacts.valid(drawn, opened) & (opened < contacts.left[drawn])
    return np.where(there & (rng.random(len(account)) > 0.03), drawn, -1)


def _handovers(
    rng: np.random.Generator, begins: Ints, to_solution: Ints, quality: Floats, flawless: Bools
) -> Ints:
    """(n, 5): instants of hand-overs between groups, sorted."""
    n = len(begins)
    number = np.minimum(rng.poisson(0.4 * np.exp(-0.04 * quality)), _MOST_HANDOVERS)
    number = np.where(flawless, np.minimum(number, 1), number)
    at = np.sort(rng.random((n, _MOST_HANDOVERS)) * 0.9, axis=1)
    office = begins[:, None] + 1 + (at * to_solution[:, None]).astype(np.int64)
    happened = np.arange(_MOST_HANDOVERS)[None, :] < number[:, None]
    return np.where(happened, at_office_minute(office), NEVER)


def _grieve(
    clock: Clock,
    tickets: Tickets,
    dimensions: ServiceDimensions,
    grievances: Grievances,
    begins: Ints,
    to_response: Ints,
    escalates: Bools,
    to_expert: Ints,
) -> None:
    """Turn broken promises into grievances in the week they broke."""
    real = tickets.gone_as == 0
    heavy = np.where(tickets.priority == 0, 1.6, 1.0)

    def add(signal: str, hurt: Bools, minute: Ints, points: Floats) -> None:
        hurt = hurt & real & (minute < clock.end)
        grievances.add(
            tickets.account[hurt],
            tickets.contact[hurt],
            dimensions.index(signal),
            clock.week(minute[hurt]),
            (heavy * points)[hurt],
        )

    targets = tickets.priority
    slip = to_response / _RESPONSE_TARGET[targets] - 1
    due = at_office_minute(begins + _RESPONSE_TARGET[targets])
    add("first_response", slip > 0, due, 3 * np.clip(slip, 0, 1))
    slip = np.where(tickets.resolved == NEVER, 1.0, tickets.late_share - 1)
    due = at_office_minute(begins + _RESOLUTION_TARGET[targets] + tickets.paused)
    add("resolution", slip > 0, due, 6 * np.clip(slip, 0, 1))
    add("reopened", tickets.reopened != NEVER, tickets.reopened, np.full(len(tickets), 5.0))
    moves = (tickets.handovers != NEVER).sum(axis=1)
    add("reassigned", moves > 1, tickets.handovers[:, 1], 3.0 * np.maximum(moves - 1, 0))
    slip = to_expert / _EXPERT_TARGET[targets] - 1
    due = after(tickets.escalated, _EXPERT_TARGET[targets])
    add("escalation", escalates & (slip > 0), due, 5 * np.clip(slip, 0, 1))

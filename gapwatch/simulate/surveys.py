"""Surveys: who is asked, who answers, and what the answers read like.

A reading is the hidden state plus a mood of the day, a fixed effect of the item and noise, put on the
wave's scale by rounding up or down by chance, so that its expectation is the hidden state. Whether
somebody answers depends on an openness of their own and, where wanted, on how they feel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gapwatch.simulate.clock import DAY, HOUR, NEVER, Bools, Clock, Floats, Ints, awake
from gapwatch.simulate.dimensions import Item, ServiceDimensions
from gapwatch.simulate.fates import Fates
from gapwatch.simulate.minds import Minds
from gapwatch.simulate.people import People
from gapwatch.simulate.tickets import Tickets

_ANSWERING = 0.1  # log-odds: a bit more than half
_MOOD_SLOPE = 0.055  # log-odds per point of perception
_USUAL_PERCEPTION = 66.0
_MOOD, _NOISE_P, _NOISE_E = 4.0, 8.0, 7.0
#: A dimension's first item is the easiest to agree with and its last the hardest, by this much either way.
_EASINESS = 2.0
_SKIPPED = 0.03
#: What clients say matters, in points of 100: speed above all, whatever their satisfaction hangs on.
_STATED_POINTS = (40.0, 20.0, 15.0, 25.0)
#: What overall satisfaction really hangs on (renormalised to the number of service dimensions).
OVERALL_WEIGHTS = (0.35, 0.20, 0.15, 0.30)
#: Waves from this one on use 0-10 instead of 1-7.
_NEW_SCALE_FROM = 3
SKIPPED = -99


@dataclass(frozen=True)
class Wave:
    """One relationship survey: what it asks and on which scale."""

    survey_id: str
    label: str
    sent: int
    asks_expectation: bool
    asks_minimum: bool
    low: int
    high: int

    def measures(self, item: Item) -> tuple[str, ...]:
        """Measures asked of an item; the minimum only of the first item of its dimension."""
        return (
            "perception",
            *(("expectation",) if self.asks_expectation else ()),
            *(("minimum",) if self.asks_minimum and item.position == 0 else ()),
        )

    @property
    def asks_opinions(self) -> bool:
        """Whether clients split 100 points over the dimensions and compare us with what they expected."""
        return self.asks_minimum


@dataclass(frozen=True)
class Asked:
    """Invitations to one wave, arrays (n,)."""

    contact: Ints
    account: Ints
    sent: Ints
    bounced: Bools
    answered: Ints  # minute, NEVER: no answer (in time)
    chance: Floats


@dataclass(frozen=True)
class Answers:
    """Responses of one wave, arrays (n,) or (n, items); :data:`SKIPPED` where left empty."""

    contact: Ints
    account: Ints
    submitted: Ints
    items: dict[str, Ints]  # measure -> (n, items)
    overall: Ints
    nps: Ints
    importance: Ints  # (n, service dimensions): 100 points split, in waves that ask for it
    compared: Ints  # 1 much worse than expected .. 5 much better
    feeling: Floats  # mean perception minus expectation, for the comment
    comments: Bools


@dataclass(frozen=True)
class TicketRatings:
    """The small survey after a ticket, arrays (n,)."""

    ticket: Ints
    contact: Ints
    account: Ints
    sent: Ints
    submitted: Ints  # NEVER: no answer
    csat: Ints
    effort: Ints
    comments: Bools


def waves(clock: Clock) -> list[Wave]:
    """The relationship surveys of the span, oldest first."""
    found = []
    for number, day in enumerate(clock.wave_days()):
        label = f"{day.year}-Q{(day.month + 2) // 3}"
        low, high = (1, 7) if number < _NEW_SCALE_FROM else (0, 10)
        sent = clock.minute(day)
        found.append(Wave(f"relationship-{label}", label, sent, number % 3 != 1, number % 3 == 0, low, high))
    return found


def ask(
    rng: np.random.Generator,
    clock: Clock,
    people: People,
    fates: Fates,
    minds: Minds,
    wave: Wave,
    number: int,
    *,
    mood_dependent: bool,
) -> Asked:
    """Invite a wave's contacts (key contacts each time, the others every second) and see who answers."""
    contacts = people.contacts
    everybody = np.arange(len(contacts))
    sent = wave.sent + rng.integers(9 * HOUR, 16 * HOUR, len(contacts))
    account = contacts.account_at(everybody, sent)
    week = int(clock.week(np.array([wave.sent]))[0])
    in_turn = (contacts.relationship == 0) | ((contacts.turn + number) % 2 == 0) | fates.always_asked
    there = contacts.valid(everybody, sent) & people.accounts.active(clock)[account, week]
    chosen = np.flatnonzero(in_turn & there)
    odds = _ANSWERING + contacts.openness + fates.answering[:, week]
    if mood_dependent:
        mood = minds.perception[:, :, week].mean(axis=1) - _USUAL_PERCEPTION
        odds = odds + np.where(fates.always_asked, 0, _MOOD_SLOPE * mood)
    chance = 1 / (1 + np.exp(-odds))
    bounced = rng.random(len(contacts)) < 0.015
    bounced &= ~fates.always_asked
    delay = np.minimum(rng.exponential(5.0, len(contacts)), 40.0).astype(np.int64) * DAY
    submitted = sent // DAY * DAY + delay + rng.integers(8 * HOUR, 21 * HOUR, len(contacts))
    submitted = np.maximum(submitted, sent + 7)
    in_time = (submitted < clock.end) & contacts.valid(everybody, submitted)
    answers = (rng.random(len(contacts)) < chance) & ~bounced & in_time
    submitted = np.where(answers, submitted, NEVER)
    return Asked(chosen, account[chosen], sent[chosen], bounced[chosen], submitted[chosen], chance[chosen])


def answer(
    rng: np.random.Generator,
    clock: Clock,
    minds: Minds,
    dimensions: ServiceDimensions,
    wave: Wave,
    asked: Asked,
) -> Answers:
    """Read the minds of those who answer, on the wave's scale."""
    here = np.flatnonzero(asked.answered != NEVER)
    order = here[np.lexsort((asked.contact[here], asked.answered[here]))]
    contact, submitted = asked.contact[order], asked.answered[order]
    week = clock.week(submitted)
    n = len(order)
    perceived = minds.perception[contact, :, week].astype(np.float64)
    expected = minds.expectation[contact, :, week].astype(np.float64)
    least = minds.minimum[contact, :, week].astype(np.float64)
    mood = rng.normal(0, _MOOD, (n, 1))
    easiness = _easiness(dimensions)
    items: dict[str, Ints] = {}
    for measure, latent, noise in (
        ("perception", perceived + mood, _NOISE_P),
        ("expectation", expected, _NOISE_E),
        ("minimum", least, _NOISE_E),
    ):
        cells = np.full((n, len(dimensions.items)), SKIPPED)
        for place, item in enumerate(dimensions.items):
            drawn = rng.normal(0, noise, n) + latent[:, item.dimension] + easiness[place]
            cells[:, place] = _on_scale(rng, drawn, wave.low, wave.high, is_reversed=item.is_reversed)
            cells[rng.random(n) < _SKIPPED, place] = SKIPPED
            if measure not in wave.measures(item):
                cells[:, place] = SKIPPED
        items[measure] = cells
    gap = perceived.mean(axis=1) - expected.mean(axis=1)
    weights = np.resize(np.array(OVERALL_WEIGHTS), len(dimensions.names))
    satisfied = perceived @ (weights / weights.sum()) + mood[:, 0] + rng.normal(0, 5, n) + 0.1 * (gap + 11)
    likely = satisfied + 4 + rng.normal(0, 7, n)
    opinions = rng.spawn(1)[0]  # a stream of their own: nothing else reads differently for them
    importance = _split_points(opinions, n, len(dimensions.names))
    compared = _on_scale(opinions, 50 + 2 * (gap + 11) + mood[:, 0] + opinions.normal(0, 10, n), 1, 5)
    return Answers(
        contact=contact,
        account=asked.account[order],
        submitted=submitted,
        items=items,
        overall=_on_scale(rng, satisfied, wave.low, wave.high),
        nps=_on_scale(rng, likely, 0, 10),
        importance=importance if wave.asks_opinions else np.full_like(importance, SKIPPED),
        compared=compared if wave.asks_opinions else np.full_like(compared, SKIPPED),
        feeling=gap + mood[:, 0],
        comments=rng.random(n) < np.where(np.abs(gap + 11) > 18, 0.6, 0.25),
    )


def rate_tickets(
    rng: np.random.Generator,
    clock: Clock,
    people: People,
    fates: Fates,
    minds: Minds,
    tickets: Tickets,
    *,
    mood_dependent: bool,
) -> TicketRatings:
    """Ask about one in five solved tickets."""
    asked = (rng.random(len(tickets)) < 0.2) & (tickets.resolved != NEVER) & (tickets.contact >= 0)
    asked &= (tickets.resolved + 2 * HOUR < clock.end) & (tickets.gone == NEVER)
    index = np.flatnonzero(asked)
    contact, sent = tickets.contact[index], tickets.resolved[index] + 90
    n = len(index)
    week = clock.week(sent)
    mind = minds.perception[contact, 0, week].astype(np.float64)
    mood = mind - _USUAL_PERCEPTION
    odds = -0.5 + people.contacts.openness[contact] + fates.answering[contact, week]
    chance = 1 / (1 + np.exp(-(odds + (0.02 * mood if mood_dependent else 0))))
    submitted = awake(sent + rng.integers(10, 3 * DAY, n))
    answers = (rng.random(n) < chance) & (submitted < clock.end)
    late = np.clip(tickets.late_share[index] - 1, 0, 1)
    happy = mind + 8 - 35 * late + rng.normal(0, 10, n)
    return TicketRatings(
        ticket=index,
        contact=contact,
        account=tickets.account[index],
        sent=sent,
        submitted=np.where(answers, submitted, NEVER),
        csat=_on_scale(rng, happy, 1, 5),
        effort=_on_scale(rng, happy + rng.normal(0, 8, n), 1, 7),
        comments=rng.random(n) < 0.2,
    )


def _easiness(dimensions: ServiceDimensions) -> Floats:
    """Points that each item adds to what it reads; they sum to 0 over a dimension's items."""
    names = [item.dimension for item in dimensions.items]
    last = np.array([max(1, names.count(name) - 1) for name in names])
    added: Floats = _EASINESS * (1 - 2 * np.array([item.position for item in dimensions.items]) / last)
    return added


def _split_points(rng: np.random.Generator, n: int, dimensions: int) -> Ints:
    """100 points split over the service dimensions in fives, shape (n, dimensions)."""
    stated = np.resize(np.array(_STATED_POINTS), dimensions)
    shares = rng.dirichlet(stated / stated.sum() * 12, n) if n else np.empty((0, dimensions))
    fives = np.floor(shares * 20).astype(np.int64)
    fives[:, 0] += 20 - fives.sum(axis=1)
    return fives * 5


def _on_scale(
    rng: np.random.Generator,
    index_points: NDArray[np.floating],
    low: int,
    high: int,
    *,
    is_reversed: bool = False,
) -> Ints:
    """Whole answers low..high whose expectation is the value, the ends of the scale apart."""
    points = 100 - index_points if is_reversed else index_points
    steps = np.floor(points / 100 * (high - low) + rng.random(len(points)))
    return np.clip(steps, 0, high - low).astype(np.int64) + low

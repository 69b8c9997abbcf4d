"""Deliveries: promised dates, moved dates, acceptance, and the grievances that follow."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from gapwatch.simulate import words
from gapwatch.simulate.clock import DAY, HOUR, NEVER, Bools, Clock, Floats, Ints, after, awake
from gapwatch.simulate.dimensions import ServiceDimensions
from gapwatch.simulate.fates import Fates, Story
from gapwatch.simulate.minds import Grievances
from gapwatch.simulate.people import People

KINDS = ("milestone", "deliverable", "order_line")
RESULTS = ("accepted", "conditional", "rejected")
CANCELLED_BY = ("", "client", "us", "")
_PER_WEEK = np.array([0.30, 0.17, 0.09, 0.05])  # by tier


@dataclass(frozen=True)
class Deliveries:
    """Arrays over the deliveries of a block, shape (n,); instants are minutes or NEVER."""

    account: Ints
    contact: Ints
    project: Ints
    kind: Ints
    ordered: Ints
    due: Ints  # first promise
    by_hour: Bools  # promised to the hour instead of the day
    delivered: Ints
    inspected: Ints
    result: Ints  # of the first inspection
    accepted_later: Ints  # after a rejection
    cancelled: Ints
    cancelled_as: Ints  # index into CANCELLED_BY
    moved: Ints  # (n, 2) minutes at which the date was moved
    moved_due: Ints  # (n, 2)
    moved_by_client: Bools
    corrected: Ints  # a typing error in the first date put right

    def __len__(self) -> int:
        return len(self.account)

    def rows(self, chosen: Bools | Ints) -> Deliveries:
        """The chosen deliveries."""
        return Deliveries(**{spec.name: getattr(self, spec.name)[chosen] for spec in fields(self)})


def deliver(
    rng: np.random.Generator,
    clock: Clock,
    people: People,
    fates: Fates,
    dimensions: ServiceDimensions,
    deeds: Floats,
    grievances: Grievances,
) -> Deliveries:
    """Simulate a block's deliveries and add what they leave behind to ``grievances``."""
    account, ordered = _orders(rng, clock, people)
    planned = [story for story in fates.stories if story.name in {"ignored_junior", "old_commitment"}]
    account = np.concatenate([account, np.array([story.account for story in planned], dtype=np.int64)])
    lead_of_story = 28 * DAY
    ordered = np.concatenate(
        [ordered, np.array([story.turned - lead_of_story + 10 * HOUR for story in planned], dtype=np.int64)]
    )
    n = len(account)
    week = clock.week(ordered)
    flawless = fates.within_sla[account]
    trust = deeds[account, dimensions.index("delivery_first_promise"), week]
    fit = deeds[account, dimensions.index("first_time_acceptance"), week]

    lead_days = rng.integers(15, 70, n)
    lead_days[n - len(planned) :] = 28
    due = ordered // DAY * DAY + lead_days * DAY
    due += np.where((due // DAY) % 7 >= 5, 2 * DAY, 0)
    pace = np.exp(-0.12 + 0.13 * rng.standard_normal(n) - 0.006 * trust)
    pace = np.where(flawless, np.minimum(pace, 0.95), pace)
    by_client = (rng.random(n) < 0.06) & ~flawless
    shift = np.where(by_client, rng.integers(8, 20, n) * DAY, 0)
    of_day = rng.integers(9 * HOUR, 16 * HOUR, n)
    delivered = (ordered + pace * (due - ordered)).astype(np.int64) // DAY * DAY + of_day + shift
    result = _results(rng, fit, flawless)
    inspected = delivered + rng.integers(1, 7, n) * DAY + 30
    cancelled_as = rng.choice(4, n, p=(0.975, 0.012, 0.006, 0.007))
    cancelled = np.where(
        cancelled_as > 0,
        awake(ordered + (rng.uniform(0.2, 1.3, n) * (due - ordered)).astype(np.int64)),
        NEVER,
    )
    happens = (cancelled == NEVER) | (cancelled > delivered)
    cancelled_as[happens] = 0
    cancelled = np.where(happens, NEVER, cancelled)
    deliveries = Deliveries(
        account=account,
        contact=_receivers(rng, people, account, ordered),
        project=rng.integers(0, len(words.PROJECTS), n),
        kind=rng.choice(3, n, p=(0.35, 0.35, 0.30)),
        ordered=ordered,
        due=due,
        by_hour=rng.random(n) < 0.2,
        delivered=np.where(happens, delivered, NEVER),
        inspected=np.where(happens, inspected, NEVER),
        result=result,
        accepted_later=np.where(happens & (result == 2), inspected + rng.integers(7, 25, n) * DAY, NEVER),
        cancelled=cancelled,
        cancelled_as=cancelled_as,
        moved=np.full((n, 2), NEVER),
        moved_due=np.full((n, 2), NEVER),
        moved_by_client=by_client,
        corrected=np.where(rng.random(n) < 0.01, ordered + 2 * DAY, NEVER),
    )
    for place, story in enumerate(planned, start=n - len(planned)):
        _plant(deliveries, place, story)
    _move_dates(rng, deliveries, shift)
    _grieve(clock, deliveries, dimensions, grievances)
    return deliveries


def _orders(rng: np.random.Generator, clock: Clock, people: People) -> tuple[Ints, Ints]:
    accounts = people.accounts
    rate = _PER_WEEK[accounts.tier][:, None] * accounts.active(clock)
    counts = rng.poisson(rate)
    account, week = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), clock.weeks)
    n = len(account)
    ordered = (week * 7 + rng.integers(0, 5, n)) * DAY + rng.integers(9 * HOUR, 17 * HOUR, n)
    churned = np.where(accounts.churned == NEVER, clock.end, accounts.churned)
    inside = (ordered >= np.maximum(clock.start, accounts.started[account])) & (
        ordered < np.minimum(clock.end, churned[account])
    )
    account, ordered = account[inside], ordered[inside]
    order = np.lexsort((account, ordered))
    return account[order], ordered[order]


def _receivers(rng: np.random.Generator, people: People, account: Ints, ordered: Ints) -> Ints:
    accounts, contacts = people.accounts, people.contacts
    drawn = accounts.first_contact[account] + rng.integers(0, accounts.n_contacts[account])
    there = contacts.valid(drawn, ordered) & (ordered < contacts.left[drawn])
    return np.where(there, drawn, accounts.first_contact[account])


def _results(rng: np.random.Generator, fit: Floats, flawless: Bools) -> Ints:
    reject = np.minimum(0.03 * np.exp(-0.045 * fit), 0.5)
    condition = np.minimum(0.07 * np.exp(-0.03 * fit), 0.4)
    drawn = rng.random(len(fit))
    result = np.where(drawn < reject, 2, np.where(drawn < reject + condition, 1, 0))
    return np.where(flawless, 0, result)


def _plant(deliveries: Deliveries, place: int, story: Story) -> None:
    """Overwrite one delivery by the one the story needs: late by 30 days, or never made."""
    deliveries.cancelled[place], deliveries.cancelled_as[place] = NEVER, 0
    deliveries.corrected[place], deliveries.moved_by_client[place] = NEVER, False
    deliveries.by_hour[place], deliveries.result[place] = False, 0
    deliveries.accepted_later[place] = NEVER
    if story.name == "old_commitment":
        deliveries.delivered[place] = deliveries.inspected[place] = NEVER
        return
    deliveries.contact[place] = story.contact
    deliveries.delivered[place] = deliveries.due[place] + 30 * DAY + 15 * HOUR
    deliveries.inspected[place] = deliveries.delivered[place] + 3 * DAY


def _move_dates(rng: np.random.Generator, deliveries: Deliveries, shift: Ints) -> None:
    """Move dates: at the client's wish early on, by us shortly before (or twice) where we are late."""
    n = len(deliveries)
    span = deliveries.due - deliveries.ordered
    client = deliveries.moved_by_client & (deliveries.delivered != NEVER)
    deliveries.moved[client, 0] = awake(deliveries.ordered + (0.3 * span).astype(np.int64))[client]
    deliveries.moved_due[client, 0] = (deliveries.due + shift)[client]
    late = (deliveries.delivered != NEVER) & (deliveries.delivered >= deliveries.due + DAY) & ~client
    ours = late & (rng.random(n) < 0.7)
    deliveries.moved[ours, 0] = (deliveries.due - rng.integers(1, 9, n) * DAY + 14 * HOUR)[ours]
    to = deliveries.delivered // DAY * DAY + rng.integers(-6, 3, n) * DAY
    to = np.maximum(to, deliveries.due + DAY)
    deliveries.moved_due[ours, 0] = to[ours]
    twice = ours & (deliveries.delivered >= deliveries.moved_due[:, 0] + DAY) & (rng.random(n) < 0.6)
    deliveries.moved[twice, 1] = (deliveries.moved_due[:, 0] - DAY + 11 * HOUR)[twice]
    deliveries.moved_due[twice, 1] = (deliveries.delivered // DAY * DAY + DAY)[twice]
    # A date moved twice on one day would be one promise: keep them apart, in order.
    early = deliveries.moved[:, 0] <= deliveries.ordered
    deliveries.moved[(deliveries.moved[:, 0] != NEVER) & early, 0] = after(deliveries.ordered, DAY)[
        (deliveries.moved[:, 0] != NEVER) & early
    ]


def _grieve(
    clock: Clock, deliveries: Deliveries, dimensions: ServiceDimensions, grievances: Grievances
) -> None:
    made = deliveries.delivered != NEVER
    never = ~made & (deliveries.cancelled == NEVER)
    outcome = np.where(made, deliveries.delivered, deliveries.due + 60 * DAY)
    slip = (outcome - deliveries.due - DAY) / np.maximum(deliveries.due - deliveries.ordered, DAY)
    late = (made | never) & (slip > 0) & ~deliveries.moved_by_client
    points = 4 + 9 * np.minimum(1.0, slip / 0.5)

    def add(signal: str, hurt: Bools, minute: Ints, points: Floats) -> None:
        hurt = hurt & (minute < clock.end)
        grievances.add(
            deliveries.account[hurt],
            deliveries.contact[hurt],
            dimensions.index(signal),
            clock.week(minute[hurt]),
            points[hurt],
        )

    add("delivery_first_promise", late, deliveries.due + DAY, points)
    fell_short = made & (deliveries.result > 0)
    add("first_time_acceptance", fell_short, deliveries.inspected, np.where(deliveries.result == 2, 9.0, 4.0))

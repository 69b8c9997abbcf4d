"""The hidden state: how well we act, what each contact perceives, expects and would just accept.

All in points of the 0-100 index. Readings of it (answers) are noisy; promises broken along the way
(:class:`Grievances`) push perception down some weeks later and heal slowly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gapwatch.simulate.clock import Clock, Floats, Ints
from gapwatch.simulate.fates import Fates
from gapwatch.simulate.people import People

_PERCEPTION = 68.0
_EXPECTATION = 79.0
_MINIMUM_BELOW = 20.0
_DELAY_WEEKS = 2
_HALF_LIFE_WEEKS = 10.0
_WORST_DAMAGE = 30.0
_SHARED_PAIN = 0.35
#: No latent score comes so near an end of the index that rounding or noise would bend its readings.
_LOWEST, _HIGHEST = 4.0, 96.0


class Grievances:
    """Broken promises, collected per account, contact, service dimension and week.

    The contact who asked feels the whole of it, the colleagues :data:`_SHARED_PAIN` of it.
    """

    def __init__(self, people: People, n_dimensions: int, weeks: int) -> None:
        self.of_account = np.zeros((len(people.accounts), n_dimensions, weeks), dtype=np.float32)
        self.of_contact = np.zeros((len(people.contacts), n_dimensions, weeks), dtype=np.float32)

    def add(self, account: Ints, contact: Ints, dimension: int, week: Ints, points: Floats) -> None:
        """Record grievances; ``contact`` is -1 where nobody is named, then all feel half of it."""
        named = contact >= 0
        shared = np.where(named, _SHARED_PAIN, 0.5) * points
        _add_at(self.of_account, account, dimension, week, shared)
        own = (1 - _SHARED_PAIN) * points[named]
        _add_at(self.of_contact, contact[named], dimension, week[named], own)


@dataclass(frozen=True)
class Minds:
    """Latent perception, expectation and minimum, shape (C, D, T), float32, 0-100."""

    perception: Floats
    expectation: Floats
    minimum: Floats


def act(rng: np.random.Generator, clock: Clock, people: People, fates: Fates) -> Floats:
    """(A, D, T): how well we act towards each account, 0 as usual, negative is worse."""
    n, n_dimensions, weeks = fates.deeds.shape
    level = rng.normal(0, 4.5, (n, 1)) + rng.normal(0, 3.0, (n, n_dimensions))
    level[fates.sheltered] = np.abs(level[fates.sheltered])
    return level[:, :, None] + _wander(rng, (n, n_dimensions, weeks), 0.6) + fates.deeds


def feel(
    rng: np.random.Generator,
    clock: Clock,
    people: People,
    fates: Fates,
    deeds: Floats,
    grievances: Grievances,
) -> Minds:
    """What the contacts of a block have in mind, week by week."""
    n, n_dimensions, weeks = deeds.shape
    n_contacts = len(people.contacts)
    by_dimension = np.linspace(2.0, -2.0, n_dimensions)[:, None]
    usual = deeds - fates.deeds
    shared = 0.8 * usual + rng.normal(0, 3.0, (n, n_dimensions, 1)) + fates.felt + by_dimension
    hoped = rng.normal(0, 3.5, (n, 1, 1)) + _wander(rng, (n, n_dimensions, weeks), 0.25) + fates.expected
    if fates.sheltered.any():
        shared[fates.sheltered] = _calm(shared[fates.sheltered], fates.felt[fates.sheltered])

    own = rng.normal(0, 5.0, (n_contacts, 1, 1)) + rng.normal(0, 3.5, (n_contacts, n_dimensions, 1))
    own_hope = rng.normal(0, 4.0, (n_contacts, 1, 1)) + rng.normal(0, 2.5, (n_contacts, n_dimensions, 1))
    below = np.maximum(rng.normal(_MINIMUM_BELOW, 7.0, (n_contacts, 1, 1)), -4.0)

    pain = _damage(grievances.of_account)
    perception = _PERCEPTION + _at_account(people, clock, shared - pain) + own + fates.felt_by
    perception += _wander(rng, perception.shape, 0.3) - _damage(grievances.of_contact)
    expectation = _EXPECTATION + _at_account(people, clock, hoped) + own_hope
    minimum = expectation - below
    return Minds(_bounded(perception), _bounded(expectation), _bounded(minimum))


def _at_account(people: People, clock: Clock, values: Floats) -> Floats:
    """Spread (A, D, T) to (C, D, T) by the account each contact works for in each week."""
    contacts = people.contacts
    spread: Floats = values[contacts.account].astype(np.float32)
    for contact in np.flatnonzero(contacts.moved_to >= 0):
        since = int(clock.week(contacts.moved_at[contact]))
        spread[contact, :, since:] = values[contacts.moved_to[contact], :, since:]
    return spread


def _damage(pain: Floats) -> Floats:
    """Points lost through grievances: delayed, fading, never beyond :data:`_WORST_DAMAGE`."""
    keeps = 0.5 ** (1 / _HALF_LIFE_WEEKS)
    lost = np.zeros_like(pain)
    state = np.zeros(pain.shape[:2], dtype=pain.dtype)
    for week in range(pain.shape[2]):
        state = state * keeps
        if week >= _DELAY_WEEKS:
            state = state + pain[:, :, week - _DELAY_WEEKS]
        lost[:, :, week] = _WORST_DAMAGE * (1 - np.exp(-state / _WORST_DAMAGE))
    return lost


def _add_at(sums: Floats, rows: Ints, dimension: int, weeks: Ints, points: Floats) -> None:
    """Add to the places of (rows, dimension, weeks), again where a place comes twice."""
    _, n_dimensions, n_weeks = sums.shape
    np.add.at(sums.reshape(-1), (rows * n_dimensions + dimension) * n_weeks + weeks, points)


def _calm(shared: Floats, felt: Floats) -> Floats:
    """The same levels without their movements, so that only the planted effect moves."""
    level: Floats = (shared - felt).mean(axis=2, keepdims=True)
    return level + felt


def _wander(rng: np.random.Generator, shape: tuple[int, ...], step: float) -> Floats:
    """A slow walk that returns to 0, weekly steps of the given standard deviation."""
    steps = rng.standard_normal(shape, dtype=np.float32) * np.float32(step)
    walk = np.empty(shape, dtype=np.float32)
    state = np.zeros(shape[:-1], dtype=np.float32)
    for week in range(shape[-1]):
        state = state * np.float32(0.985) + steps[..., week]
        walk[..., week] = state
    return walk


def _bounded(values: Floats) -> Floats:
    return np.clip(values, _LOWEST, _HIGHEST).astype(np.float32)

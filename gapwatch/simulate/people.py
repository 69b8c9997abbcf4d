"""Who there is: the clients of one block, their contacts and our managers.

A block is a fixed number of neighbouring accounts, simulated at once with numpy; blocks are independent
of each other, so memory does not grow with the company. Index arrays count within the block, ``number``
counts within the company.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from gapwatch.simulate import words
from gapwatch.simulate.clock import DAY, NEVER, WEEK, Bools, Clock, Floats, Ints

TIERS = ("S", "A", "B", "C")
_TIER_SHARES = (0.10, 0.20, 0.35, 0.35)
_CONTACTS_FROM = np.array([10, 6, 3, 2])
_CONTACTS_TO = np.array([20, 13, 8, 5])
_ANNUAL_VALUE = np.array([1_500_000, 480_000, 140_000, 35_000])
_JOINING_SHARE = 0.10
_PARENT_SHARE = 0.12
_LEAVING_SHARE_A_YEAR = 0.09
_ARRIVING_SHARE_A_YEAR = 0.10
_ACCOUNTS_PER_MANAGER = 15

RELATIONSHIPS = ("key", "general", "organizational")


@dataclass(frozen=True)
class Accounts:
    """Arrays over the accounts of a block, shape (A,) unless said otherwise."""

    number: Ints
    name: list[str]
    tier: Ints
    region: Ints
    industry: Ints
    parent: Ints  # index within the block, -1 without
    annual_value: Floats
    started: Ints  # minute, before the clock's start for most
    managers: Ints  # (A, 3): account, solution, delivery manager
    first_contact: Ints
    n_contacts: Ints
    churned: Ints  # minute, set by fate

    def __len__(self) -> int:
        return len(self.number)

    @property
    def ids(self) -> pl.Series:
        """The CRM's ids."""
        return account_ids(self.number)

    def contacts_of(self, account: int) -> Ints:
        """Indices of the contacts who belong to the account at first."""
        first = int(self.first_contact[account])
        return np.arange(first, first + int(self.n_contacts[account]))

    def active(self, clock: Clock) -> Bools:
        """(A, T): weeks that touch the time as a client."""
        begins = np.arange(clock.weeks) * WEEK
        ends = np.where(self.churned == NEVER, np.iinfo(np.int64).max, self.churned)
        return (begins[None, :] + WEEK > self.started[:, None]) & (begins[None, :] < ends[:, None])


@dataclass(frozen=True)
class Contacts:
    """Arrays over the contacts of a block, shape (C,); stories overwrite single places."""

    number: Ints
    account: Ints
    name: list[str]
    title: Ints  # index into words.JOB_TITLES, or beyond it into KEY_TITLES
    department: Ints
    relationship: Ints
    decides: Bools
    valid_from: Ints  # minute, NEVER: as long as the account
    valid_to: Ints  # minute, NEVER: still there
    moved_at: Ints
    moved_to: Ints
    promoted_at: Ints
    ticket_weight: Floats
    openness: Floats  # log-odds of answering beside the usual
    turn: Ints  # 0 or 1: the waves in which a general contact is asked

    def __len__(self) -> int:
        return len(self.number)

    @property
    def ids(self) -> pl.Series:
        """The CRM's ids."""
        return contact_ids(self.number)

    @property
    def left(self) -> Ints:
        """Minute at which the contact left the first account (by leaving or moving), or the far future."""
        far = np.iinfo(np.int64).max
        gone = np.where(self.valid_to == NEVER, far, self.valid_to)
        return np.minimum(gone, np.where(self.moved_at == NEVER, far, self.moved_at))

    def account_at(self, contact: Ints, minute: Ints) -> Ints:
        """Account index of each contact at each minute."""
        moved = (self.moved_at[contact] != NEVER) & (self.moved_at[contact] <= minute)
        return np.where(moved, self.moved_to[contact], self.account[contact])

    def valid(self, contact: Ints, minute: Ints) -> Bools:
        """Whether each contact works for a client of ours at each minute."""
        valid_to = self.valid_to[contact]
        from_ = np.where(self.valid_from[contact] == NEVER, minute, self.valid_from[contact])
        there: Bools = (from_ <= minute) & ((valid_to == NEVER) | (valid_to > minute))
        return there


@dataclass(frozen=True)
class People:
    """One block of the company."""

    accounts: Accounts
    contacts: Contacts


def account_ids(number: Ints) -> pl.Series:
    """CRM ids of accounts."""
    return _numbered("A-", number, 5)


def contact_ids(number: Ints) -> pl.Series:
    """CRM ids of contacts."""
    return _numbered("K-", number, 6)


def desk_account_ids(number: Ints) -> pl.Series:
    """What the service desk calls an account."""
    return _numbered("ORG-", 40_000 + 3 * number, 5)


def desk_contact_ids(number: Ints) -> pl.Series:
    """What the service desk calls a contact."""
    return _numbered("u", 200_000 + 5 * number, 6)


def survey_account_ids(number: Ints) -> pl.Series:
    """What the survey tool calls an account."""
    return _numbered("C", 1_000 + 7 * number, 4)


def survey_contact_ids(number: Ints) -> pl.Series:
    """What the survey tool calls a contact."""
    return _numbered("R", 500_000 + 3 * number, 6)


def meet(
    rng: np.random.Generator, clock: Clock, first_account: int, n: int, first_contact: int, total: int
) -> People:
    """Make one block: ``n`` accounts from number ``first_account``, contacts from ``first_contact``.

    ``total`` is the company's number of accounts; it only sets how many managers there are.
    """
    tier = rng.choice(4, n, p=_TIER_SHARES)
    region = rng.choice(len(words.REGIONS), n, p=(0.3, 0.15, 0.12, 0.2, 0.13, 0.1))
    n_contacts = rng.integers(_CONTACTS_FROM[tier], _CONTACTS_TO[tier] + 1)
    parent = np.where(rng.random(n) < _PARENT_SHARE, rng.integers(0, n, n), -1)
    parent[parent >= np.arange(n)] = -1
    started = -rng.integers(120, 2_400, n) * DAY
    joins = rng.random(n) < _JOINING_SHARE
    latest = max(clock.end - 16 * WEEK, clock.start + 3 * WEEK)
    started[joins] = rng.integers(clock.start + 2 * WEEK, latest, n)[joins] // DAY * DAY
    n_managers = max(3, -(-total // _ACCOUNTS_PER_MANAGER))
    accounts = Accounts(
        number=np.arange(first_account, first_account + n),
        name=_company_names(rng, region, first_account),
        tier=tier,
        region=region,
        industry=rng.integers(0, len(words.INDUSTRIES), n),
        parent=parent,
        annual_value=np.round(_ANNUAL_VALUE[tier] * rng.lognormal(0, 0.4, n), -3),
        started=started,
        managers=rng.integers(0, n_managers, (n, 3)),
        first_contact=np.concatenate([[0], np.cumsum(n_contacts)[:-1]]),
        n_contacts=n_contacts,
        churned=np.full(n, NEVER),
    )
    return People(accounts, _contacts(rng, clock, accounts, first_contact))


def manager_name(index: Ints) -> pl.Series:
    """Log-in names of our managers."""
    staff = pl.Series(words.STAFF).gather(index % len(words.STAFF))
    round_ = index // len(words.STAFF)
    suffix = pl.Series(["" if number == 0 else str(number + 1) for number in round_], dtype=pl.String)
    return staff + suffix


def _contacts(rng: np.random.Generator, clock: Clock, accounts: Accounts, first_contact: int) -> Contacts:
    account = np.repeat(np.arange(len(accounts)), accounts.n_contacts)
    n = len(account)
    position = np.arange(n) - accounts.first_contact[account]
    relationship = np.where(rng.random(n) < 0.1, 2, 1)
    relationship[(position == 0) | (rng.random(n) < 0.15)] = 0
    is_key = relationship == 0
    title = rng.integers(0, len(words.JOB_TITLES), n)
    title[is_key] = len(words.JOB_TITLES) + rng.integers(0, len(words.KEY_TITLES), n)[is_key]
    years = (clock.end - clock.start) / DAY / 365
    some_day = rng.integers(clock.start // DAY + 20, max(clock.end // DAY - 10, clock.start // DAY + 21), n)
    chance = rng.random(n)
    # The first contact of an account stays: a client always has somebody.
    arrives = (position > 0) & (chance < _ARRIVING_SHARE_A_YEAR * years)
    leaves = (position > 0) & (chance > 1 - _LEAVING_SHARE_A_YEAR * years) & ~arrives
    after_start = some_day * DAY > accounts.started[account] + 30 * DAY
    return Contacts(
        number=np.arange(first_contact, first_contact + n),
        account=account,
        name=_person_names(rng, accounts.region[account]),
        title=title,
        department=rng.integers(0, len(words.DEPARTMENTS), n),
        relationship=relationship,
        decides=is_key & (rng.random(n) < 0.6) | (position == 0),
        valid_from=np.where(arrives & after_start, some_day * DAY, NEVER),
        valid_to=np.where(leaves & after_start, some_day * DAY, NEVER),
        moved_at=np.full(n, NEVER),
        moved_to=np.full(n, -1),
        promoted_at=np.full(n, NEVER),
        ticket_weight=rng.lognormal(0, 0.8, n),
        openness=rng.normal(0, 0.6, n),
        turn=rng.integers(0, 2, n),
    )


def _company_names(rng: np.random.Generator, region: Ints, first_account: int) -> list[str]:
    names: list[str] = []
    seen: set[str] = set()
    for offset, place in enumerate(region):
        first = words.COMPANY_FIRST[place][int(rng.integers(0, len(words.COMPANY_FIRST[place])))]
        last = words.COMPANY_LAST[place][int(rng.integers(0, len(words.COMPANY_LAST[place])))]
        blank = "" if first[0] > "\u3000" else " "
        name = f"{first}{blank}{last}"
        names.append(name if name not in seen else f"{name} ({first_account + offset})")
        seen.add(name)
    return names


def _person_names(rng: np.random.Generator, region: Ints) -> list[str]:
    given = rng.integers(0, 8, len(region))
    family = rng.integers(0, 8, len(region))
    names: list[str] = []
    for place, first, last in zip(region, given, family, strict=True):
        one, other = words.GIVEN_NAMES[place][first], words.FAMILY_NAMES[place][last]
        names.append(f"{other}{one}" if words.LANGUAGES[place] == "zh" else f"{one} {other}")
    return names


def _numbered(prefix: str, number: Ints, width: int) -> pl.Series:
    digits = pl.Series(number, dtype=pl.Int64).cast(pl.String).str.zfill(width)
    return pl.Series([prefix], dtype=pl.String) + digits

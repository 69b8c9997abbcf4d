"""What happens to whom: planted losses, dips that heal, and the stories; all of it is written to the truth.

A fate is a set of effects on the hidden state, in points of the 0-100 index: on how well we act
(``deeds``), on what contacts perceive, on what they expect, on whether they talk to us at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gapwatch.simulate.clock import DAY, NEVER, WEEK, Bools, Clock, Floats, Ints
from gapwatch.simulate.people import People

OVER_PROMISING = "over_promising"
SILENCE = "silence"
LONE_VOICE = "lone_voice"
OUTSIDE = "outside"

_LOST_SHARE_A_YEAR = 0.09
_SAVED_SHARE = 0.04
_AT_RISK_WEEKS = 20
_ENOUGH_CONTACTS = 5
_OUTSIDE_REASONS = ("price", "merger")

STORIES = (
    "promised_too_much",
    "ignored_junior",
    "unhappy_within_sla",
    "silent_client",
    "contact_moves",
    "old_commitment",
)


@dataclass(frozen=True)
class Episode:
    """A turn for the worse at one account. Instants are minutes; NEVER where it did not happen."""

    account: int
    cause: str
    outcome: str  # lost, at_risk (no notice yet), saved
    turned: int
    notice: int = NEVER
    churned: int = NEVER
    contact: int = -1
    detail: str = ""


@dataclass(frozen=True)
class Story:
    """A tale told on purpose; ``other`` is the account a contact moves to."""

    name: str
    account: int
    turned: int
    contact: int = -1
    other: int = -1
    detail: str = ""


@dataclass(frozen=True)
class Fates:
    """Effects over a block: A accounts, C contacts, D service dimensions, T weeks."""

    deeds: Floats  # (A, D, T)
    felt: Floats  # (A, D, T)
    expected: Floats  # (A, D, T)
    felt_by: Floats  # (C, D, T)
    activity: Floats  # (A, T) factor on the number of tickets
    talk: Floats  # (A, T) factor on visits and calls
    answering: Floats  # (C, T) log-odds added
    always_asked: Bools  # (C,)
    within_sla: Bools  # (A,) no promise is broken
    sheltered: Bools  # (A,) no bad luck of its own
    episodes: list[Episode] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)


def decide(
    rng: np.random.Generator,
    clock: Clock,
    people: People,
    dimensions: tuple[str, ...],
    *,
    tells_stories: bool,
) -> Fates:
    """Draw the fates of a block and apply them; contacts of stories are changed in place."""
    n, n_contacts, weeks = len(people.accounts), len(people.contacts), clock.weeks
    fates = Fates(
        deeds=np.zeros((n, len(dimensions), weeks)),
        felt=np.zeros((n, len(dimensions), weeks)),
        expected=np.zeros((n, len(dimensions), weeks)),
        felt_by=np.zeros((n_contacts, len(dimensions), weeks)),
        activity=np.ones((n, weeks)),
        talk=np.ones((n, weeks)),
        answering=np.zeros((n_contacts, weeks)),
        always_asked=np.zeros(n_contacts, dtype=np.bool_),
        within_sla=np.zeros(n, dtype=np.bool_),
        sheltered=np.zeros(n, dtype=np.bool_),
    )
    established = people.accounts.started < clock.start
    order = rng.permutation(n)
    if tells_stories:
        sizes = people.accounts.n_contacts
        fit = established & (sizes >= 4) & (sizes <= 14)
        cast = sorted(order.tolist(), key=lambda account: not fit[account])[: len(STORIES) + 1]
        people.accounts.started[cast] = np.minimum(people.accounts.started[cast], clock.start - 200 * DAY)
        _tell(clock, people, fates, dimensions, cast)
        order = np.array([account for account in order if account not in set(cast)], dtype=np.int64)
    _turn(rng, clock, people, fates, dimensions, order[established[order]])
    return fates


def _turn(
    rng: np.random.Generator,
    clock: Clock,
    people: People,
    fates: Fates,
    dimensions: tuple[str, ...],
    candidates: Ints,
) -> None:
    """Plant losses, accounts at risk and dips that heal on the candidates, causes taken in turn."""
    n, span = len(people.accounts), clock.end - clock.start
    n_lost = round(_LOST_SHARE_A_YEAR * n * span / DAY / 365)
    n_risk = round(_LOST_SHARE_A_YEAR * n * _AT_RISK_WEEKS / 52)
    causes = [*dimensions, OVER_PROMISING, SILENCE, LONE_VOICE, OUTSIDE]
    deck = [
        causes[i] for _ in range(-(-(n_lost + n_risk) // len(causes))) for i in rng.permutation(len(causes))
    ]
    earliest = clock.start + min(30 * WEEK, int(0.55 * span))
    outside = 0
    rest = candidates.tolist()
    for position, cause in enumerate(deck[: min(n_lost + n_risk, len(rest))]):
        account = _fitting(people, rest, cause)
        lag = int(rng.integers(18 * WEEK, 28 * WEEK))
        if position < n_lost:
            notice = int(rng.integers(earliest, clock.end - DAY)) // DAY * DAY
            turned = max(notice - lag, clock.start + 4 * WEEK) // DAY * DAY
            churned = notice + int(rng.integers(60, 90)) * DAY
            people.accounts.churned[account] = churned if churned < clock.end else NEVER
            outcome = "lost"
        else:
            notice = churned = NEVER
            turned = clock.end - min(lag - 14 * WEEK, int(0.4 * span)) // DAY * DAY
            outcome = "at_risk"
        detail, contact = "", -1
        if cause == OUTSIDE:
            detail, outside = _OUTSIDE_REASONS[outside % 2], outside + 1
        if cause == LONE_VOICE:
            contact = int(people.accounts.first_contact[account])
        fates.episodes.append(Episode(account, cause, outcome, turned, notice, churned, contact, detail))
        _apply(clock, people, fates, dimensions, fates.episodes[-1])
    for account in rest[: round(_SAVED_SHARE * n)]:
        turned = int(rng.integers(clock.start + 8 * WEEK, max(clock.end - 26 * WEEK, clock.start + 9 * WEEK)))
        cause = dimensions[int(rng.integers(0, len(dimensions)))]
        fates.episodes.append(Episode(account, cause, "saved", turned // DAY * DAY))
        _apply(clock, people, fates, dimensions, fates.episodes[-1])


def _fitting(people: People, rest: list[int], cause: str) -> int:
    """Take the next candidate; causes that only colleagues beside the contact can show need a few."""
    needs = _ENOUGH_CONTACTS if cause in {OVER_PROMISING, LONE_VOICE} else 1
    enough = (place for place, account in enumerate(rest) if people.accounts.n_contacts[account] >= needs)
    return rest.pop(next(enough, 0))


def _apply(clock: Clock, people: People, fates: Fates, dimensions: tuple[str, ...], episode: Episode) -> None:
    account = episode.account
    if episode.cause in dimensions:
        at = dimensions.index(episode.cause)
        shape = _ramp(clock, episode.turned, 4)
        felt = _ramp(clock, episode.turned + WEEK, 6)
        if episode.outcome == "saved":
            shape -= _ramp(clock, episode.turned + 12 * WEEK, 4)
            felt -= _ramp(clock, episode.turned + 14 * WEEK, 8)
        fates.deeds[account, at] -= 38 * shape
        fates.felt[account] -= 5 * felt
        fates.felt[account, at] -= 19 * felt
    elif episode.cause == OVER_PROMISING:
        fates.expected[account] += 14 * _ramp(clock, episode.turned, 8)
        # Who was promised much likes to speak about it.
        fates.answering[people.accounts.contacts_of(account)] += 0.8
        fates.sheltered[account] = True
    elif episode.cause == SILENCE:
        _fall_silent(clock, people, fates, account, episode.turned)
        fates.felt[account] -= 6 * _ramp(clock, episode.turned, 8)
    elif episode.cause == LONE_VOICE:
        people.contacts.decides[episode.contact] = True
        fates.felt_by[episode.contact] -= 45 * _ramp(clock, episode.turned, 2)
        _hear(fates, episode.contact)
    else:
        fates.sheltered[account] = True
        fates.deeds[account] += 15


def _tell(clock: Clock, people: People, fates: Fates, dimensions: tuple[str, ...], cast: list[int]) -> None:
    """The six stories, on the accounts of ``cast`` (the last one receives the contact who moves)."""
    accounts, contacts = people.accounts, people.contacts

    def at(share: float) -> int:
        return int(clock.start + share * (clock.end - clock.start)) // DAY * DAY

    promised, junior_at, in_sla, silent, moving, old, receiving = cast
    fates.expected[promised] += 16 * _ramp(clock, at(0.45), 8)
    fates.sheltered[promised] = True
    fates.stories.append(Story("promised_too_much", promised, at(0.45), detail="E rises by 16, P holds"))

    junior = int(accounts.contacts_of(junior_at)[-1])
    _stay(people, junior)
    contacts.relationship[junior], contacts.decides[junior], contacts.title[junior] = 1, False, 0
    contacts.promoted_at[junior] = at(0.7)
    fates.felt_by[junior] -= 42 * _ramp(clock, at(0.3), 3)
    _hear(fates, junior)
    fates.stories.append(
        Story("ignored_junior", junior_at, at(0.3), junior, detail="delivery failed; decides from 70 %")
    )

    fates.within_sla[in_sla] = True
    fates.sheltered[in_sla] = True
    fates.felt[in_sla] -= 34
    fates.stories.append(Story("unhappy_within_sla", in_sla, clock.start, detail="no promise broken, P low"))

    _fall_silent(clock, people, fates, silent, at(0.5))
    fates.stories.append(Story("silent_client", silent, at(0.5), detail="no answers, no visits"))

    mover = int(accounts.contacts_of(moving)[1])
    _stay(people, mover)
    contacts.moved_at[mover], contacts.moved_to[mover] = at(0.55), receiving
    _hear(fates, mover)
    fates.stories.append(Story("contact_moves", moving, at(0.55), mover, receiving))

    if "trust" in dimensions:
        fates.felt[old, dimensions.index("trust")] -= 10 * _ramp(clock, at(0.35), 20)
    fates.stories.append(Story("old_commitment", old, at(0.35), detail="one delivery is never made"))


def _fall_silent(clock: Clock, people: People, fates: Fates, account: int, turned: int) -> None:
    weeks = _ramp(clock, turned, 2)
    fates.answering[people.accounts.contacts_of(account)] -= 12 * weeks
    fates.talk[account] *= 1 - weeks
    fates.activity[account] *= 1 - 0.7 * weeks


def _hear(fates: Fates, contact: int) -> None:
    """A voice that the tale needs: asked in each wave, answering nearly always, whatever the mood."""
    fates.always_asked[contact] = True
    fates.answering[contact] += 5


def _stay(people: People, contact: int) -> None:
    people.contacts.valid_from[contact] = NEVER
    people.contacts.valid_to[contact] = NEVER


def _ramp(clock: Clock, turned: int, weeks: int) -> Floats:
    """(T,): 0 before the turn, rising to 1 over so many weeks."""
    ends = (np.arange(clock.weeks) + 1) * WEEK
    return np.clip((ends - turned) / (weeks * WEEK), 0.0, 1.0)

"""The service desk's export: each ticket in the versions it went through, and its events.

A version shows what the desk knew at its ``updated_at`` and nothing later. Column names are the desk's
own; columns that begin with an underscore steer the files and are not written.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from gapwatch.simulate import words
from gapwatch.simulate.clock import NEVER, Bools, Clock, Ints, at_office_minute, office_minutes
from gapwatch.simulate.people import People, desk_account_ids, desk_contact_ids
from gapwatch.simulate.tickets import Tickets

_PRIORITIES = ("P1", "P2", "P3")
#: The last two in the order of ``tickets.GONE``.
_STATUSES = ("new", "open", "pending", "hold", "solved", "closed", "deleted", "merged")
_NEW, _OPEN, _PENDING, _HOLD, _SOLVED, _CLOSED = range(6)
TICKETS_A_BLOCK = 1_000_000


def ticket_ids(block: int, index: Ints) -> pl.Series:
    """The desk's ticket ids."""
    number = pl.Series(block * TICKETS_A_BLOCK + index + 1, dtype=pl.Int64)
    return pl.Series(["T-"]) + number.cast(pl.String).str.zfill(8)


def ticket_versions(
    rng: np.random.Generator, clock: Clock, people: People, tickets: Tickets, block: int
) -> pl.DataFrame:
    """One row per ticket and exported version."""
    index, at = _version_instants(rng, clock, tickets)
    rows = tickets.rows(index)

    def known(instants: Ints) -> Ints:
        return np.where((instants != NEVER) & (instants <= at), instants, NEVER)

    reopened, again = known(rows.reopened), known(rows.resolved_again)
    solved = np.where(reopened != NEVER, again, known(rows.resolved))
    responded, closed, rated = known(rows.responded), known(rows.closed), known(rows.rated)
    resumed = known(rows.resumed) != NEVER
    due = at_office_minute(office_minutes(rows.resolution_due) + np.where(resumed, rows.paused, 0))
    met = np.where((solved != NEVER) & (rows.verdict >= 0), rows.verdict, -1)
    priority = np.where(known(rows.raised) != NEVER, 0, rows.priority)
    status = _status(rows, at, solved, closed, responded, resumed)
    frame = pl.DataFrame(
        {
            "id": ticket_ids(block, index),
            "organization.id": desk_account_ids(people.accounts.number[rows.account]),
            "requester.id": _requester(people, rows.contact),
            "created_at": clock.local(rows.opened),
            "updated_at": clock.local(at),
            "status": pl.Series(_STATUSES).gather(status),
            "priority": pl.Series(_PRIORITIES).gather(priority),
            "category": pl.Series(words.CATEGORIES).gather(rows.category),
            "subject": _subjects(people, tickets).gather(index),
            "first_response_at": clock.local(responded),
            "solved_at": clock.local(solved),
            "closed_at": clock.local(closed),
            "sla.first_response_due": clock.local(rows.response_due),
            "sla.resolution_due": clock.local(np.where(rows.resolution_due == NEVER, NEVER, due)),
            "sla.within_target": pl.Series([None, False, True], dtype=pl.Boolean).gather(met + 1),
            "counts.reopens": pl.Series((reopened != NEVER).astype(np.int64)),
            "counts.handovers": pl.Series(
                ((rows.handovers != NEVER) & (rows.handovers <= at[:, None])).sum(axis=1)
            ),
            "escalation.at": clock.local(known(rows.escalated)),
            "escalation.expert_at": clock.local(known(rows.expert)),
            "rating.offered_at": clock.local(known(rows.offered)),
            "rating.score": pl.Series([None, 0, 1], dtype=pl.Int64).gather(
                np.where(rated != NEVER, rows.rating, -1) + 1
            ),
            "via.channel": pl.Series(("email", "phone", "portal")).gather(index % 3),
            "_file_at": pl.Series(at),
            "_outcome": pl.Series(solved != NEVER),
        }
    )
    return frame.sort("_file_at", "id")


def ticket_events(clock: Clock, tickets: Tickets, block: int) -> pl.DataFrame:
    """One row per ticket event, numbered within the ticket."""
    gone = tickets.gone
    parts: list[tuple[str, str, Ints]] = [
        ("opened", "first line", tickets.opened),
        ("responded", "first line", tickets.responded),
        ("waiting_on_client", "first line", tickets.waiting),
        ("resumed", "first line", tickets.resumed),
        ("escalated", "first line", tickets.escalated),
        ("expert_assigned", "experts", tickets.expert),
        ("resolved", "second line", tickets.resolved),
        ("reopened", "first line", tickets.reopened),
        ("resolved", "second line", tickets.resolved_again),
        ("closed", "robot", tickets.closed),
    ]
    parts += [
        ("reassigned", f"group {place + 1}", tickets.handovers[:, place])
        for place in range(tickets.handovers.shape[1])
    ]
    frames = []
    for rank, (event, group, at) in enumerate(parts):
        happened = np.flatnonzero((at != NEVER) & (at < clock.end) & ((gone == NEVER) | (at < gone)))
        frames.append(
            pl.DataFrame(
                {
                    "_ticket": happened,
                    "_file_at": at[happened],
                    "_rank": np.full(len(happened), rank),
                    "event": pl.Series([event]).new_from_index(0, len(happened)),
                    "group": pl.Series([group]).new_from_index(0, len(happened)),
                }
            )
        )
    events = pl.concat(frames).sort("_ticket", "_file_at", "_rank")
    number = pl.int_range(1, pl.len() + 1).over("_ticket").cast(pl.String)
    events = events.with_columns(
        ticket_ids(block, events["_ticket"].to_numpy()).alias("ticket"),
        clock.local(events["_file_at"].to_numpy()).alias("at"),
        number.alias("_number"),
    )
    return events.select(
        (pl.col("ticket") + "/" + pl.col("_number")).alias("event_id"),
        "ticket",
        "at",
        "event",
        "group",
        "_file_at",
    ).sort("_file_at", "event_id")


def _version_instants(rng: np.random.Generator, clock: Clock, tickets: Tickets) -> tuple[Ints, Ints]:
    """Ticket index and instant of each exported version, unique, at most the clock's end."""
    n = len(tickets)
    seen_early = rng.random(n) < 0.35
    silent = np.full(n, NEVER)
    changes = np.stack(
        [
            tickets.opened,
            np.where(seen_early, tickets.responded, silent),
            tickets.raised,
            np.where(seen_early, tickets.waiting, silent),
            tickets.escalated,
            tickets.resolved,
            tickets.reopened,
            tickets.resolved_again,
            np.where(tickets.rated != NEVER, tickets.rated, tickets.closed),
            tickets.gone,
        ],
        axis=1,
    )
    after_end = (tickets.gone[:, None] != NEVER) & (changes > tickets.gone[:, None])
    index, kind = np.nonzero((changes != NEVER) & (changes < clock.end) & ~after_end)
    at = changes[index, kind]
    order = np.lexsort((at, index))
    index, at = index[order], at[order]
    first = np.concatenate([[True], (index[1:] != index[:-1]) | (at[1:] != at[:-1])])[: len(index)]
    return index[first], at[first]


def _status(rows: Tickets, at: Ints, solved: Ints, closed: Ints, responded: Ints, resumed: Bools) -> Ints:
    status = np.where(responded != NEVER, _OPEN, _NEW)
    status = np.where(rows.on_hold & (responded != NEVER), _HOLD, status)
    waiting = (rows.waiting != NEVER) & (rows.waiting <= at) & ~resumed
    status = np.where(waiting, _PENDING, status)
    status = np.where(solved != NEVER, _SOLVED, status)
    status = np.where(closed != NEVER, _CLOSED, status)
    gone = (rows.gone != NEVER) & (rows.gone <= at)
    return np.where(gone, _CLOSED + rows.gone_as, status)


def _requester(people: People, contact: Ints) -> pl.Series:
    ids = desk_contact_ids(people.contacts.number[np.maximum(contact, 0)])
    return ids.zip_with(pl.Series(contact >= 0), pl.Series([None], dtype=pl.String))


def _subjects(people: People, tickets: Tickets) -> pl.Series:
    """One subject per ticket, in the language of the client's region."""
    flat: list[str] = []
    starts: list[int] = []
    sizes: list[int] = []
    for language in words.LANGUAGES:
        starts.append(len(flat))
        sizes.append(len(words.SUBJECTS[language]))
        flat.extend(words.SUBJECTS[language])
    region = people.accounts.region[tickets.account]
    pick = (
        np.array(starts)[region] + (np.arange(len(tickets)) * 7 + tickets.category) % np.array(sizes)[region]
    )
    return pl.Series(flat).gather(pick)

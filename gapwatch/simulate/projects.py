"""The project office's export: deliveries in versions, and the dates promised for them."""

from __future__ import annotations

import numpy as np
import polars as pl

from gapwatch.simulate import words
from gapwatch.simulate.clock import DAY, HOUR, NEVER, Clock, Ints
from gapwatch.simulate.deliveries import CANCELLED_BY, KINDS, RESULTS, Deliveries
from gapwatch.simulate.people import People

DELIVERIES_A_BLOCK = 1_000_000
_ROLES = ("project manager", "account manager")
_REASONS = ("capacity", "supplier late", "scope grew", "illness")


def delivery_ids(block: int, index: Ints) -> pl.Series:
    """The project office's delivery ids."""
    number = pl.Series(block * DELIVERIES_A_BLOCK + index + 1, dtype=pl.Int64)
    return pl.Series(["D-"]) + number.cast(pl.String).str.zfill(8)


def delivery_versions(clock: Clock, people: People, deliveries: Deliveries, block: int) -> pl.DataFrame:
    """One row per delivery and version: ordered, delivered, inspected, accepted at last, cancelled."""
    changes = np.stack(
        [
            deliveries.ordered,
            deliveries.delivered,
            deliveries.inspected,
            deliveries.accepted_later,
            deliveries.cancelled,
        ],
        axis=1,
    )
    index, kind = np.nonzero((changes != NEVER) & (changes < clock.end))
    at = changes[index, kind]
    rows = deliveries.rows(index)

    def known(instants: Ints) -> Ints:
        return np.where((instants != NEVER) & (instants <= at), instants, NEVER)

    inspected, later = known(rows.inspected), known(rows.accepted_later)
    result = np.where(later != NEVER, 0, rows.result)
    result = np.where(inspected != NEVER, result, -1)
    accepted = np.where(later != NEVER, later, np.where(result == 2, NEVER, inspected))
    cancelled_as = np.where(known(rows.cancelled) != NEVER, rows.cancelled_as, 0)
    return pl.DataFrame(
        {
            "Delivery": delivery_ids(block, index),
            "Client": people.accounts.ids.gather(rows.account),
            "Receiver": people.contacts.ids.gather(rows.contact),
            "Project": pl.Series(words.PROJECTS).gather(rows.project),
            "Kind": pl.Series(KINDS).gather(rows.kind),
            "Ordered": clock.local(rows.ordered),
            "Delivered": clock.local(known(rows.delivered)),
            "Accepted": clock.local(accepted),
            "Result": pl.Series([None, *RESULTS]).gather(result + 1),
            "Rework": pl.Series(((inspected != NEVER) & (rows.result == 2)).astype(np.int64)),
            "Cancelled": clock.local(known(rows.cancelled)),
            "Cancelled by": pl.Series([name or None for name in CANCELLED_BY]).gather(cancelled_as),
            "Last change": clock.local(at),
            "_file_at": pl.Series(at),
        }
    ).sort("_file_at", "Delivery")


def promise_rows(rng: np.random.Generator, clock: Clock, deliveries: Deliveries, block: int) -> pl.DataFrame:
    """One row per promised date; a typing error put right repeats the number of the date."""
    n = len(deliveries)
    everything = np.arange(n)
    mistyped = deliveries.corrected != NEVER
    first_due = np.where(mistyped, deliveries.due - 7 * DAY, deliveries.due)
    first = _promises(clock, deliveries, block, everything, 1, deliveries.ordered, first_due)
    # A correction is the same promise in a newer version: promised when the first one was.
    put_right = np.flatnonzero(mistyped)
    corrected = _promises(clock, deliveries, block, put_right, 1, deliveries.ordered, deliveries.due)
    at = deliveries.corrected[put_right]
    corrected = corrected.with_columns(
        clock.local(at).alias("Entered"), pl.Series("_file_at", at), pl.lit("correction").alias("Reason")
    )
    frames = [first, corrected]
    for place in range(2):
        moved = np.flatnonzero(deliveries.moved[:, place] != NEVER)
        again = _promises(
            clock,
            deliveries,
            block,
            moved,
            place + 2,
            deliveries.moved[:, place],
            deliveries.moved_due[:, place],
        )
        by = pl.Series(("us", "client")).gather(deliveries.moved_by_client[moved].astype(np.int64))
        reason = pl.Series(_REASONS).gather(rng.integers(0, len(_REASONS), len(moved)))
        frames.append(again.with_columns(by.alias("Asked by"), reason.alias("Reason")))
    promises = pl.concat(frames)
    return promises.filter(pl.col("_file_at") < clock.end).sort("_file_at", "Delivery", "No")


def _promises(
    clock: Clock, deliveries: Deliveries, block: int, index: Ints, number: int, promised: Ints, due: Ints
) -> pl.DataFrame:
    promised, due, by_hour = promised[index], due[index], deliveries.by_hour[index]
    return pl.DataFrame(
        {
            "Delivery": delivery_ids(block, index),
            "No": pl.Series(np.full(len(index), number)),
            "Promised": clock.local(promised),
            "Due on": clock.days(np.where(by_hour, NEVER, due)),
            "Due at": clock.local(np.where(by_hour, due + 14 * HOUR, NEVER)),
            "Asked by": pl.Series(["us"]).new_from_index(0, len(index)),
            "Promised by": pl.Series(_ROLES).gather(index % 2),
            "Reason": pl.Series([None], dtype=pl.String).new_from_index(0, len(index)),
            "Entered": clock.local(promised),
            "_file_at": pl.Series(promised),
        }
    )

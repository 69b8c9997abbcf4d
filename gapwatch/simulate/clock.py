"""The sample company's clock: minutes of its office since a Monday, office hours, waves and file labels.

All instants inside the simulator are whole local minutes of :data:`OFFICE_ZONE` since
``Clock.origin`` (a Monday, 00:00), as int64 arrays; :data:`NEVER` stands for "did not happen". Only the
files turn them into texts, each source in a zone and format of its own.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

#: The zone of the desk's business calendar ``office``.
OFFICE_ZONE = "Europe/Berlin"
NEVER = int(np.iinfo(np.int64).min)
HOUR = 60
DAY = 24 * HOUR
WEEK = 7 * DAY
_WAKES = 7 * HOUR
OFFICE_OPENS = 9 * HOUR
OFFICE_DAY = 8 * HOUR
OFFICE_WEEK = 5 * OFFICE_DAY

#: Files of the newest days are weekly, the older ones monthly.
_WEEKLY_DAYS = 28
_SHORTEST_WEEK, _SHORTEST_MONTH, _SHORTEST_QUARTER = 5, 10, 30
#: A wave that goes out later than this before the end would hardly be answered.
_LAST_WAVE_DAYS = 21
_WAVE_EVERY_MONTHS = 3


@dataclass(frozen=True)
class Clock:
    """The simulated span: ``start_on`` to ``end_on``, both days included."""

    start_on: date
    end_on: date

    @classmethod
    def of(cls, months: int, end_on: date) -> Clock:
        """The ``months`` months that end with ``end_on``."""
        return cls(_months_later(end_on, -months), end_on)

    @property
    def origin(self) -> date:
        """The Monday on or before the start."""
        return self.start_on - timedelta(days=self.start_on.weekday())

    @property
    def start(self) -> int:
        """First minute of the first day."""
        return self.minute(self.start_on)

    @property
    def end(self) -> int:
        """First minute after the last day."""
        return self.minute(self.end_on) + DAY

    @property
    def weeks(self) -> int:
        """ISO weeks touched."""
        return -(-self.end // WEEK)

    def minute(self, day: date) -> int:
        """Minute at which a day begins."""
        return (day - self.origin).days * DAY

    def day(self, minute: int) -> date:
        """The day of one minute."""
        return self.origin + timedelta(days=minute // DAY)

    def week(self, minutes: Ints) -> Ints:
        """Week index (0 is the first week), clipped to the simulated span."""
        return np.clip(minutes // WEEK, 0, self.weeks - 1)

    def local(self, minutes: Ints) -> pl.Series:
        """Naive local instants, null where :data:`NEVER`."""
        base = np.datetime64(self.origin.isoformat(), "m").astype(np.int64)
        never = minutes == NEVER
        micros = (np.where(never, 0, minutes) + base) * 60_000_000
        series = pl.Series(micros, dtype=pl.Int64).cast(pl.Datetime("us"))
        return series.zip_with(pl.Series(~never), pl.Series([None], dtype=pl.Datetime("us")))

    def days(self, minutes: Ints) -> pl.Series:
        """Local days, null where :data:`NEVER`."""
        return self.local(minutes).cast(pl.Date)

    def wave_days(self) -> list[date]:
        """Days on which a relationship survey goes out: a Tuesday in every third month."""
        first = _months_later(self.start_on.replace(day=1), 1)
        sent: list[date] = []
        for step in range(1000):
            day = _months_later(first, step * _WAVE_EVERY_MONTHS).replace(day=8)
            day += timedelta(days=(1 - day.weekday()) % 7)
            if day > self.end_on - timedelta(days=_LAST_WAVE_DAYS):
                break
            sent.append(day)
        return sent

    def export_days(self) -> list[date]:
        """Days on which the CRM exports everything: the first day, then every quarter, and the last."""
        months = range(0, 1200, _WAVE_EVERY_MONTHS)
        days = [_months_later(self.start_on, step) for step in months]
        return [day for day in days if day < self.end_on - timedelta(days=20)] + [self.end_on]

    def month_labels(self, minutes: Ints) -> pl.Series:
        """File label of each instant: its month, or its ISO week in the newest four weeks."""
        newest = self.end_on - timedelta(days=_WEEKLY_DAYS - 1)
        first_week = newest - timedelta(days=newest.weekday())
        months = self._firsts_of_months(1)
        periods = [(day, day.strftime("%Y-%m"), _SHORTEST_MONTH) for day in months if day < first_week]
        for week in range(_WEEKLY_DAYS // 7 + 1):
            day = first_week + timedelta(weeks=week)
            periods.append((day, day.strftime("%G-W%V"), _SHORTEST_WEEK))
        return self._labels(minutes, periods)

    def quarter_labels(self, minutes: Ints) -> pl.Series:
        """File label of each instant: its calendar quarter; what is older than the start comes with it."""
        quarters = self._firsts_of_months(3)
        return self._labels(
            minutes, [(day, f"{day.year}-Q{(day.month + 2) // 3}", _SHORTEST_QUARTER) for day in quarters]
        )

    def _firsts_of_months(self, step: int) -> list[date]:
        first = self.start_on.replace(day=1)
        first = _months_later(first, -((first.month - 1) % step))
        days = [_months_later(first, months) for months in range(0, 1200, step)]
        return [day for day in days if day <= self.end_on]

    def _labels(self, minutes: Ints, periods: list[tuple[date, str, int]]) -> pl.Series:
        """Label instants by periods (first day, label, fewest days); too short ones join a neighbour.

        A file of two days would be held as suspiciously small.
        """
        firsts = [max(day, self.start_on) for day, _, _ in periods]
        ends = [*firsts[1:], self.end_on + timedelta(days=1)]
        kept = [
            (first, label)
            for first, end, (_, label, fewest) in zip(firsts, ends, periods, strict=True)
            if (end - first).days >= fewest
        ]
        begins = np.array([self.minute(first) for first, _ in kept], dtype=np.int64)
        place = np.maximum(np.searchsorted(begins, minutes, side="right") - 1, 0)
        return pl.Series([label for _, label in kept]).gather(place)


def office_minutes(minutes: Ints) -> Ints:
    """Office minutes (Monday to Friday, 9 to 17) that have passed since the origin."""
    days, of_day = np.divmod(minutes, DAY)
    weeks, weekday = np.divmod(days, 7)
    whole = weeks * OFFICE_WEEK + np.minimum(weekday, 5) * OFFICE_DAY
    today = np.where(weekday < 5, np.clip(of_day - OFFICE_OPENS, 0, OFFICE_DAY), 0)
    passed: Ints = whole + today
    return passed


def at_office_minute(office: Ints) -> Ints:
    """The instant of an office minute: the inverse of :func:`office_minutes`."""
    days, of_day = np.divmod(office, OFFICE_DAY)
    weeks, weekday = np.divmod(days, 5)
    return (weeks * 7 + weekday) * DAY + OFFICE_OPENS + of_day


def awake(minutes: Ints) -> Ints:
    """The same instants, those of the small hours seven hours later.

    So no instant falls into the hour that does not exist when summer time begins.
    """
    return np.where((minutes != NEVER) & (minutes % DAY < _WAKES), minutes + _WAKES, minutes)


def after(minutes: Ints, delay: Ints | Floats | int) -> Ints:
    """``minutes + delay``, :data:`NEVER` where nothing happened."""
    return np.where(minutes == NEVER, NEVER, minutes + np.asarray(delay).astype(np.int64))


def end_of_day(day: date) -> datetime:
    """The last second of a day, as exports are stamped."""
    return datetime(day.year, day.month, day.day, 23, 59, 59)  # noqa: DTZ001  # naive on purpose


def _months_later(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))

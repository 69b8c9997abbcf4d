"""Weeks as whole numbers, counted from Monday 1970-01-05. Instants are naive UTC."""

from __future__ import annotations

from datetime import date, datetime, timedelta

#: The first instant of week 0.
EPOCH = datetime.fromisoformat("1970-01-05")


def week_of(day: date | datetime) -> int:
    """The week of a day or an instant."""
    return day_of(day) // 7


def day_of(day: date | datetime) -> int:
    """Whole days since the first Monday."""
    # A datetime is a date too, and does not subtract from one.
    return (date(day.year, day.month, day.day) - EPOCH.date()).days


def in_data_time(then: datetime, raised_at: datetime, as_of: datetime) -> datetime:
    """The instant of the data that lies as long after ``as_of`` as ``then`` after ``raised_at``.

    People answer by the clock on the wall; the data they answer to may stand still or lie behind.
    """
    return as_of + (then - raised_at)


def start_of(week: int) -> datetime:
    """The first instant of a week."""
    return EPOCH + timedelta(weeks=week)

"""Business calendars: the seeds say all that is needed of them, and every source names one that is there.

A calendar that is missing or never open would let its sources' promises run on another clock without a
word, so a mistake in one stops the build. The hours themselves are laid out by the model
``int_calendar_windows``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from gapwatch import seeds
from gapwatch.did_you_mean import suggestion
from gapwatch.errors import UserError

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace

HOURS, HOLIDAYS = "business_calendars", "calendar_holidays"
#: Sources of one system whose rows cannot be told apart in raw, by the promises they feed.
_TOGETHER = {"tickets": "tickets", "deliveries": "deliveries", "delivery_promises": "deliveries"}
_DAY, _WEEK = 1440, 7 * 1440

Row = dict[str, str]


def check(ws: Workspace) -> None:
    """Raise UserError at the first calendar, holiday or source that would not work."""
    hours, holidays = seeds.rows(ws, HOURS), seeds.rows(ws, HOLIDAYS)
    calendars: dict[str, list[tuple[int, Row]]] = {}
    for line, row in enumerate(hours, start=2):
        calendars.setdefault(row["calendar_id"], []).append((line, row))
    for calendar_id, windows in calendars.items():
        _check_windows(ws, calendar_id, windows)
    for line, row in enumerate(holidays, start=2):
        _check_holiday(ws, line, row, calendars)
    _check_sources(ws, calendars)


def _check_windows(ws: Workspace, calendar_id: str, windows: list[tuple[int, Row]]) -> None:
    first = windows[0][1]
    open_minutes: list[tuple[int, int, int]] = []
    for line, row in windows:
        if row["time_zone"] not in available_timezones():
            near = suggestion(row["time_zone"], sorted(available_timezones()))
            raise _wrong(ws, HOURS, line, f"There is no time zone {row['time_zone']!r}{near}")
        for column in ("time_zone", "country", "subdivision"):
            if row[column] != first[column]:
                raise _wrong(
                    ws,
                    HOURS,
                    line,
                    f"The calendar {calendar_id!r} has two values of {column}:"
                    f" {first[column]!r} and {row[column]!r}",
                )
        if row["weekday"] not in tuple("1234567"):
            raise _wrong(
                ws, HOURS, line, f"A weekday is 1 (Monday) to 7 (Sunday), and not {row['weekday']!r}"
            )
        opens, closes = (_minute(ws, line, row[column]) for column in ("opens_at", "closes_at"))
        if opens in (_DAY, closes):
            raise _wrong(
                ws,
                HOURS,
                line,
                f"A window from {row['opens_at']} to {row['closes_at']} has no length;"
                " a whole day is 00:00 to 24:00",
            )
        start = (int(row["weekday"]) - 1) * _DAY + opens
        open_minutes.append(
            (start, start + (closes - opens if closes > opens else closes + _DAY - opens), line)
        )
    open_minutes.sort()
    round_the_week = [*open_minutes, (open_minutes[0][0] + _WEEK, 0, open_minutes[0][2])]
    for (_, closes, line), (opens, _, next_line) in pairwise(round_the_week):
        if opens < closes:
            raise _wrong(
                ws,
                HOURS,
                next_line,
                f"The calendar {calendar_id!r} is open already, by the window in line {line}",
            )
    _check_country(ws, windows[0][0], first["country"], first["subdivision"])


def _check_country(ws: Workspace, line: int, country: str, subdivision: str) -> None:
    if not country and not subdivision:
        return
    # Two tenths of a second, and few calendars name a country.
    from holidays import list_supported_countries

    countries = list_supported_countries()
    if country not in countries:
        raise _wrong(
            ws,
            HOURS,
            line,
            f"No public holidays are known of the country {country!r} (ISO 3166, as in DE)",
        )
    if subdivision and subdivision not in countries[country]:
        known = ", ".join(countries[country]) or "none"
        raise _wrong(
            ws, HOURS, line, f"{country} has no subdivision {subdivision!r} with holidays of its own: {known}"
        )


def _check_holiday(ws: Workspace, line: int, row: Row, calendars: dict[str, list[tuple[int, Row]]]) -> None:
    windows = calendars.get(row["calendar_id"])
    if windows is None:
        raise _wrong(
            ws,
            HOLIDAYS,
            line,
            f"There is no calendar {row['calendar_id']!r}{suggestion(row['calendar_id'], list(calendars))}",
        )
    try:
        day = date.fromisoformat(row["holiday_on"])
    except ValueError:
        raise _wrong(
            ws, HOLIDAYS, line, f"holiday_on is a day such as 2024-12-24, and not {row['holiday_on']!r}"
        ) from None
    if row["is_open"] not in {"true", "false"}:
        raise _wrong(ws, HOLIDAYS, line, f"is_open is true or false, and not {row['is_open']!r}")
    weekdays = {int(window["weekday"]) for _, window in windows}
    if row["is_open"] == "true" and day.isoweekday() not in weekdays:
        raise _wrong(
            ws,
            HOLIDAYS,
            line,
            f"{day} is to be open, and {row['calendar_id']!r} has no hours for a weekday {day.isoweekday()}",
        )


def _check_sources(ws: Workspace, calendars: dict[str, list[tuple[int, Row]]]) -> None:
    named: dict[tuple[str, str], tuple[str, str]] = {}
    for source in ws.sources:
        if source.calendar is None:
            continue
        if source.calendar not in calendars:
            there = ", ".join(calendars) or "none"
            raise UserError(
                f"The calendar {source.calendar!r} has no windows in {HOURS}.csv"
                f"{suggestion(source.calendar, list(calendars))}; there are: {there}",
                where=f"{ws.file}, source {source.name}, calendar",
                rule="calendar_known",
                next_step=f"correct calendar in {ws.file}, or add its hours to {ws.seeds_path / HOURS}.csv",
            )
        if source.contract not in _TOGETHER:
            continue
        key = (source.row_source, _TOGETHER[source.contract])
        other, calendar = named.setdefault(key, (source.name, source.calendar))
        if calendar != source.calendar:
            raise UserError(
                f"The sources {other} and {source.name} are one system with two calendars,"
                f" {calendar!r} and {source.calendar!r}",
                where=f"{ws.file}, source {source.name}, calendar",
                rule="calendar_of_system",
                next_step=f"name one calendar for both in {ws.file}, or make them two systems",
            )


def _minute(ws: Workspace, line: int, clock: str) -> int:
    found = re.fullmatch(r"(\d\d):(\d\d)", clock)
    if found is None or int(found[2]) > 59 or int(found[1]) * 60 + int(found[2]) > _DAY:
        raise _wrong(ws, HOURS, line, f"Hours are written 00:00 to 24:00, and not {clock!r}")
    return int(found[1]) * 60 + int(found[2])


def _wrong(ws: Workspace, seed: str, line: int, what: str) -> UserError:
    file = seeds.seed_files(ws)[f"{seed}.csv"]
    return UserError(
        what,
        where=f"{file}, line {line}",
        rule=seed,
        next_step=f"correct {ws.seeds_path / seed}.csv, then run `gapwatch doctor`",
    )


def described(ws: Workspace) -> Iterator[str]:
    """Each calendar that a source names, in words."""
    hours = seeds.rows(ws, HOURS)
    for calendar_id in sorted({source.calendar for source in ws.sources if source.calendar}):
        windows = [row for row in hours if row["calendar_id"] == calendar_id]
        place = "-".join(part for part in (windows[0]["country"], windows[0]["subdivision"]) if part)
        days = f"holidays of {place}" if place else "no public holidays"
        yield f"{calendar_id}: {len(windows)} windows a week in {windows[0]['time_zone']}, {days}"

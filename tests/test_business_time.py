"""Business time: the windows of a calendar as the model lays them out, and the look-ups in them."""

from __future__ import annotations

import importlib.util
from datetime import UTC, date, datetime, time, timedelta
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import jinja2
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gapwatch.seeds import DBT_PROJECT

at = datetime.fromisoformat
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
)
#: Local days on which one of the zones changes its clocks, and plain ones.
DAYS = tuple(
    date(2024, month, day)
    for month, day in ((1, 8), (3, 8), (3, 29), (4, 5), (10, 4), (10, 25), (11, 1), (12, 23))
)
Hours = tuple[int, str, str]


def load_model() -> ModuleType:
    """The model's own functions, laying out two years instead of a century."""
    path = DBT_PROJECT / "models" / "intermediate" / "int_calendar_windows.py"
    spec = importlib.util.spec_from_file_location("int_calendar_windows", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.FIRST_DAY, module.LAST_DAY = "2023-10-01", "2026-02-01"  # type: ignore[attr-defined]  # a file
    return module


MODEL = load_model()


def windows(
    hours: list[Hours],
    zone: str,
    country: str | None = None,
    subdivision: str | None = None,
    own: dict[str, bool] | None = None,
) -> list[tuple[datetime, datetime]]:
    """Opening and closing instants (naive UTC) of a calendar."""
    frame = pd.DataFrame(hours, columns=["weekday", "opens_at", "closes_at"])
    frame = frame.assign(time_zone=zone, country=country, subdivision=subdivision)
    days = pd.DataFrame(
        [(date.fromisoformat(day), is_open) for day, is_open in (own or {}).items()],
        columns=["holiday_on", "is_open"],
    )
    opens, closes = MODEL.windows_of(frame, days)
    epoch = np.datetime64("1970-01-01T00:00")
    return [
        (a.astype(datetime), b.astype(datetime))
        for a, b in zip(
            epoch + opens.astype("timedelta64[m]"), epoch + closes.astype("timedelta64[m]"), strict=True
        )
    ]


def macros() -> Any:
    """The macros of the models, rendered without dbt."""
    text = "".join((DBT_PROJECT / "macros" / f"{name}.sql").read_text() for name in ("time", "calendars"))
    template = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(text)
    known: dict[str, Any] = {}
    names = {
        "return": lambda value: value,
        "ref": lambda name: name,
        "adapter": type("Adapter", (), {"dispatch": staticmethod(lambda name: known[f"duckdb__{name}"])}),
        "var": lambda name: name,
    }
    module = template.make_module(names)
    known.update({name: getattr(module, name) for name in dir(module) if name.startswith("duckdb__")})
    return module


class Clock:
    """A calendar's minutes and instants, looked up as the models do it."""

    def __init__(self, opened: list[tuple[datetime, datetime]]) -> None:
        minutes = [
            [int(instant.replace(tzinfo=UTC).timestamp()) // 60 for instant in side]
            for side in zip(*opened, strict=True)
        ]
        self.sql = macros()
        self.connection = duckdb.connect()
        self.connection.register("laid_out", MODEL.by_day("c", *minutes))
        self.connection.execute("create table int_calendar_windows as from laid_out")

    def minute(self, instant: datetime) -> float:
        join = self.sql.join_window_at("w", "facts.calendar_id", "facts.instant")
        found = self.connection.execute(
            f"select {self.sql.minute_at('w', 'facts.instant')} "
            f"from (select 'c' as calendar_id, ?::timestamp as instant) as facts {join}",
            [instant],
        ).fetchone()
        assert found is not None
        return float(found[0])

    def instant(self, minute: float) -> datetime:
        join = self.sql.join_window_of("w", "facts.calendar_id", "facts.minute")
        found = self.connection.execute(
            f"select {self.sql.instant_of('w', 'facts.minute')} "
            f"from (select 'c' as calendar_id, ?::double as minute) as facts {join}",
            [minute],
        ).fetchone()
        assert found is not None
        assert isinstance(found[0], datetime)
        return found[0]

    def due(self, made: datetime, target: float) -> datetime:
        return self.instant(self.minute(made) + target)


OFFICE: list[Hours] = [(weekday, "09:00", "17:00") for weekday in range(1, 6)]


def test_540_minutes_over_two_windows_fall_due_at_the_same_second_of_the_next_day() -> None:
    clock = Clock(windows([(2, "14:30", "23:30"), (3, "14:30", "23:30")], "UTC"))

    assert clock.due(at("2023-10-17 14:51:01"), 540) == at("2023-10-18 14:51:01")


@pytest.mark.parametrize(
    ("friday", "monday"),
    [
        # The clocks go on on 31 March and back on 27 October 2024: the office opens by its own wall clock.
        (at("2024-03-29 15:00"), at("2024-04-01 14:00")),
        (at("2024-10-25 14:00"), at("2024-10-28 15:00")),
    ],
)
def test_an_office_day_has_eight_hours_on_both_sides_of_a_change_of_clocks(
    friday: datetime, monday: datetime
) -> None:
    clock = Clock(windows(OFFICE, "Europe/Berlin"))

    assert clock.due(friday, 480) == monday
    assert clock.minute(monday) - clock.minute(friday) == 480


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2024, 3, 31), 23), (date(2024, 10, 27), 25), (date(2024, 7, 7), 24)]
)
def test_a_calendar_that_never_closes_counts_the_hours_that_a_day_really_has(day: date, hours: int) -> None:
    clock = Clock(windows([(weekday, "00:00", "24:00") for weekday in range(1, 8)], "Europe/Berlin"))

    midnights = [
        datetime.combine(d, time(), ZoneInfo("Europe/Berlin")).astimezone(UTC).replace(tzinfo=None)
        for d in (day, day + timedelta(days=1))
    ]
    assert clock.minute(midnights[1]) - clock.minute(midnights[0]) == hours * 60


def test_what_falls_due_with_the_last_minute_of_a_window_is_due_when_it_closes() -> None:
    clock = Clock(windows(OFFICE, "UTC"))

    assert clock.due(at("2024-07-05 09:00"), 480) == at("2024-07-05 17:00")
    assert clock.due(at("2024-07-05 20:00"), 480) == at("2024-07-08 17:00")


def test_hours_that_the_clocks_leave_out_are_not_open_and_those_that_come_twice_are_open_once() -> None:
    """In Berlin 02:00 to 03:00 is left out on 31 March 2024, and comes twice on 27 October."""
    opened = windows([(7, "01:30", "02:15"), (7, "02:30", "03:15")], "Europe/Berlin")

    assert (at("2024-03-31 00:30"), at("2024-03-31 01:00")) in opened
    assert (at("2024-03-31 01:00"), at("2024-03-31 01:15")) in opened
    assert (at("2024-10-26 23:30"), at("2024-10-27 00:15")) in opened
    assert (at("2024-10-27 00:30"), at("2024-10-27 02:15")) in opened


def test_a_shift_that_crosses_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    opened = windows([(5, "22:00", "06:00")], "UTC", own={"2024-01-13": False, "2024-01-19": False})

    assert (at("2024-01-12 22:00"), at("2024-01-13 06:00")) in opened
    assert not [window for window in opened if window[0].date() == date(2024, 1, 19)]


def test_public_holidays_of_the_country_and_its_part_are_closed_and_own_days_win() -> None:
    def days(*arguments: Any) -> set[date]:
        return {opens.date() for opens, _ in windows(OFFICE, "Europe/Berlin", *arguments)}

    german, bavarian = days("DE"), days("DE", "BY")
    own = days("DE", None, {"2024-05-01": True, "2024-12-24": False})

    assert date(2024, 5, 1) not in german
    assert date(2024, 1, 2) in german
    assert date(2024, 11, 1) in german
    assert date(2024, 11, 1) not in bavarian
    assert date(2024, 5, 1) in own
    assert date(2024, 12, 24) not in own
    assert date(2024, 12, 24) in german


def test_a_holiday_in_between_puts_the_due_time_off_by_a_day() -> None:
    made = at("2024-04-30 14:00")

    assert Clock(windows(OFFICE, "Europe/Berlin")).due(made, 120) == at("2024-05-01 08:00")
    assert Clock(windows(OFFICE, "Europe/Berlin", "DE")).due(made, 120) == at("2024-05-02 08:00")


@st.composite
def weeks(draw: st.DrawFn) -> list[Hours]:
    """Windows of a week that do not overlap, at times across midnight."""
    cuts = sorted(draw(st.sets(st.integers(0, 7 * 96 - 1), min_size=2, max_size=12)))
    found: list[Hours] = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        end = min(end, start + 95)
        clocks = [f"{(q % 96) // 4:02}:{(q % 4) * 15:02}" for q in (start, end)]
        found.append((start // 96 + 1, clocks[0], clocks[1]))
    return found


def oracle(hours: list[Hours], zone: str, since: datetime, until: datetime) -> float:
    """Open minutes between two instants, by looking at each local day on its own."""
    total, day = 0.0, since.date() - timedelta(days=3)
    while day <= until.date() + timedelta(days=3):
        for weekday, opens_at, closes_at in hours:
            if weekday != day.isoweekday():
                continue
            opens = _utc(day, opens_at, zone)
            closes = _utc(day + timedelta(days=int(closes_at <= opens_at)), closes_at, zone)
            total += max(0.0, (min(closes, until) - max(opens, since)).total_seconds() / 60)
        day += timedelta(days=1)
    return total


def _utc(day: date, clock: str, zone: str) -> datetime:
    """The first instant at which the zone's clocks show this time or a later one."""
    at = datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone))
    utc = at.astimezone(UTC)
    if utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != at.replace(tzinfo=None):
        while (utc - timedelta(minutes=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None) > at.replace(
            tzinfo=None
        ):
            utc -= timedelta(minutes=1)
    return utc.replace(tzinfo=None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    hours=weeks(),
    zone=st.sampled_from(ZONES),
    day=st.sampled_from(DAYS),
    seconds=st.lists(st.integers(0, 6 * 86_400), min_size=2, max_size=2),
    target=st.integers(1, 600),
)
def test_minutes_and_instants_are_those_of_counting_every_window(
    hours: list[Hours], zone: str, day: date, seconds: list[int], target: int
) -> None:
    clock = Clock(windows(hours, zone))
    since, until = sorted(datetime.combine(day, time()) + timedelta(seconds=s) for s in seconds)

    assert clock.minute(until) - clock.minute(since) == pytest.approx(
        oracle(hours, zone, since, until), abs=1e-6
    )

    due = clock.due(since, target)
    assert oracle(hours, zone, since, due) == pytest.approx(target, abs=1e-6)
    assert oracle(hours, zone, since, due - timedelta(seconds=1)) < target

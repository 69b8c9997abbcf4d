"""The opening hours of every business calendar that a source names, as instants in UTC.

With the running count of open minutes before each window, business time is one look-up: the calendar's
minute at an instant, or the instant at a minute. Holidays come from the `holidays` library for the
calendar's country, and from the workspace's own days, which win.
"""

#: Every instant that the gate lets in lies between: the count never shifts when older data arrive.
FIRST_DAY, LAST_DAY = "1989-12-01", "2100-02-01"
COLUMNS = {
    "calendar_id": "varchar",
    "day": "integer",
    "opens_at": "timestamp",
    "closes_at": "timestamp",
    "next_opens_at": "timestamp",
    "minutes_before": "double",
}


def model(dbt, session):
    """One row per calendar, UTC day and window that is the last one opened at some instant of the day: day
    (since 1970), opens_at, closes_at, next_opens_at (UTC), minutes_before (open minutes since 1989).
    """
    dbt.config(materialized="incremental", incremental_strategy="append")
    named = dbt.source("raw", "_sources").filter("calendar_id is not null").project("calendar_id").distinct()
    hours = dbt.ref("business_calendars").order("calendar_id, weekday, opens_at")
    own_days = dbt.ref("calendar_holidays").order("calendar_id, holiday_on")
    # Nothing in them depends on data: an incremental build keeps what a full one has made.
    calendars = [] if dbt.is_incremental else sorted(calendar for (calendar,) in named.fetchall())
    if not calendars:
        # without loading what lays them out
        nothing = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in COLUMNS.items())
        return session.sql(f"select {nothing} where false")
    import pyarrow as pa

    hours, own_days = hours.df(), own_days.df()
    parts = []
    for calendar in calendars:
        windows = hours[hours["calendar_id"] == calendar]
        if windows.empty:
            raise ValueError(
                f"A source names the calendar {calendar!r}, and business_calendars has no windows for it"
            )
        opens, closes = windows_of(windows, own_days[own_days["calendar_id"] == calendar])
        parts.append(by_day(calendar, opens, closes))
    return pa.concat_tables(parts)


def by_day(calendar, opens, closes):
    """The windows of one calendar as a table: a look-up is then one equal day and two comparisons."""
    import numpy as np
    import pyarrow as pa

    opens, closes = np.array(opens, dtype=np.int64), np.array(closes, dtype=np.int64)
    lengths = closes - opens
    following = np.append(opens[1:], int(np.datetime64(LAST_DAY).astype(np.int64)) * 1440)[: len(opens)]
    first, last = opens // 1440, (following - 1) // 1440
    window = np.repeat(np.arange(len(opens)), last - first + 1)
    nth = np.arange(len(window)) - np.searchsorted(window, window)

    def instants(minutes):
        return pa.array(minutes[window] * 60_000_000, pa.int64()).cast(pa.timestamp("us"))

    return pa.table(
        {
            "calendar_id": pa.array([calendar] * len(window), pa.string()),
            "day": pa.array(first[window] + nth, pa.int32()),
            "opens_at": instants(opens),
            "closes_at": instants(closes),
            "next_opens_at": instants(following),
            "minutes_before": pa.array((lengths.cumsum() - lengths)[window], pa.float64()),
        }
    )


def windows_of(hours, own_days):
    """Opening and closing minutes (UTC, since 1970) of one calendar, in order. A window belongs to the
    local day on which it opens; one that closes at or before its opening ends on the next day.
    """
    import numpy as np

    days = np.arange(np.datetime64(FIRST_DAY), np.datetime64(LAST_DAY)).astype(np.int64)
    country, subdivision = hours["country"].iloc[0], hours["subdivision"].iloc[0]
    days = days[~np.isin(days, closed_days(country, subdivision, own_days))]
    weekdays = (days + 3) % 7 + 1
    starts, lengths = [], []
    for weekday, opens_at, closes_at in zip(
        hours["weekday"], hours["opens_at"], hours["closes_at"], strict=True
    ):
        opens, closes = minute_of(opens_at), minute_of(closes_at)
        of_weekday = days[weekdays == weekday] * 1440 + opens
        starts.append(of_weekday)
        lengths.append(
            np.full(len(of_weekday), (closes - opens) if closes > opens else closes + 1440 - opens)
        )
    local = np.concatenate(starts)
    order = np.argsort(local)
    changes = offset_changes(hours["time_zone"].iloc[0])
    opens = to_utc(local[order], *changes)
    closes = to_utc(local[order] + np.concatenate(lengths)[order], *changes)
    return opens[closes > opens], closes[closes > opens]


def closed_days(country, subdivision, own_days):
    """Days since 1970 on which a calendar stays closed."""
    import numpy as np

    closed = set()
    if isinstance(country, str) and country:
        import holidays

        years = range(int(FIRST_DAY[:4]), int(LAST_DAY[:4]) + 1)
        subdivision = subdivision if isinstance(subdivision, str) and subdivision else None
        closed = {
            np.datetime64(day) for day in holidays.country_holidays(country, subdiv=subdivision, years=years)
        }
    for day, is_open in zip(own_days["holiday_on"], own_days["is_open"], strict=True):
        (closed.discard if is_open else closed.add)(np.datetime64(day, "D"))
    return np.array(sorted(closed), dtype="datetime64[D]").astype(np.int64)


def offset_changes(time_zone):
    """Instants (UTC minutes) at which a zone's offset changes, and the offsets before, between and after."""
    from datetime import UTC, datetime, timedelta
    from zoneinfo import ZoneInfo

    import numpy as np

    zone, epoch = ZoneInfo(time_zone), datetime(1970, 1, 1, tzinfo=UTC)

    def offset(minute):
        local = (epoch + timedelta(minutes=minute)).astimezone(zone)
        return round(local.utcoffset().total_seconds() / 60)

    first, last = (int(np.datetime64(day).astype(np.int64)) * 1440 for day in (FIRST_DAY, LAST_DAY))
    changes, offsets = [], [offset(first - 2880)]
    for day in range(first - 1440, last + 2880, 1440):
        if offset(day) != offsets[-1]:
            low, high = day - 1440, day
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == offsets[-1] else (low, middle)
            changes.append(high)
            offsets.append(offset(high))
    return np.array(changes, dtype=np.int64), np.array(offsets, dtype=np.int64)


def to_utc(local, changes, offsets):
    """Local minutes as UTC minutes. A time that occurs twice is its first; one that is left out is the
    instant at which the clocks go on.
    """
    import numpy as np

    turns = changes + np.maximum(offsets[:-1], offsets[1:])
    place = np.searchsorted(turns, local, side="right")
    next_change = np.append(changes, np.iinfo(np.int64).max)
    return np.minimum(local - offsets[place], next_change[place])


def minute_of(clock):
    """Minutes since midnight of HH:MM; 24:00 is the day's end."""
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)

"""Text becomes a value exactly, or is refused by the name of a rule: never rounded, bent or guessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gapwatch import casts
from gapwatch.casts import Dialect

BERLIN = Dialect(time_zone="Europe/Berlin")
NO_ZONE = Dialect()


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = duckdb.connect()
    opened.execute("set TimeZone = 'UTC'")
    yield opened
    opened.close()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def cast(
    connection: duckdb.DuckDBPyConnection,
    sql_type: str,
    text: str | None,
    dialect: Dialect = BERLIN,
    *,
    is_key: bool = False,
) -> tuple[object, str | None]:
    """Value and broken rule of one text, through all layers."""
    quick = casts.plain(sql_type, "text", dialect, is_key=is_key)
    return through_the_layers(connection, sql_type, [text], dialect, quick, is_key=is_key)[0]


def through_the_layers(
    connection: duckdb.DuckDBPyConnection,
    sql_type: str,
    texts: list[str | None],
    dialect: Dialect,
    quick: str,
    *,
    is_key: bool,
) -> list[tuple[object, str | None]]:
    """Value and broken rule of each text, where ``quick`` is the first layer."""
    rule = casts.error(sql_type, "clean", "parsed", dialect, is_key=is_key) or "null"
    value = casts.value(sql_type, "parsed")
    slow = casts.parsed(sql_type, "clean", dialect, is_key=is_key)
    query = (
        f"with texts as (select unnest(?::varchar[]) as text), "
        f"plain as (select text, {quick} as quick from texts), "
        f"cleaned as (select *, {casts.cleaned_unless('quick', 'text')} as clean from plain), "
        f"parsed as (select *, {casts.either('quick', 'clean', slow)} as parsed from cleaned), "
        f"typed as (select *, {value} as value from parsed) select value, "
        f"case when value is null and (parsed is not null or clean is not null) then {rule} end from typed"
    )
    return [(found[0], found[1]) for found in connection.execute(query, [texts]).fetchall()]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6.5", 6.5),
        (" 7 ", 7.0),
        ("-0.25", -0.25),
        ("+3", 3.0),
        ("1e3", 1000.0),
        ("\u00a05\u200b", 5.0),
        ("9007199254740991", 9007199254740991.0),
    ],
)
def test_a_number_is_read_as_written(connection: duckdb.DuckDBPyConnection, text: str, value: float) -> None:
    assert cast(connection, "DOUBLE", text) == (value, None)


@pytest.mark.parametrize(
    "text",
    [
        "1_000",
        "nan",
        "NaN",
        "inf",
        "-Infinity",
        "1e400",
        "0x10",
        "1,5",
        "1.000,5",
        "five",
        "6%",
        "9007199254740993",
    ],
)
def test_what_is_no_exact_number_is_refused(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert cast(connection, "DOUBLE", text) == (None, "value_type")


def test_a_decimal_comma_is_read_where_it_is_declared(connection: duckdb.DuckDBPyConnection) -> None:
    comma = Dialect(decimal=",")
    assert cast(connection, "DOUBLE", "1,5", comma) == (1.5, None)
    assert cast(connection, "INTEGER", "7,0", comma) == (7, None)
    for ambiguous in ("1.5", "1.000,5", "1,000,5"):
        assert cast(connection, "DOUBLE", ambiguous, comma) == (None, "value_type")


def test_an_integer_is_exact_or_refused(connection: duckdb.DuckDBPyConnection) -> None:
    assert cast(connection, "INTEGER", "7") == (7, None)
    assert cast(connection, "INTEGER", "7.0") == (7, None)
    for text in ("6.5", "7.0000000000000000001", "1_000", "99999999999", "0x10", ""):
        assert cast(connection, "INTEGER", text) == (None, "value_type" if text else None)


def test_truth_has_its_usual_words_only(connection: duckdb.DuckDBPyConnection) -> None:
    for text in ("true", "True", "t", "yes", "1", " TRUE "):
        assert cast(connection, "BOOLEAN", text) == (True, None)
    for text in ("false", "no", "0"):
        assert cast(connection, "BOOLEAN", text) == (False, None)
    for text in ("ja", "2", "on"):
        assert cast(connection, "BOOLEAN", text) == (None, "value_type")


def test_nothing_but_blanks_is_empty_and_no_error(connection: duckdb.DuckDBPyConnection) -> None:
    for sql_type in ("VARCHAR", "DOUBLE", "INTEGER", "BOOLEAN", "DATE", "TIMESTAMP"):
        for text in (None, "", "  ", "\u00a0\u200b\ufeff\t"):
            assert cast(connection, sql_type, text) == (None, None)


def test_text_is_trimmed_and_in_one_normal_form(connection: duckdb.DuckDBPyConnection) -> None:
    assert cast(connection, "VARCHAR", "\u00a0Mu\u0308ller\u200b ") == ("Müller", None)
    assert cast(connection, "VARCHAR", "新星公司\u3000") == ("新星公司", None)
    assert cast(connection, "VARCHAR", "two\nlines") == ("two\nlines", None)


def test_a_key_with_control_characters_or_invisible_marks_is_refused(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    assert cast(connection, "VARCHAR", " A1\u200b", is_key=True) == ("A1", None)
    assert cast(connection, "VARCHAR", "Mu\u0308ller 7", is_key=True) == ("Müller 7", None)
    for text in ("A\x001", "A\x1f1", "A\n1", "A\u200b1", "A\u202e1", "A\ufeff1"):
        assert cast(connection, "VARCHAR", text, is_key=True) == (None, "key_characters")


def test_local_time_is_read_in_the_declared_zone(connection: duckdb.DuckDBPyConnection) -> None:
    summer = at("2024-07-01 08:30")
    for text in (
        "2024-07-01 10:30:00",
        "2024-07-01T10:30:00",
        "2024-07-01 10:30",
        " 2024-07-01T10:30:00.000 ",
    ):
        assert cast(connection, "TIMESTAMP", text) == (summer, None)
    assert cast(connection, "TIMESTAMP", "2024-01-01 10:30:00") == (at("2024-01-01 09:30"), None)
    assert cast(connection, "TIMESTAMP", "2024-02-29") == (at("2024-02-28 23:00"), None)


def test_an_offset_is_kept_and_not_dropped(connection: duckdb.DuckDBPyConnection) -> None:
    for text, hour in {
        "2024-07-01T10:30:00Z": 10,
        "2024-07-01 10:30:00 UTC": 10,
        "2024-07-01T10:30:00+02:00": 8,
        "2024-07-01 10:30:00 +0200": 8,
        "2024-07-01T10:30+02": 8,
        "2024-07-01T10:30:00.000-03:00": 13,
    }.items():
        for dialect in (BERLIN, NO_ZONE):
            assert cast(connection, "TIMESTAMP", text, dialect) == (at(f"2024-07-01 {hour:02d}:30"), None)


def test_a_naive_instant_needs_a_declared_zone(connection: duckdb.DuckDBPyConnection) -> None:
    for text in ("2024-07-01 10:30:00", "2024-07-01T10:30", "2024-07-01"):
        assert cast(connection, "TIMESTAMP", text, NO_ZONE) == (None, "naive_instant")
    assert cast(connection, "TIMESTAMP", "soon", NO_ZONE) == (None, "value_type")


def test_a_missing_hour_moves_forward_and_a_doubled_one_is_the_second(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    assert cast(connection, "TIMESTAMP", "2024-03-31 02:30:00") == (at("2024-03-31 01:30"), None)
    assert cast(connection, "TIMESTAMP", "2024-03-31 03:30:00") == (at("2024-03-31 01:30"), None)
    assert cast(connection, "TIMESTAMP", "2024-10-27 02:30:00") == (at("2024-10-27 01:30"), None)


@pytest.mark.parametrize(
    "text",
    [
        "infinity",
        "epoch",
        "2024-13-01 00:00:00",
        "2023-02-29 00:00:00",
        "2024-07-01 25:00:00",
        "01.07.2024 10:30",
        "2024/07/01 10:30:00",
        "2024-07-01 10:30:00 Europe/Berlin",
        "2024-07-01T10:30:00+99:00",
        "2024-07-01 (BC)",
        "1719829800",
    ],
)
def test_what_is_no_instant_is_refused(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert cast(connection, "TIMESTAMP", text) == (None, "value_type")


@pytest.mark.parametrize(
    "text", ["0001-01-01 00:00:00", "1989-12-31 10:00:00", "9999-12-31 00:00:00", "2100-01-02"]
)
def test_an_instant_outside_its_window_is_refused(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert cast(connection, "TIMESTAMP", text) == (None, "instant_window")


def test_declared_formats_are_the_only_ones(connection: duckdb.DuckDBPyConnection) -> None:
    german = Dialect(
        time_zone="Europe/Berlin",
        timestamp_formats=("%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S %z"),
        date_formats=("%d.%m.%Y",),
    )
    assert cast(connection, "TIMESTAMP", "01.07.2024 10:30", german) == (at("2024-07-01 08:30"), None)
    assert cast(connection, "TIMESTAMP", "01/07/2024 10:30:00 -0300", german) == (
        at("2024-07-01 13:30"),
        None,
    )
    assert cast(connection, "TIMESTAMP", "2024-07-01 10:30:00", german) == (None, "value_type")
    assert cast(connection, "DATE", "03.04.2024", german) == (date(2024, 4, 3), None)
    assert cast(connection, "DATE", "2024-04-03", german) == (None, "value_type")
    no_zone = Dialect(timestamp_formats=("%d.%m.%Y %H:%M",))
    assert cast(connection, "TIMESTAMP", "01.07.2024 10:30", no_zone) == (None, "naive_instant")


def test_a_day_is_a_day(connection: duckdb.DuckDBPyConnection) -> None:
    assert cast(connection, "DATE", "2024-02-29") == (date(2024, 2, 29), None)
    assert cast(connection, "DATE", "2024-02-29 00:00:00") == (date(2024, 2, 29), None)
    assert cast(connection, "DATE", "1971-03-01") == (date(1971, 3, 1), None)
    for text in ("2023-02-29", "2024-02-29 10:00:00", "2024/02/29", "2024-02-29T00:00:00+02:00"):
        assert cast(connection, "DATE", text) == (None, "value_type")
    for text in ("9999-12-31", "1850-01-01", "infinity"):
        assert cast(connection, "DATE", text) == (None, "instant_window")


#: Texts of each kind as systems write them; the test below bends them.
WRITTEN = [
    "2024-10-27 02:30:00",
    "2024-10-27T02:30:00",
    "2024-10-27T02:30:00Z",
    "2024-10-27 02:30:00+02:00",
    "2024-02-30 12:00:00",
    "1989-12-31 23:59:59",
    "2024-10-27",
    "0",
    "-17",
    "2147483647",
    "-2147483648",
    "6.50",
    "1e3",
    "true",
    "No",
    "A-000017",
    "Ticket 17 of M\u00fcller & S\u00f6hne",
    "a",
]
BENDS = [
    "",
    " ",
    "\t",
    "\n",
    "\x00",
    "\x1f",
    "\x7f",
    "\u00a0",
    "\u200b",
    "\u0308",
    "\u00e9",
    "\U0001f600",
    "T",
    "Z",
    "+",
]
BENDS += ["-", ".", ",", "_", "0", "9", "e", '"']


@st.composite
def bent(draw: st.DrawFn) -> str:
    """A usual text in which some characters were replaced, inserted or left out."""
    text = draw(st.sampled_from(WRITTEN))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(text)))
        taken = draw(st.integers(0, 1))
        text = text[:place] + draw(st.sampled_from(BENDS)) + text[place + taken :]
    return text


@pytest.mark.parametrize("dialect", [BERLIN, NO_ZONE, Dialect(time_zone="UTC", decimal=",")], ids=str)
@pytest.mark.parametrize("is_key", [False, True])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.none() | bent() | st.text(max_size=12), min_size=1, max_size=60))
def test_what_is_read_quickly_is_read_as_by_the_slow_way(
    connection: duckdb.DuckDBPyConnection, dialect: Dialect, is_key: bool, texts: list[str | None]
) -> None:
    for sql_type in ("VARCHAR", "INTEGER", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP"):
        quick, slow = (
            through_the_layers(connection, sql_type, texts, dialect, first, is_key=is_key)
            for first in (casts.plain(sql_type, "text", dialect, is_key=is_key), f"null::{sql_type}")
        )
        if sql_type == "TIMESTAMP":
            # " 024-10-27 02:30:00" is refused by both: for its year by one, for its form by the other.
            quick, slow = ([(v, rule is None) for v, rule in found] for found in (quick, slow))
        assert quick == slow

"""From text to typed values, by rule: the cast accepts a value exactly or refuses it by name.

A plain SQL cast rounds (``'6.5'::int`` is 7), reads ``1_000`` and ``infinity``, and drops the offset
of ``2024-10-27T02:30:00+02:00``. The expressions below never do. Each contract column passes layers,
every one a SQL expression over the layer before:

1. *plain*: the value of a text that is written in the usual way, which nearly all are;
2. *cleaned*: any other text in one normal form: NFC, without blanks around it (no-break and zero-width
   ones as well); empty becomes null;
3. *parsed*: the value of either, null where the text is none;
4. *value* and *error*: the value inside its window, and the name of the rule that it broke.

Instants: ISO 8601, or the formats that the source declares and then only those. Text with an offset
is converted to UTC; text without one is local time of the declared zone. A local time that daylight
saving leaves out moves forward by the missing hour (02:30 reads as 03:30); of a doubled hour it is
the second one, in standard time. A day alone is its first instant.
"""

from __future__ import annotations

from dataclasses import dataclass

INSTANT_WINDOW = ("1990-01-01", "2100-01-01")
#: A contract can be older than any ticket system, so days reach further back than instants.
DAY_WINDOW = ("1900-01-01", "2100-01-01")

VALUE_TYPE = "value_type"
NAIVE_INSTANT = "naive_instant"
OUT_OF_WINDOW = "instant_window"
KEY_CHARACTERS = "key_characters"
#: Rules that a cast can name, in the order in which they are reported.
CAST_RULES = (KEY_CHARACTERS, VALUE_TYPE, NAIVE_INSTANT, OUT_OF_WINDOW)

_BLANKS = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
_PLAIN_TEXT = "[!-~]([ -~]*[!-~])?"
_NOT_IN_A_KEY = (
    r"[\x00-\x1f\x7f-\x{9f}\x{ad}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{fffd}]"
)
_CLOCK = r"[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?"
_NAIVE = rf"\d{{4}}-\d{{2}}-\d{{2}}({_CLOCK})?"
_OFFSET = rf"\d{{4}}-\d{{2}}-\d{{2}}{_CLOCK} ?(Z|UTC|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
_EXACT_ABOVE = 9007199254740992
_LARGEST_INTEGER = 2147483647


@dataclass(frozen=True)
class Dialect:
    """How a source writes values: its zone (null: none declared), its formats, its decimal mark."""

    time_zone: str | None = None
    timestamp_formats: tuple[str, ...] = ()
    date_formats: tuple[str, ...] = ()
    decimal: str = "."


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def plain(sql_type: str, text: str, dialect: Dialect, *, is_key: bool = False) -> str:
    """Layer 1: the value where it is written in the usual way; null sends the text to the next layer."""
    if sql_type == "VARCHAR":
        # What stands inside matters in a key alone, and a regular expression costs more than all the rest.
        is_plain = is_plain_text(text) if is_key else _has_plain_ends(text)
        return f"case when {is_plain} then {text} end"
    if sql_type == "TIMESTAMP" and not dialect.timestamp_formats:
        return f"case {_usual_instants(text, dialect)} end"
    if sql_type == "INTEGER":
        # A cast alone rounds and forgives; what it writes back as it was read, it took exactly.
        whole = f"try_cast({text} as integer)"
        return (
            f"case when cast({whole} as varchar) = {text} and {whole} >= -{_LARGEST_INTEGER} then {whole} end"
        )
    return parsed(sql_type, text, dialect, is_key=False)


def cleaned(text: str) -> str:
    """Layer 2: the text in one normal form, without blanks around it; null when nothing is left."""
    return f"nullif(trim(nfc_normalize({text}), {quoted(_BLANKS)}), '')"


def cleaned_unless(quick: str, text: str) -> str:
    """Layer 2 for the texts alone that layer 1 did not read: most chunks of rows have none."""
    return f"case when {quick} is null and {text} is not null then {cleaned(text)} end"


def either(quick: str, clean: str, slow: str) -> str:
    """Layer 3 where there is a cleaned text, else what layer 1 read: a chunk without any is not copied."""
    return f"case when {clean} is null then {quick} else {slow} end"


def is_plain_text(text: str) -> str:
    """SQL condition: the text is its own normal form, by being ASCII without blanks around it."""
    return f"regexp_full_match({text}, {quoted(_PLAIN_TEXT)})"


def _has_plain_ends(text: str) -> str:
    """SQL condition: ASCII alone, the first and the last of it neither blanks nor control characters."""
    return f"strlen({text}) = length({text}) and {text} >= '!' and {text}[-1] >= '!'"


def parsed(sql_type: str, text: str, dialect: Dialect, *, is_key: bool) -> str:
    """Layer 3: the value of a cleaned text, null where it is not one. Windows are not looked at."""
    if sql_type == "VARCHAR":
        return (
            f"case when not regexp_matches({text}, {quoted(_NOT_IN_A_KEY)}) then {text} end"
            if is_key
            else text
        )
    if sql_type == "DOUBLE":
        return _number(text, dialect)
    if sql_type == "INTEGER":
        return _integer(text, dialect)
    if sql_type == "BOOLEAN":
        return f"try_cast({text} as boolean)"
    return _day(text, dialect) if sql_type == "DATE" else _instant(text, dialect)


def value(sql_type: str, parsed_value: str) -> str:
    """Layer 4: the value where it lies inside its window."""
    window = _window(sql_type)
    if window is None:
        return parsed_value
    return f"case when {parsed_value} >= {window[0]} and {parsed_value} < {window[1]} then {parsed_value} end"


def error(sql_type: str, text: str, parsed_value: str, dialect: Dialect, *, is_key: bool) -> str | None:
    """Layer 4: name of the broken rule for a row whose text gave no value; None where nothing can break."""
    if sql_type == "VARCHAR":
        return quoted(KEY_CHARACTERS) if is_key else None
    if _window(sql_type) is None:
        return quoted(VALUE_TYPE)
    naive = ""
    if sql_type == "TIMESTAMP" and dialect.time_zone is None:
        naive = f"when {_reads_as_naive(text, dialect)} then {quoted(NAIVE_INSTANT)} "
    outside = f"when {parsed_value} is not null then {quoted(OUT_OF_WINDOW)} "
    return f"case {outside}{naive}else {quoted(VALUE_TYPE)} end"


def _window(sql_type: str) -> tuple[str, str] | None:
    if sql_type not in {"DATE", "TIMESTAMP"}:
        return None
    low, high = DAY_WINDOW if sql_type == "DATE" else INSTANT_WINDOW
    return f"{sql_type} {quoted(low)}", f"{sql_type} {quoted(high)}"


def _decimal_text(text: str, dialect: Dialect) -> str:
    if dialect.decimal == ".":
        return text
    return f"case when not contains({text}, '.') then replace({text}, {quoted(dialect.decimal)}, '.') end"


def _number(text: str, dialect: Dialect) -> str:
    plain = _decimal_text(text, dialect)
    number = f"try_cast({plain} as double)"
    # nan and inf fail the comparison or isfinite; past 2^53 a double no longer tells neighbours apart.
    return (
        f"case when isfinite({number}) and abs({number}) < {_EXACT_ABOVE} and not contains({text}, '_') "
        f"then {number} end"
    )


def _integer(text: str, dialect: Dialect) -> str:
    plain = _decimal_text(text, dialect)
    number = f"try_cast({plain} as double)"
    return (
        f"case when {number} = floor({number}) and abs({number}) <= {_LARGEST_INTEGER} "
        f"and not contains({text}, '_') "
        f"and (not contains({plain}, '.') or regexp_full_match({plain}, '[+-]?\\d+[.]0*')) "
        f"then try_cast({number} as integer) end"
    )


def _day(text: str, dialect: Dialect) -> str:
    if dialect.date_formats:
        return f"cast({_first_format(text, dialect.date_formats)} as date)"
    day = f"try_cast({text} as date)"
    # The round trip admits exactly YYYY-MM-DD; a bare cast also reads 2024/10/27, 'epoch' and '… (BC)'.
    return (
        f"case when cast({day} as varchar) = {text} then {day} "
        f"when regexp_full_match({text}, '\\d{{4}}-\\d{{2}}-\\d{{2}}[T ]00:00(:00([.]0+)?)?') then {day} end"
    )


def _instant(text: str, dialect: Dialect) -> str:
    if dialect.timestamp_formats:
        formats = [
            f"timezone('UTC', try_strptime({text}, {quoted(form)}))"
            if _has_offset(form)
            else _in_utc(f"try_strptime({text}, {quoted(form)})", dialect)
            for form in dialect.timestamp_formats
        ]
        return f"coalesce({', '.join(formats)})"
    naive = _in_utc(f"try_cast({text} as timestamp)", dialect)
    with_sign = f"regexp_replace(regexp_replace({text}, ' ?(Z|UTC)$', '+00'), ' ([+-])', '\\1')"
    return (
        f"case {_usual_instants(text, dialect)} "
        f"when regexp_full_match({text}, {quoted(_OFFSET)}) "
        f"then timezone('UTC', try_cast({with_sign} as timestamptz)) "
        f"when regexp_full_match({text}, {quoted(_NAIVE)}) then {naive} end"
    )


def _usual_instants(text: str, dialect: Dialect) -> str:
    # With the separators in their places a plain cast has no offset that it could drop.
    naive = _in_utc(f"try_cast({text} as timestamp)", dialect)
    return (
        f"when {text} like '____-__-__ __:__:__' or {text} like '____-__-__T__:__:__' then {naive} "
        f"when {text} like '____-__-__T__:__:__Z' then try_cast({text} as timestamp)"
    )


def _reads_as_naive(text: str, dialect: Dialect) -> str:
    if dialect.timestamp_formats:
        naive = tuple(form for form in dialect.timestamp_formats if not _has_offset(form))
        return f"{_first_format(text, naive)} is not null" if naive else "false"
    return f"(regexp_full_match({text}, {quoted(_NAIVE)}) and try_cast({text} as timestamp) is not null)"


def _first_format(text: str, formats: tuple[str, ...]) -> str:
    return f"coalesce({', '.join(f'try_strptime({text}, {quoted(form)})' for form in formats)})"


def _has_offset(form: str) -> bool:
    return "%z" in form or "%Z" in form


def _in_utc(naive: str, dialect: Dialect) -> str:
    if dialect.time_zone is None:
        return "cast(null as timestamp)"
    if dialect.time_zone in {"UTC", "Etc/UTC"}:
        return naive
    return f"timezone('UTC', timezone({quoted(dialect.time_zone)}, {naive}))"

"""Which of a file's columns land: matched by name, missing ones held, unmapped ones noted."""

from __future__ import annotations

from collections.abc import Sequence

from gapwatch.did_you_mean import close_names
from gapwatch.errors import HeldError, held
from gapwatch.sources import Source

MOST_NAMED = 12
#: What usually stands between fields: in a header of one field it is not the declared one that does.
SEPARATORS = (";", ",", "\t", "|")


def match(
    name: str, header: Sequence[str], wanted: Sequence[str], source: Source
) -> tuple[dict[str, int | None], list[str]]:
    """Mapped column -> place in the header (None: declared optional and missing), in order of name.

    A column is found under its exact name, else under the only one that differs in case alone, as SQL
    would find it. Raises `HeldError` columns_present or duplicate_header.
    """
    exact: dict[str, list[int]] = {}
    folded: dict[str, list[int]] = {}
    for place, column in enumerate(header):
        exact.setdefault(column, []).append(place)
        folded.setdefault(column.lower(), []).append(place)
    places: dict[str, int | None] = {}
    missing: list[str] = []
    for column in sorted(wanted):
        found = exact.get(column) or folded.get(column.lower()) or []
        if len(found) > 1:
            raise held(
                name,
                "duplicate_header",
                f"The column {column!r} stands {len(found)} times in the header",
                "export each mapped column once",
            )
        if not found and column not in source.options.optional:
            missing.append(column)
        places[column] = found[0] if found else None
    if missing:
        raise absent(name, header, missing, source)
    return places, notices(header, places)


def absent(name: str, header: Sequence[str], missing: Sequence[str], source: Source) -> HeldError:
    """Mapped columns that the file lacks, with the closest ones that it has."""
    listed = ", ".join(repr(column) for column in missing[:MOST_NAMED])
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    close = list(dict.fromkeys(near for column in missing for near in close_names(column, header)))
    hint = f"; close to it: {', '.join(repr(c) for c in close[:MOST_NAMED])}" if close else ""
    here = f"sources.{source.name}"
    step = f"correct {here}.{_mappings(missing, source)} in gapwatch.yml"
    step += " (options.optional lists what may be missing)"
    if source.reader == "csv" and len(header) == 1 and (marks := [m for m in SEPARATORS if m in header[0]]):
        hint += f"; its header is one field, with {marks[0]!r} in it"
        step = f"declare the file's separator in {here}.options, else {step}"
    return held(
        name,
        "columns_present",
        f"The file lacks {_plural(len(missing), 'mapped column')}: {listed}{more}{hint}",
        step,
    )


def notices(header: Sequence[str], places: dict[str, int | None]) -> list[str]:
    """Remarks on columns that are not mapped and on optional ones that are missing."""
    used = {place for place in places.values() if place is not None}
    extra = [column for place, column in enumerate(header) if place not in used]
    remarks = []
    if extra:
        shown = ", ".join(repr(column) for column in extra[:MOST_NAMED])
        more = f" and {len(extra) - MOST_NAMED} more" if len(extra) > MOST_NAMED else ""
        count = _plural(len(extra), "column")
        remarks.append(f"column_extra: {count} not mapped and not landed: {shown}{more}")
    empty = [column for column, place in places.items() if place is None]
    if empty:
        remarks.append(f"column_optional: not in the file, taken as empty: {', '.join(map(repr, empty))}")
    return remarks


def nulled(text: str, source: Source) -> str:
    """SQL: a text column with the dialect's texts for "no value" as null."""
    if not source.options.nulls:
        return text
    listed = ", ".join(literal(null) for null in source.options.nulls)
    return f"CASE WHEN {text} IN ({listed}) THEN NULL ELSE {text} END"


def literal(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _mappings(missing: Sequence[str], source: Source) -> str:
    """The settings that name these columns: ``columns``, and ``questions`` of a wide survey file."""
    asked = [column for column in missing if column in source.questions]
    if not asked:
        return "columns"
    return "questions" if len(asked) == len(missing) else f"columns and sources.{source.name}.questions"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

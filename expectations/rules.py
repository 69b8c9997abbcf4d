"""The vocabulary of the suites: one function a rule, each with its meaning in plain language.

Every expectation carries ``meta`` with ``rule``, ``severity`` (``row``: the failing rows are
quarantined; ``batch``: the whole batch is) and ``column``, and ``notes`` that say what is expected.
"""

from __future__ import annotations

import great_expectations.expectations as gxe

from gapwatch.casts import CAST_RULES, KEY_CHARACTERS, NAIVE_INSTANT, OUT_OF_WINDOW, VALUE_TYPE

_READABLE = {
    KEY_CHARACTERS: "No key holds control characters or invisible marks.",
    VALUE_TYPE: "Every value can be read exactly as the type of its column, without rounding or guessing.",
    NAIVE_INSTANT: "Every instant says its offset, or its source declares a time zone.",
    OUT_OF_WINDOW: "Instants lie from 1990 up to 2100, days from 1900 up to 2100.",
}


def readable() -> list[gxe.Expectation]:
    """The casts refused no value of the row (they list what they refused in ``_errors``)."""
    return [
        gxe.ExpectColumnValuesToNotMatchRegex(
            column="_errors", regex=f":{rule}( |$)", meta=_meta(rule, "row", None), notes=_READABLE[rule]
        )
        for rule in CAST_RULES
    ]


def whole(rows: int) -> gxe.Expectation:
    """The check saw all rows that were sent to it."""
    return gxe.ExpectTableRowCountToEqual(
        value=rows,
        meta=_meta("row_count", "batch", None),
        notes="The rows checked are as many as the rows of the batch.",
    )


def key(*columns: str) -> list[gxe.Expectation]:
    """Each part of the key is there."""
    return [
        gxe.ExpectColumnValuesToNotBeNull(
            column=column,
            meta=_meta("key_present", "row", column),
            notes=f"Every row has its key: {column} is never empty.",
        )
        for column in columns
    ]


def required(*columns: str) -> list[gxe.Expectation]:
    """Columns without which the row means nothing."""
    return [
        gxe.ExpectColumnValuesToNotBeNull(
            column=column, meta=_meta("required_value", "row", column), notes=f"{column} is never empty."
        )
        for column in columns
    ]


def version(history: str, column: str = "updated_at") -> list[gxe.Expectation]:
    """Where a source keeps versions, each row says when it was written."""
    return required(column) if history == "versions" else []


def one_of(column: str, values: tuple[str, ...]) -> gxe.Expectation:
    """A closed list; an unknown value is never turned into an empty one."""
    return gxe.ExpectColumnValuesToBeInSet(
        column=column,
        value_set=list(values),
        meta=_meta("unknown_value", "row", column),
        notes=f"{column} is one of {', '.join(values)}, or empty where that is allowed.",
    )


def not_in_the_future(*columns: str) -> list[gxe.Expectation]:
    """Things that have happened, happened before the batch was landed."""
    return [
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="_landed_at",
            column_B=column,
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            meta=_meta("in_the_future", "row", column),
            notes=f"{column} is not later than the moment at which the batch was landed.",
        )
        for column in columns
    ]


def not_before(later: str, earlier: str, rule: str) -> gxe.Expectation:
    """``later`` is not before ``earlier``, where both are known."""
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=later,
        column_B=earlier,
        or_equal=True,
        ignore_row_if="either_value_is_missing",
        meta=_meta(rule, "row", later),
        notes=f"{later} is not before {earlier}.",
    )


def above(greater: str, smaller: str, rule: str) -> gxe.Expectation:
    """``greater`` is more than ``smaller``, where both are known."""
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=greater,
        column_B=smaller,
        ignore_row_if="either_value_is_missing",
        meta=_meta(rule, "row", greater),
        notes=f"{greater} is greater than {smaller}.",
    )


def holds(column: str, rule: str, about: str, notes: str) -> gxe.Expectation:
    """A fact that SQL worked out for each row (``column``, true or false), said of the column ``about``."""
    return gxe.ExpectColumnValuesToBeInSet(
        column=column, value_set=[True], meta=_meta(rule, "row", about), notes=notes
    )


def unique(*columns: str) -> gxe.Expectation:
    """No two rows share a key."""
    meta = _meta("key_unique", "row", columns[0])
    notes = f"No two rows have the same {', '.join(columns)}."
    if len(columns) == 1:
        return gxe.ExpectColumnValuesToBeUnique(column=columns[0], meta=meta, notes=notes)
    return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(columns), meta=meta, notes=notes)


def within(column: str, low: float, high: float) -> gxe.Expectation:
    """A number inside its range, or empty."""
    return gxe.ExpectColumnValuesToBeBetween(
        column=column,
        min_value=low,
        max_value=high,
        meta=_meta("in_range", "row", column),
        notes=f"{column} lies from {low} to {high}, or is empty.",
    )


def _meta(rule: str, severity: str, column: str | None) -> dict[str, str | None]:
    return {"rule": rule, "severity": severity, "column": column}

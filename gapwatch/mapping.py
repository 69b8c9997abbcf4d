"""A source's mapping: the source columns that it reads, and the SQL that types a landed batch.

A mapping gives each contract column one scalar SQL expression over the source's columns, all of them
text (:mod:`gapwatch.expressions`); the result is cast by rule (:mod:`gapwatch.casts`). Typed values are
made each time a batch is read, so a corrected mapping acts on what landed before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from gapwatch import casts
from gapwatch.batches import Batch
from gapwatch.casts import Dialect, identifier, quoted
from gapwatch.contracts import Contract
from gapwatch.did_you_mean import suggestion
from gapwatch.errors import UserError
from gapwatch.expressions import Expression, parse
from gapwatch.sources import COLUMN_DEFAULTS, Source

#: Joins the parts of a key to one text.
KEY_SEPARATOR = "\x1f"
#: Contract column and broken rule of each value that a row lost: ``opened_at:instant_window tier:…``.
ERRORS = "_errors"


def referenced_columns(source: Source, header: Sequence[str] | None = None) -> list[str]:
    """Source columns that the mapping reads, in order of first use: the allow-list of what may land.

    With a ``header`` the names are checked against it and returned as the header spells them (DuckDB
    compares names without case); columns declared ``optional`` may be missing and are then left out.
    Raises UserError that names the key and the closest column.
    """
    found: dict[str, str] = {}
    for where, names in _column_uses(source):
        for name in names:
            actual = name if header is None else _in_header(name, header, where, source)
            if actual is not None:
                found.setdefault(actual.lower(), actual)
    return list(found.values())


def columns_behind(source: Source, column: str) -> list[str]:
    """Source columns that the expression of one contract column reads."""
    return list(_expressions(source)[column].columns) if column in source.columns else []


def key_columns(contract: Contract) -> frozenset[str]:
    """Columns cast as keys: the contract's key, every id, and the system that an identity names."""
    ids = {column for column in contract.columns if column.endswith("_id")}
    return frozenset(ids | (set(contract.key) - contract.enums.keys()))


def key_text(contract: Contract, prefix: str = "") -> str:
    """SQL for the key of a row as one text; a part that is missing is empty."""
    parts = ", ".join(f"coalesce(cast({prefix}{identifier(c)} as varchar), '')" for c in contract.key)
    return f"concat_ws(chr({ord(KEY_SEPARATOR)}), {parts})"


def dialect_of(source: Source) -> Dialect:
    """How the source writes values."""
    options = source.options
    return Dialect(
        time_zone=source.time_zone,
        timestamp_formats=tuple(options.timestamp_format),
        date_formats=tuple(options.date_format),
        decimal=options.decimal,
    )


def typed_select(
    source: Source, batch: Batch, *, only_rows: str | None = None, anonymous_surveys: str | None = None
) -> str:
    """SQL that reads a landed batch and yields typed contract rows.

    Columns: the contract's, then those of ``RAW_COLUMNS`` except ``_loaded_at``, then ``_errors``
    (``column:rule`` for each value that the casts refused, null where there is none) and ``_as_of``.
    ``only_rows`` is a SQL relation with ``_row`` to read no other records; ``anonymous_surveys`` is a
    SQL query of survey ids whose answers lose their contact. A wide survey gives one row per
    record and non-empty cell.
    """
    contract = source.definition
    dialect = dialect_of(source)
    keys = key_columns(contract)
    mapped = {c: t for c, t in contract.types.items() if c in _mapped_columns(source)}
    if source.as_of is not None and source.as_of.column:
        mapped["_as_of"] = "TIMESTAMP"
    plain, cleaned, parsed = [], [], []
    for column, sql_type in mapped.items():
        text, quick, clean, value = (identifier(f"{layer}_{column}") for layer in "sqtp")
        plain.append(f"{casts.plain(sql_type, text, dialect, is_key=column in keys)} as {quick}")
        cleaned.append(f"{casts.cleaned_unless(quick, text)} as {clean}")
        slow = casts.parsed(sql_type, clean, dialect, is_key=column in keys)
        parsed.append(f"{casts.either(quick, clean, slow)} as {value}")
    columns = [f"{_value(source, c, mapped, anonymous_surveys)} as {identifier(c)}" for c in contract.columns]
    row = ", ".join(identifier(column) for column in contract.columns)
    as_of = casts.value("TIMESTAMP", "p__as_of") if "_as_of" in mapped else _instant(batch.as_of)
    return (
        f"with texts as ({text_select(source, batch, only_rows=only_rows)}), "
        f"plain as (select *, {', '.join(plain)} from texts), "
        f"cleaned as (select *, {', '.join(cleaned)} from plain), "
        f"parsed as (select *, {', '.join(parsed)} from cleaned), "
        f"typed as (select {', '.join(columns)}, _row, _column, _tie_break, "
        f"{_errors(source, mapped)} as {ERRORS}, {as_of} as _as_of from parsed) "
        f"select {row}, {_known_at(source, batch)} as known_at, false as is_deleted, "
        f"{quoted(source.row_source)} as _source, {quoted(batch.batch_id)} as _batch_id, "
        f"{quoted(batch.file)} as _file, _row, _column, _tie_break, hash({row}) as _row_hash, "
        f"{ERRORS}, _as_of from typed"
    )


def constant_columns(source: Source, batch: Batch) -> dict[str, str]:
    """Columns of `typed_select` that hold one value in all rows of a batch: name -> its SQL."""
    mapped = _mapped_columns(source)
    found = {c: _unmapped(source, c) for c in source.definition.columns if c not in mapped}
    found |= {
        "is_deleted": "false",
        "_source": quoted(source.row_source),
        "_batch_id": quoted(batch.batch_id),
        "_file": quoted(batch.file),
    }
    if not source.questions:
        found["_column"] = "null::varchar"
    if not source.tie_break:
        found["_tie_break"] = "null::varchar"
    if source.as_of is None or not source.as_of.column:
        found["_as_of"] = _instant(batch.as_of)
    return found


def text_select(source: Source, batch: Batch, *, only_rows: str | None = None) -> str:
    """SQL that yields what the mapping makes of a landed batch, as text: ``s_<contract column>``.

    Beside them ``_row``, ``_column`` (the cell's, of a wide survey), ``_tie_break`` and ``s__as_of``.
    """
    texts = {c: f"cast(({e.sql}) as varchar)" for c, e in _expressions(source).items()}
    declared = _tie_break(source)
    as_of = identifier(source.as_of.column) if source.as_of and source.as_of.column else "null"
    records = [
        "file_row_number + 1 as _row",
        f"cast(({declared.sql}) as varchar) as _tie_break" if declared else "null::varchar as _tie_break",
        f"cast({as_of} as varchar) as s__as_of",
        *(f"{texts.get(c, 'null::varchar')} as {identifier(f's_{c}')}" for c in source.definition.columns),
    ]
    where = f" where file_row_number + 1 in (select _row from {only_rows})" if only_rows else ""
    # A declared optional column that this file lacks reads as empty.
    present = {column.lower() for column in batch.columns}
    lacking = [name for name in source.options.optional if name.lower() not in present]
    nulls = "".join(f", null::varchar as {identifier(name)}" for name in lacking)
    scan = f"(select *{nulls} from {landed_rows(batch)}){where}"
    if not source.questions:
        return f"select {', '.join(records)}, null::varchar as _column from {scan}"
    return _by_cell(source, f"select {', '.join([*records, *_cells(source)])} from {scan}")


def landed_rows(batch: Batch) -> str:
    """SQL relation of a batch's source text; ``file_row_number`` counts its records from 0."""
    # A path is a glob to DuckDB: brackets around each special character take its meaning away.
    path = "".join(f"[{c}]" if c in "*?[" else c for c in str(batch.path))
    return f"read_parquet({quoted(path)}, file_row_number = true)"


def _cells(source: Source) -> list[str]:
    names = list(source.questions)
    cells = ", ".join(f"cast({identifier(name)} as varchar)" for name in names)
    return [
        f"unnest([{', '.join(quoted(name) for name in names)}]) as _column",
        f"unnest([{', '.join(quoted(source.questions[name]) for name in names)}]) as _question",
        f"unnest([{cells}]) as _cell",
    ]


def _by_cell(source: Source, records: str) -> str:
    listed = ", ".join(quoted(question) for question in source.text_questions) or "null"
    is_text = f"coalesce(_question in ({listed}), false)"
    # A cell of nothing but blanks is an unanswered question.
    return (
        "select * replace (_question as s_question_id, "
        f"case when not {is_text} then _cell end as s_answer_value, "
        f"case when {is_text} then _cell end as s_answer_text) from ({records}) "
        f"where {casts.is_plain_text('_cell')} or {casts.cleaned('_cell')} is not null"
    )


def _mapped_columns(source: Source) -> frozenset[str]:
    cells = {"question_id", "answer_value", "answer_text"} if source.questions else set()
    return frozenset(source.columns.keys() | cells)


def _value(source: Source, column: str, mapped: dict[str, str], anonymous_surveys: str | None) -> str:
    """SQL for the typed value of a contract column, over the parsed layer."""
    if column not in mapped:
        return _unmapped(source, column)
    typed = casts.value(source.definition.types[column], identifier(f"p_{column}"))
    if column in COLUMN_DEFAULTS:
        # The default is for what is empty, never for what could not be read.
        empty = f"{identifier(f'p_{column}')} is null and {identifier(f't_{column}')} is null"
        return f"case when {empty} then {_unmapped(source, column)} else {typed} end"
    if column == "contact_id" and anonymous_surveys:
        return f"case when p_survey_id in ({anonymous_surveys}) then null else {typed} end"
    return typed


def _unmapped(source: Source, column: str) -> str:
    """SQL for the value of a contract column that the mapping does not name, or whose cell is empty."""
    sql_type = source.definition.types[column]
    if column in COLUMN_DEFAULTS:
        return f"cast({quoted(str(COLUMN_DEFAULTS[column]))} as {sql_type})"
    return f"null::{sql_type}"


def _errors(source: Source, mapped: dict[str, str]) -> str:
    """SQL for the list of ``column:rule`` of the values that a row lost; null where it lost none."""
    contract = source.definition
    dialect, keys = dialect_of(source), key_columns(contract)
    lost, named = [], []
    for column, sql_type in mapped.items():
        clean, value = identifier(f"t_{column}"), identifier(f"p_{column}")
        rule = casts.error(sql_type, clean, value, dialect, is_key=column in keys)
        if rule is not None and column in contract.columns:
            there = f"({value} is not null or {clean} is not null)"
            gone = f"({casts.value(sql_type, value)}) is null and {there}"
            lost.append(f"({gone})")
            named.append(f"case when {gone} then {quoted(column + ':')} || {rule} end")
    return (
        f"case when {' or '.join(lost)} then concat_ws(' ', {', '.join(named)}) end"
        if lost
        else "null::varchar"
    )


def _known_at(source: Source, batch: Batch) -> str:
    """SQL for the instant at which a row's content became known: from the row itself, never from the load."""
    contract = source.definition
    known_by = ", ".join(identifier(c) for c in contract.known_by)
    happened = [
        c
        for c, t in contract.types.items()
        if t == "TIMESTAMP" and c != contract.version and not c.endswith("due_at")
    ]
    landed = _instant(batch.landed_at)
    # Only where a source keeps no history: the last thing that the row tells of, as long as it is past.
    past = ", ".join(f"case when {identifier(c)} <= {landed} then {identifier(c)} end" for c in happened)
    happened_last = [f"greatest({past})"] if past else []
    # A row without any instant stands for all time; when it was loaded says nothing about it.
    always = "timestamp '1990-01-01'"
    stamped = f"coalesce({', '.join([f'greatest({known_by})', *happened_last, '_as_of', always])})"
    lag = round(source.arrival_lag_minutes * 60_000_000)
    return f"{stamped} + to_microseconds({lag})" if lag else stamped


def _instant(instant: datetime | None) -> str:
    return f"timestamp {quoted(instant.isoformat(sep=' '))}" if instant is not None else "null::timestamp"


def _expressions(source: Source) -> dict[str, Expression]:
    where = f"sources.{source.name}.columns"
    return {
        column: parse(source.columns[column], where=f"{where}.{column}")
        for column in source.definition.columns
        if column in source.columns
    }


def _tie_break(source: Source) -> Expression | None:
    return parse(source.tie_break, where=f"sources.{source.name}.tie_break") if source.tie_break else None


def _column_uses(source: Source) -> Iterator[tuple[str, Sequence[str]]]:
    here = f"sources.{source.name}"
    for column, expression in _expressions(source).items():
        yield f"{here}.columns.{column}", expression.columns
    declared = _tie_break(source)
    if declared:
        yield f"{here}.tie_break", declared.columns
    for name in source.questions:
        yield f"{here}.questions", (name,)
    if source.as_of is not None and source.as_of.column:
        yield f"{here}.as_of.column", (source.as_of.column,)


def _in_header(name: str, header: Sequence[str], where: str, source: Source) -> str | None:
    if name in header:
        return name
    folded = [column for column in header if column.lower() == name.lower()]
    if len(folded) == 1:
        return folded[0]
    if name in source.options.optional:
        return None
    raise UserError(
        f"The source has no column {name!r}{suggestion(name, header)}",
        where=where,
        rule="columns_present",
        next_step=f"use one of: {', '.join(header[:30])}; then run gapwatch doctor",
    )

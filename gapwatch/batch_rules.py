"""Rules about a batch as a whole, and what its report says: which one holds it, and what is a notice."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

import duckdb

from gapwatch.batches import Batch
from gapwatch.casts import cleaned, identifier, is_plain_text, quoted
from gapwatch.errors import HeldError
from gapwatch.gate_report import BatchReport
from gapwatch.gate_stage import one
from gapwatch.mapping import key_columns, landed_rows, text_select
from gapwatch.sources import Source
from gapwatch.workspace import Limits

#: From so many rows on the share of rejected rows says something.
SHARE_FROM_ROWS = 100
#: Fewer accepted batches than these are no history: the first file often holds years, the next one a day.
VOLUME_FROM_BATCHES = 3
_REPAIR = "gapwatch gate repair --batch"


def check_records(connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """The landed file can be read and has as many records as its manifest says. Raises HeldError."""
    again = "remove the batch's two files from landing, then run gapwatch run"
    try:
        records = int(one(connection, f"select count(*) from {landed_rows(batch)}"))
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise HeldError(
            f"The landed batch cannot be read: {str(error).splitlines()[0]}",
            where=str(batch.path),
            rule="landed_file",
            next_step=again,
        ) from error
    if records != batch.records:
        raise HeldError(
            f"The landed batch has {records} records, its manifest says {batch.records}",
            where=str(batch.path),
            rule="row_count",
            next_step=again,
        )


def check_rows(batch: Batch, rows: int) -> None:
    """The batch holds any row at all. Raises HeldError."""
    if not rows:
        what = "no record with an answer in it" if batch.records else "a header and no records"
        raise HeldError(
            f"{batch.file} has {what}",
            where=batch.file,
            rule="empty_file",
            next_step="deliver the file again with its records, then gapwatch run; "
            "if nothing happened, no file is needed",
        )


def check_share(
    connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch, entry: BatchReport, limits: Limits
) -> None:
    """Not too many of the rows are rejected; waiting rows are none of them. Raises HeldError."""
    limit = limits.max_rejected_share
    if entry.rows < SHARE_FROM_ROWS or entry.quarantined <= limit * entry.rows:
        return
    rejected = connection.execute(
        "select rule, count(*) from stopped where status = 'quarantined' group by 1"
    )
    most = worst(dict(rejected.fetchall()))
    raise HeldError(
        f"{entry.quarantined} of {entry.rows} rows of {batch.file} break a rule, most of them {most}; "
        f"at most {limit:.1%} may. {example(connection, batch, most)}",
        where=batch.file,
        rule="rejected_share",
        next_step=f"correct sources.{source.name} in gapwatch.yml, then {_REPAIR} {batch.batch_id}",
    )


def check_volume(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    batch: Batch,
    entry: BatchReport,
    limits: Limits,
    *,
    is_expected: bool,
) -> None:
    """The batch is about as large as usual. Raises HeldError.

    It is a notice only where ``is_expected`` (a back-fill, or a batch that a person asked for) or where
    the batch tells of a time before the newest that is known of its source.
    """
    history = connection.execute(
        "select rows, max_known_at from raw._batches "
        "where source = ? and outcome in ('pass', 'quarantine') order by load_seq desc limit ?",
        [source.name, limits.volume_history],
    ).fetchall()
    if len(history) < min(VOLUME_FROM_BATCHES, limits.volume_history):
        return
    usual = median(rows for rows, _ in history)
    if limits.volume_low * usual <= entry.rows <= limits.volume_high * usual:
        return
    what = f"{batch.file} has {entry.rows} rows, the last {len(history)} batches had {usual:g} (median)"
    newest = one(connection, "select max(known_at) from staged")
    newest_before = one(
        connection, "select max(max_known_at) from raw._batches where source = ?", source.name
    )
    is_late = newest is not None and newest_before is not None and newest < newest_before
    if is_expected or is_late:
        entry.notices.append(f"volume: {what}")
        return
    raise HeldError(
        what,
        where=batch.file,
        rule="volume",
        next_step=f"look at the file; if it is right, {_REPAIR} {batch.batch_id}",
    )


def notice_key_collisions(
    connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch, entry: BatchReport
) -> None:
    """Notice keys that are equal only in their normal form (``A1`` and ``A1 ``): the rows stay apart."""
    contract = source.definition
    keys = [c for c in contract.key if c in key_columns(contract) and c in source.columns]
    if not keys:
        return
    written = text_select(source, batch)
    texts = [identifier(f"s_{c}") for c in keys]
    unusual = " or ".join(f"not {is_plain_text(text)}" for text in texts)
    if not one(connection, f"select count(*) from (select 1 from ({written}) where {unusual} limit 1)"):
        return
    normal, original = ", ".join(cleaned(text) for text in texts), ", ".join(texts)
    collisions = one(
        connection,
        f"select count(*) from (select {normal} from ({written}) group by all "
        f"having count(distinct ({original})) > 1)",
    )
    if collisions:
        entry.notices.append(
            f"key_collision: {collisions} keys of {batch.file} are written in more than one way "
            "(blanks or composed letters); they count as the same key, their rows stay apart"
        )


def notice_equal_versions(
    connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch, entry: BatchReport
) -> None:
    """Notice keys of which a batch tells one version twice, not in the same words: one of them counts.

    Rows that the source's ``tie_break`` tells apart are none of them, and neither are stopped ones.
    """
    key = ", ".join(identifier(column) for column in source.definition.key)
    told = (
        f"select s._row, hash({key}, known_at, _tie_break) as version, _row_hash from staged as s "
        "anti join (select idx from stopped where status = 'quarantined') as o on s.idx = o.idx"
    )
    found = connection.execute(
        f"select count(*), min_by(version, first) from (select version, min(_row) as first from ({told}) "
        "group by version having min(_row_hash) <> max(_row_hash))"
    ).fetchall()
    count, version = found[0]
    if not count:
        return
    rows = connection.execute(
        f"select min(_row) from ({told}) where version = ? group by _row_hash order by 1 limit 2", [version]
    ).fetchall()
    places = " and ".join(_line(batch, int(row)) for (row,) in rows)
    keys_of = "1 key" if count == 1 else f"{count} keys"
    entry.notices.append(
        f"equal_version: {keys_of} of {batch.file} told twice in one version, not in the same words, "
        f"first in {places}; all rows are kept, and of each key the greatest content hash counts. "
        f"Next: deliver a newer version, or say by sources.{source.name}.tie_break which one wins"
    )


def sentence(source: Source, batch: Batch, rules: Mapping[str, int], n_quarantined: int, first: str) -> str:
    """What is stopped in a batch that passed otherwise: file, rules, first line, next command."""
    counts = ", ".join(f"{rule} {count}" for rule, count in sorted(rules.items()))
    step = (
        f"correct sources.{source.name} in gapwatch.yml or the file, then {_REPAIR} {batch.batch_id}"
        if n_quarantined
        else "deliver what the rows wait for; they go on by themselves at the next gapwatch run"
    )
    return f"{batch.file}: {counts}. {first} Next: {step}."


def worst(rules: Mapping[str, int]) -> str:
    """The rule that stopped most rows; of several the first by name."""
    return min(rules, key=lambda rule: (-rules[rule], rule))


def example(connection: duckdb.DuckDBPyConnection, batch: Batch, rule: str) -> str:
    """Line and column of the first row that a rule stopped, of the batch that is staged."""
    return _place(
        connection,
        batch,
        rule,
        "select s._row, s._column, v.column_name from stopped as v join staged as s on s.idx = v.idx "
        f"where v.rule = {quoted(rule)} order by v.idx limit 1",
    )


def open_sentence(connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch) -> str | None:
    """The same sentence of the rows that are still outside; None where all have come in."""
    still_open = (
        f"from quarantine.rows where _batch_id = {quoted(batch.batch_id)} "
        "and status in ('quarantined', 'waiting')"
    )
    found = connection.execute(
        f"select rule, count(*), count(*) filter (where status = 'quarantined') {still_open} group by rule"
    ).fetchall()
    if not found:
        return None
    rules = {str(rule): int(count) for rule, count, _ in found}
    query = (
        f"select _row, _column, column_name {still_open} and rule = {quoted(worst(rules))} "
        "order by _row, rowid limit 1"
    )
    first = _place(connection, batch, worst(rules), query)
    return sentence(source, batch, rules, sum(int(row[2]) for row in found), first)


def _place(connection: duckdb.DuckDBPyConnection, batch: Batch, rule: str, query: str) -> str:
    rows = connection.execute(query).fetchall()
    if not rows:
        return ""
    row, cell, column = rows[0]
    return f"First: {_line(batch, row)}, column {cell or column}, rule {rule}."


def _line(batch: Batch, row: int) -> str:
    line = batch.line_of(row)
    return f"line {line}" if line is not None else f"row {row}"

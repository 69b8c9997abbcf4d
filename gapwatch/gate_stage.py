"""A landed batch on its way in: typed into a temporary table, every row with its verdict.

``staged`` holds the typed rows in file order, counted from 0 by ``idx``; ``stopped`` those that may not go
on: ``idx``, ``rule``, ``column_name`` and ``status`` (``quarantined`` or ``waiting``).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from time import perf_counter
from typing import TYPE_CHECKING, Any

import duckdb

from gapwatch.batches import Batch
from gapwatch.casts import CAST_RULES, identifier, quoted
from gapwatch.errors import HeldError, UserError
from gapwatch.gate_report import GateReport
from gapwatch.mapping import ERRORS, constant_columns, referenced_columns, typed_select
from gapwatch.sources import Source

if TYPE_CHECKING:
    from gapwatch.validation import Broken, Checker

CHUNK_ROWS = 1_000_000
UNKNOWN_ACCOUNT = "unknown_account"
UNKNOWN_QUESTION = "unknown_question"
#: Rules under which a row waits for another one instead of being refused.
WAITING_RULES = (UNKNOWN_ACCOUNT, UNKNOWN_QUESTION)

#: Facts about a row that need other columns or other tables, worked out in SQL: name -> expression.
_FACTS = {
    # Never null: a check passes over what is null.
    "is_on_scale": (
        "answer_value is null or (coalesce(answer_value >= scale_min, true) "
        "and coalesce(answer_value <= scale_max, true))"
    ),
    "has_one_due": "(due_on is null) <> (due_at is null)",
}


#: A refused row: its index in ``staged``, the rule and the column.
Stopped = tuple[int, str, str | None]


@dataclass(frozen=True)
class Judged:
    """What the suite said of the staged rows; ``crash`` is set when it said nothing that counts."""

    declared: int
    evaluated: int
    crash: str | None = None
    rows: int = 0
    stopped: tuple[Stopped, ...] = ()


def stage(
    connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch, *, only: str | None = None
) -> int:
    """Type a batch into ``staged`` and return its number of rows.

    ``only`` names a relation of ``_row, _column``: just those rows. Raises HeldError where the batch
    cannot be typed with the present mapping.
    """
    try:
        referenced_columns(source, batch.columns)
    except UserError as error:
        if error.rule != "columns_present":
            raise
        raise HeldError(error.what, where=batch.file, rule=error.rule, next_step=error.next_step) from None
    surveys = (
        "select survey_id from raw.survey_questions "
        f"where _source = {quoted(source.row_source)} and is_anonymous and survey_id is not null"
    )
    is_answers = source.contract == "survey_answers"
    query = typed_select(source, batch, only_rows=only, anonymous_surveys=surveys if is_answers else None)
    if only:
        query = (
            f"select t.* from ({query}) as t semi join {only} as o "
            "on t._row = o._row and t._column is not distinct from o._column"
        )
    constants = constant_columns(source, batch)
    stored = f"select * exclude ({', '.join(identifier(c) for c in constants)}) from ({query})"
    connection.execute("drop view if exists staged")
    connection.execute("drop table if exists typed_rows")
    try:
        connection.execute(f"create temp table typed_rows as {stored}")
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException) as error:
        raise HeldError(
            f"A mapping expression fails on the batch's values: {str(error).splitlines()[0]}",
            where=batch.file,
            rule="mapping",
            next_step=f"use try_cast in sources.{source.name}.columns, or map the plain column (the gate "
            f"casts it by rule); then run gapwatch gate repair --batch {batch.batch_id}",
        ) from error
    except duckdb.BinderException as error:
        raise HeldError(
            f"The mapping does not fit the batch: {str(error).splitlines()[0]}",
            where=batch.file,
            rule="mapping",
            next_step=f"correct sources.{source.name}.columns, then run gapwatch gate repair --batch "
            f"{batch.batch_id}",
        ) from error
    alike = ", ".join(f"{value} as {identifier(column)}" for column, value in constants.items())
    connection.execute(f"create temp view staged as select rowid as idx, *, {alike} from typed_rows")
    connection.execute(
        "create or replace temp table stopped (idx bigint, rule varchar, column_name varchar, status varchar)"
    )
    return int(one(connection, "select count(*) from staged"))


def judge_together(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    batches: Sequence[Batch],
    checker: Checker,
    report: GateReport,
) -> dict[str, Judged]:
    """Verdict of each batch id from one evaluation of the suite over the rows of all of them.

    An evaluation costs tenths of a second however few rows it sees, and its rules look at rows alone.
    Batches that cannot be typed or have no rows are not among the answers, and when the evaluation
    crashes none is: they are judged one by one, so that one batch's crash is not another's.
    """
    import pyarrow as pa

    from expectations import suite_of

    columns = _columns_of(suite_of(source.contract, source.history, 0))
    tables: dict[str, pa.Table] = {}
    for batch in batches:
        with suppress(HeldError, duckdb.Error):
            if stage(connection, source, batch):
                tables[batch.batch_id] = connection.sql(_frame_query(source, batch, columns)).to_arrow_table()
    if len(tables) < 2:
        return {}
    began = perf_counter()
    frame = pa.concat_tables(tables.values()).to_pandas()
    indexes = frame.pop("idx")
    verdict = checker.check(suite_of(source.contract, source.history, len(frame)), frame)
    report.seconds_gate += perf_counter() - began
    if verdict.crash is not None:
        return {}
    ends = list(accumulate(table.num_rows for table in tables.values()))
    found: dict[str, list[Stopped]] = {batch_id: [] for batch_id in tables}
    owners = list(tables)
    for position, broken in verdict.broken.items():
        column = broken.column or _refused_column(frame[ERRORS].iloc[position], broken)
        owner = owners[bisect_right(ends, position)]
        found[owner].append((int(indexes.iloc[position]), broken.rule, column))
    return {
        batch_id: Judged(
            verdict.declared, verdict.evaluated, rows=tables[batch_id].num_rows, stopped=tuple(rows)
        )
        for batch_id, rows in found.items()
    }


def judge(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    batch: Batch,
    checker: Checker,
    report: GateReport,
    known: Judged | None = None,
) -> Judged:
    """Fill ``stopped`` for the staged rows. The time of the checks is added to ``seconds_gate``.

    ``known`` is the batch's verdict from :func:`judge_together`; it counts where it saw as many rows.
    """
    began = perf_counter()
    if known is not None and known.rows == one(connection, "select count(*) from staged"):
        verdict = known
        _insert_stopped(connection, list(known.stopped))
    else:
        verdict = _checked(connection, source, batch, checker)
    if verdict.crash is None:
        for rule, column, condition in _waiting_conditions(source):
            connection.execute(
                f"insert into stopped select s.idx, {quoted(rule)}, {quoted(column)}, 'waiting' "
                f"from staged as s where ({condition}) and s.idx not in (select idx from stopped)"
            )
    report.seconds_gate += perf_counter() - began
    return verdict


def known_accounts(source: Source) -> str:
    """SQL query of the account ids, as this source writes them, that stand for a known account."""
    system = quoted(source.row_source)
    entries = (
        f"select external_id, internal_id from raw.identities where source = {system} and kind = 'account'"
    )
    if source.contract == "accounts":
        return f"select external_id from ({entries})"
    accounts = (
        "select coalesce(i.internal_id, a.account_id) as account_id from raw.accounts as a "
        "left join raw.identities as i "
        "on i.source = a._source and i.kind = 'account' and i.external_id = a.account_id"
    )
    named = f"select external_id from ({entries}) where internal_id in ({accounts})"
    if source.ids == "mapped":
        return named
    return (
        f"{named} union all select account_id from ({accounts}) "
        f"where account_id not in (select external_id from ({entries}))"
    )


def waits_for_account(source: Source) -> bool:
    """True where rows of this source wait until their account is known."""
    return source.definition.names_account or (source.contract == "accounts" and source.ids == "mapped")


def one(connection: duckdb.DuckDBPyConnection, query: str, *parameters: object) -> Any:
    """The single value of a query."""
    # A result that is not read to its end keeps the connection busy.
    rows = connection.execute(query, list(parameters)).fetchall()
    return rows[0][0] if rows else None


def _waiting_conditions(source: Source) -> Iterable[tuple[str, str, str]]:
    """Rule, column and the SQL condition (over ``staged as s``) of each reason to wait."""
    if waits_for_account(source):
        yield UNKNOWN_ACCOUNT, "account_id", f"s.account_id not in ({known_accounts(source)})"
    if source.contract == "survey_answers":
        known = (
            f"select 1 from raw.survey_questions as q where q._source = {quoted(source.row_source)} "
            "and q.survey_id = s.survey_id and q.question_id = s.question_id"
        )
        yield UNKNOWN_QUESTION, "question_id", f"not exists ({known})"


def _checked(connection: duckdb.DuckDBPyConnection, source: Source, batch: Batch, checker: Checker) -> Judged:
    from expectations import suite_of

    columns = _columns_of(suite_of(source.contract, source.history, 0))
    reader = connection.sql(_frame_query(source, batch, columns)).to_arrow_reader(CHUNK_ROWS)
    declared = evaluated = rows = 0
    stopped: list[Stopped] = []
    for chunk in reader:
        if not chunk.num_rows:
            continue
        frame = chunk.to_pandas()
        indexes = frame.pop("idx")
        verdict = checker.check(suite_of(source.contract, source.history, len(frame)), frame)
        declared += verdict.declared
        evaluated += verdict.evaluated
        rows += len(frame)
        if verdict.crash is not None:
            return Judged(declared, evaluated, verdict.crash)
        for position, broken in verdict.broken.items():
            column = broken.column or _refused_column(frame[ERRORS].iloc[position], broken)
            stopped.append((int(indexes.iloc[position]), broken.rule, column))
    expected = one(connection, "select count(*) from staged")
    if rows != expected or not declared:
        return Judged(declared, evaluated, f"{rows} of {expected} rows were checked")
    _insert_stopped(connection, stopped)
    return Judged(declared, evaluated)


def _insert_stopped(connection: duckdb.DuckDBPyConnection, stopped: list[Stopped]) -> None:
    if not stopped:
        return
    import pyarrow as pa

    places, broken, columns = zip(*stopped, strict=True)
    found = {
        "idx": pa.array(places, pa.int64()),
        "rule": pa.array(broken, pa.string()),
        "column_name": pa.array(columns, pa.string()),
    }
    connection.register("found", pa.table(found))
    connection.execute("insert into stopped select idx, rule, column_name, 'quarantined' from found")
    connection.unregister("found")


def _columns_of(expectations: Iterable[Any]) -> list[str]:
    """Columns that a suite looks at: no other leaves the database."""
    named = (getattr(e, name, None) for e in expectations for name in ("column", "column_A", "column_B"))
    return list(dict.fromkeys(column for column in named if column))


def _frame_query(source: Source, batch: Batch, columns: list[str]) -> str:
    landed = f"timestamp {quoted(batch.landed_at.isoformat(sep=' '))}"
    special = {"_landed_at": landed, **_FACTS}
    listed = ", ".join(f"{special.get(c, 's.' + identifier(c))} as {identifier(c)}" for c in columns)
    if source.contract != "survey_answers":
        return f"select s.idx, {listed} from staged as s"
    return (
        f"select s.idx, {listed} from staged as s left join ({_question_versions(source)}) as q "
        "on s.survey_id = q.survey_id and s.question_id = q.question_id "
        "and s.submitted_at >= q.valid_from and s.submitted_at < q.valid_to"
    )


def _question_versions(source: Source) -> str:
    """Scale of each question by validity: the oldest version stands for all time before it."""
    return (
        "select survey_id, question_id, scale_min, scale_max, "
        "case when row_number() over older = 1 then timestamp '-infinity' else known_at end as valid_from, "
        "coalesce(lead(known_at) over older, timestamp 'infinity') as valid_to from ("
        "select survey_id, question_id, known_at, scale_min, scale_max, row_number() over ("
        "partition by survey_id, question_id, known_at "
        "order by _tie_break desc nulls last, _row_hash desc) as place "
        f"from raw.survey_questions where _source = {quoted(source.row_source)}) where place = 1 "
        "window older as (partition by survey_id, question_id order by known_at)"
    )


def _refused_column(errors: str, broken: Broken) -> str | None:
    if broken.rule not in CAST_RULES:
        return None
    refused = (part.split(":") for part in errors.split(" "))
    return next((column for column, rule in refused if rule == broken.rule), None)

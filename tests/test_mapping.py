"""A mapping is scalar SQL over a source's own columns, and types a landed batch the same way each time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gapwatch.batches import Batch
from gapwatch.errors import UserError
from gapwatch.expressions import parse
from gapwatch.mapping import referenced_columns, typed_select
from gapwatch.sources import Source

LANDED_AT = datetime.fromisoformat("2025-06-01")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def source(**settings: Any) -> Source:
    tickets = {
        "name": "desk",
        "contract": "tickets",
        "reader": "csv",
        "path": "inbox/*",
        "time_zone": "UTC",
        "columns": {
            "ticket_id": "id",
            "account_id": "account",
            "opened_at": "opened",
            "status": "lower(state)",
            "updated_at": "updated",
        },
    }
    return Source.model_validate({**tickets, **settings})


def landed(tmp_path: Path, columns: list[str], rows: list[tuple[str | None, ...]], **more: Any) -> Batch:
    path = tmp_path / "batch.parquet"
    with duckdb.connect() as connection:
        declared = ", ".join(f'"{column}" varchar' for column in columns)
        connection.execute(f"create table b ({declared})")
        connection.executemany(f"insert into b values ({', '.join('?' for _ in columns)})", rows)
        connection.execute(f"copy b to '{path}' (format parquet)")
    return Batch(
        batch_id="b1",
        source="desk",
        contract="tickets",
        file="file.csv",
        path=path,
        records=len(rows),
        columns=tuple(columns),
        file_sha256="0",
        bytes=1,
        dialect="d",
        landed_at=LANDED_AT,
        **more,
    )


def typed(one: Source, batch: Batch, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(
            f"select {columns} from ({typed_select(one, batch)}) order by _row, _column"
        ).fetchall()


@pytest.mark.parametrize(
    ("expression", "columns"),
    [
        ("id", ("id",)),
        ('"Ticket ID"', ("Ticket ID",)),
        ('"a.b"', ("a.b",)),
        ("upper(tier)", ("tier",)),
        ("'EMEA'", ()),
        ("coalesce(nullif(a, '-'), b)", ("a", "b")),
        ("case when a like 'x%' then b else 'c' end", ("a", "b")),
        ("split_part(a, '-', 2)", ("a",)),
        ("regexp_extract(a, '(\\d+)', 1)", ("a",)),
        ("strptime(a, '%d.%m.%Y') + interval 1 day", ("a",)),
        ("try_cast(a as double) / 2", ("a",)),
        ("a ->> '$.x.y'", ("a",)),
        ("a -- a comment", ("a",)),
    ],
)
def test_scalar_expressions_are_read_with_the_columns_they_name(
    expression: str, columns: tuple[str, ...]
) -> None:
    assert parse(expression, where="here").columns == columns


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("(select 1)", "subquery"),
        ("a in (select x from raw.tickets)", "subquery"),
        ("exists(select 1)", "subquery"),
        ("max(a)", "max"),
        ("row_number() over ()", "window"),
        ("sum(a) over ()", "window"),
        ("*", "star"),
        ("columns('a')", "star"),
        ("?", "parameter"),
        ("$1", "parameter"),
        ("#1", "positional"),
        ("random()", "random"),
        ("now()", "now"),
        ("current_setting('TimeZone')", "current_setting"),
        ("getvariable('a')", "getvariable"),
        ("read_text('/etc/passwd')", "read_text"),
        ("nextval('s')", "nextval"),
        ("pg_sleep(1)", "pg_sleep"),
        ("list_transform([1], lambda x: x)", "lambda"),
        ("unnest([a])", "unnest"),
        ("main.upper(a)", "upper"),
        ("desk.a", "qualified"),
        ("a, b", "more than one"),
        ("a from raw.tickets", "more than one"),
        ("a limit 1", "more than one"),
        ("distinct a", "more than one"),
        ("a; drop table raw.tickets", "no SQL expression"),
        ("a)) union select * from raw.accounts", "no SQL expression"),
        ("", "no SQL expression"),
        ("lower(", "no SQL expression"),
        ("at", "double quotes"),
    ],
)
def test_what_reads_elsewhere_is_refused_by_name(expression: str, named: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(expression, where="sources.desk.columns.ticket_id")
    message = str(caught.value)
    assert named in message
    assert "sources.desk.columns.ticket_id" in message
    assert "Next: " in message


def test_only_the_columns_that_the_mapping_names_are_referenced() -> None:
    one = source(
        tie_break="seq",
        as_of={"column": "exported"},
        columns={**source().columns, "subject": "a || b", "category": "'none'"},
    )
    assert referenced_columns(one) == [
        "id", "account", "opened", "state", "a", "b", "updated", "seq", "exported",
    ]  # fmt: skip


def test_a_column_that_the_header_lacks_is_named_with_the_closest_one() -> None:
    header = ["id", "account", "opened_on", "State", "updated"]
    with pytest.raises(UserError) as caught:
        referenced_columns(source(), header)
    assert "'opened'" in str(caught.value)
    assert "'opened_on'" in str(caught.value)
    assert caught.value.rule == "columns_present"
    assert referenced_columns(source(), ["ID", "account", "opened", "State", "updated"])[0] == "ID"


def test_a_batch_gives_typed_rows_with_their_place(tmp_path: Path) -> None:
    columns = ["id", "account", "opened", "state", "updated"]
    batch = landed(
        tmp_path,
        columns,
        [
            ("1", " A1 ", "2025-01-01 10:00:00", "OPEN", "2025-01-02T00:00:00+02:00"),
            ("2", "A2", "soon", "Closed", "9999-01-01"),
        ],
    )
    assert typed(
        source(), batch, "ticket_id, account_id, opened_at, status, reopen_count, known_at, _row, _errors"
    ) == [
        ("1", "A1", at("2025-01-01 10:00"), "open", 0, at("2025-01-01 22:00"), 1, None),
        # Nothing says when this row became known, and it is on its way to quarantine.
        ("2", "A2", None, "closed", 0, at("1990-01-01"), 2, "opened_at:value_type updated_at:instant_window"),
    ]
    assert typed(source(system="zendesk"), batch, "distinct _source, _batch_id, _file, is_deleted") == [
        ("zendesk", "b1", "file.csv", False)
    ]


def test_a_file_name_with_glob_characters_is_that_file(tmp_path: Path) -> None:
    folder = tmp_path / "a[1]*"
    folder.mkdir()
    batch = landed(folder, ["id", "account", "opened", "state", "updated"], [("1", "A", None, None, None)])
    assert typed(source(), batch, "ticket_id") == [("1",)]


def test_a_default_fills_what_is_empty_and_not_what_cannot_be_read(tmp_path: Path) -> None:
    one = source(columns={**source().columns, "reopen_count": "n"})
    batch = landed(
        tmp_path,
        ["id", "account", "opened", "state", "updated", "n"],
        [
            ("1", "A", None, None, None, None),
            ("2", "A", None, None, None, "x"),
            ("3", "A", None, None, None, "4"),
        ],
    )
    assert typed(one, batch, "reopen_count, reassignment_count, _errors") == [
        (0, 0, None),
        (None, 0, "reopen_count:value_type"),
        (4, 0, None),
    ]


def test_an_optional_column_that_the_file_lacks_is_empty(tmp_path: Path) -> None:
    one = source(columns={**source().columns, "priority": "prio"}, options={"optional": ["prio"]})
    batch = landed(tmp_path, ["id", "account", "opened", "state", "updated"], [("1", "A", None, None, None)])
    assert typed(one, batch, "ticket_id, priority") == [("1", None)]


def test_a_row_is_known_by_its_newest_instant_plus_the_declared_lag(tmp_path: Path) -> None:
    columns = ["id", "account", "opened", "state", "updated"]
    batch = landed(tmp_path, columns, [("1", "A", "2025-01-01 10:00:00", "open", "2025-01-03 00:00:00")])
    assert typed(source(arrival_lag_minutes=90), batch, "known_at") == [(at("2025-01-03 01:30"),)]


def test_a_row_without_history_is_known_by_the_last_thing_it_tells_of(tmp_path: Path) -> None:
    mapped = {**source().columns, "resolved_at": "resolved", "resolution_due_at": "due"}
    del mapped["updated_at"]
    one = source(history="none", columns=mapped)
    batch = landed(
        tmp_path,
        ["id", "account", "opened", "state", "resolved", "due"],
        [
            ("1", "A", "2025-01-01", "open", "2025-01-05", "2025-02-01"),
            ("2", "A", "2025-01-01", "open", "2030-01-05", "2025-02-01"),
            ("3", "A", None, "open", None, "2025-02-01"),
        ],
    )
    assert typed(one, batch, "known_at") == [(at("2025-01-05"),), (at("2025-01-01"),), (at("1990-01-01"),)]


def test_a_wide_survey_becomes_one_row_per_filled_cell(tmp_path: Path) -> None:
    one = Source.model_validate(
        {
            "name": "survey",
            "contract": "survey_answers",
            "reader": "csv",
            "path": "x",
            "time_zone": "UTC",
            "columns": {
                "response_id": "id",
                "survey_id": "'S1'",
                "account_id": "account",
                "submitted_at": "sent",
                "updated_at": "sent",
            },
            "questions": {"Q1 E": "q1_expectation", "Q1 P": "q1_perception", "Why": "comment"},
            "text_questions": ["comment"],
        }
    )
    batch = landed(
        tmp_path,
        ["id", "account", "sent", "Q1 E", "Q1 P", "Why"],
        [
            ("r1", "A", "2025-01-01", "7", " 5.0 ", "too\nslow"),
            ("r2", "A", "2025-01-01", None, "x", " \u00a0"),
            ("r3", "A", "2025-01-01", None, None, None),
        ],
    )
    assert typed(
        one, batch, "response_id, question_id, answer_value, answer_text, _row, _column, _errors"
    ) == [
        ("r1", "q1_expectation", 7.0, None, 1, "Q1 E", None),
        ("r1", "q1_perception", 5.0, None, 1, "Q1 P", None),
        ("r1", "comment", None, "too\nslow", 1, "Why", None),
        ("r2", "q1_perception", None, None, 2, "Q1 P", "answer_value:value_type"),
    ]


def test_the_same_content_has_the_same_hash_wherever_it_stands(tmp_path: Path) -> None:
    columns = ["id", "account", "opened", "state", "updated"]
    row = ("1", "A", "2025-01-01", "open", "2025-01-03")
    batch = landed(
        tmp_path, columns, [row, row, ("1", "A ", "2025-01-01", "OPEN", "2025-01-03"), ("1", "B", *row[2:])]
    )
    first, second, spelled, other = (value for (value,) in typed(source(), batch, "_row_hash"))
    assert first == second == spelled != other

"""Readers turn a file into text columns by name, or hold it and say which line is wrong and why."""

from __future__ import annotations

import json

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gapwatch.landing import ingest, list_batches
from gapwatch.readers import records
from gapwatch.readers.columns import absent
from gapwatch.readers.csv import MAX_RECORD
from gapwatch.sources import Options, Source

COLUMNS = {"account_id": "id", "account_name": "name", "updated_at": "updated"}
HEADER = "id,name,updated\n"


class Landed:
    """A workspace with one file, ingested."""

    def __init__(self, ws, file: str) -> None:
        self.ws = ws
        report = ingest(ws)
        (self.outcome,) = [one for one in report.files if one.file == f"inbox/{file}"]
        self.batches = list_batches(ws.landing_path)

    @property
    def batch(self):
        assert self.outcome.outcome == "landed", self.outcome
        return self.batches[0]

    @property
    def rows(self) -> list[tuple]:
        columns = ", ".join(f'"{column}"' for column in self.batch.columns)
        return duckdb.connect().execute(f"select {columns} from '{self.batch.path}'").fetchall()


@pytest.fixture
def land(workspace_factory):
    def _land(content: str | bytes, name: str = "a.csv", **source) -> Landed:
        made = workspace_factory(
            source={"columns": COLUMNS, "path": f"inbox/{name}", **source}, files={f"inbox/{name}": content}
        )
        return Landed(made.load(), name)

    return _land


def lines_of(landed: Landed) -> list[int | None]:
    return landed.batch.lines_of(range(1, landed.batch.records + 1))


class TestCsvColumns:
    def test_only_mapped_columns_land_as_text_in_order_of_name(self, land):
        landed = land("email,name,id,updated\nx@y.z,A,007,1e400\nsecret@y.z,NA,1_000,nan\n")
        assert landed.batch.columns == ("id", "name", "updated")
        assert landed.rows == [("007", "A", "1e400"), ("1_000", "NA", "nan")]
        assert b"secret@y.z" not in landed.batch.path.read_bytes()

    def test_columns_are_matched_by_name_not_by_place(self, land):
        swapped = land("updated,id,name\nu,1,n\n")
        assert swapped.rows == [("1", "n", "u")]

    def test_another_separator_than_declared_is_named(self, land):
        message = land("id;name;updated\n1;2;3\n").outcome.message
        assert "its header is one field, with ';' in it" in message
        assert "Next: declare the file's separator in sources.crm.options, else correct" in message

    def test_a_missing_question_is_sought_where_questions_are_mapped(self):
        source = Source(
            name="wide",
            contract="survey_answers",
            reader="csv",
            path=["a.csv"],
            columns=dict.fromkeys(
                ("response_id", "survey_id", "account_id", "submitted_at", "updated_at"), "id"
            ),
            questions={"How fast?": "fast"},
        )
        for missing, setting in (
            (["How fast?"], "sources.wide.questions in"),
            (["id", "How fast?"], "sources.wide.columns and sources.wide.questions in"),
        ):
            assert f"Next: correct {setting}" in str(absent("a.csv", ["other"], missing, source))

    def test_missing_columns_that_are_not_listed_are_counted(self, land):
        many = " || ".join(f"c{n:02d}" for n in range(13))
        message = land("id,updated\n1,2\n", columns={**COLUMNS, "account_name": many}).outcome.message
        assert "lacks 13 mapped columns: 'c00'" in message
        assert "'c11' and 1 more" in message

    def test_a_missing_column_is_held_with_the_closest_names(self, land):
        outcome = land("id,Name of client,updatd\n1,2,3\n").outcome
        assert (outcome.outcome, outcome.rule) == ("held", "columns_present")
        for part in ("inbox/a.csv", "'name'", "'updated'", "'updatd'", "sources.crm.columns"):
            assert part in outcome.message

    def test_an_optional_column_may_be_missing_with_a_notice(self, land):
        landed = land("id,updated\n1,u\n", options={"optional": ["name"]})
        assert landed.rows == [("1", None, "u")]
        assert any("column_optional" in notice and "'name'" in notice for notice in landed.outcome.notices)

    def test_an_extra_column_is_a_notice(self, land):
        landed = land("id,name,updated,ip\n1,2,3,4\n")
        assert landed.outcome.notices == ("column_extra: 1 column not mapped and not landed: 'ip'",)

    def test_a_mapped_column_twice_in_the_header_is_held(self, land):
        outcome = land("id,name,name,updated\n1,2,3,4\n").outcome
        assert (outcome.outcome, outcome.rule) == ("held", "duplicate_header")
        assert "'name' stands 2 times" in outcome.message

    def test_an_unmapped_column_twice_does_not_matter(self, land):
        assert land("x,id,name,x,updated\na,1,2,b,3\n").rows == [("1", "2", "3")]

    def test_a_column_is_found_where_only_case_differs_but_never_between_two(self, land):
        assert land("ID,Name,updated\n1,2,3\n").rows == [("1", "2", "3")]
        assert land("ID,Id,name,updated\n1,2,3,4\n", "b.csv").outcome.rule == "duplicate_header"

    def test_an_exact_name_comes_before_one_that_differs_in_case(self, land):
        assert land("ID,name,id,updated\n1,2,3,4\n").rows == [("3", "2", "4")]

    def test_ten_thousand_columns_are_read(self, land):
        extra = [f"c{n}" for n in range(10_000)]
        landed = land(
            ",".join([*extra, "id", "name", "updated"])
            + "\n"
            + ",".join(["x"] * 10_000 + ["1", "2", "3"])
            + "\n"
        )
        assert landed.rows == [("1", "2", "3")]
        assert len(landed.outcome.notices[0]) < 300

    def test_an_empty_first_line_is_no_header(self, land):
        outcome = land("\n" + HEADER + "1,2,3\n").outcome
        assert (outcome.rule, "options.skip_lines" in outcome.message) == ("columns_present", True)

    def test_a_header_over_two_lines_is_read(self, land):
        columns = {**COLUMNS, "account_name": '"full\nname"'}
        landed = land('id,"full\nname",updated\n1,2,3\n4,5,6\n', columns=columns)
        assert landed.rows == [("2", "1", "3"), ("5", "4", "6")]
        assert lines_of(landed) == [3, 4]


class TestCsvRows:
    @pytest.mark.parametrize(
        ("body", "line"),
        [
            ("1,2,3\n4,5\n", 3),
            ("1,2,3\n4,5,6,7\n", 3),
            ("1,2,3\n4,5,6,\n", 3),
            ("1,2,3\n4,5,6,,\n7,8,9\n", 3),
            ('1,2,3\n"4,4",5,6,\n7,8,9\n', 3),
            ("1,2,3\nAcme, Inc,5,\n", 3),
            ('1,2,3\n4,5,"6\n7,8,9\n', 3),
            ('1,2,3\n4,5,"6"x\n', 3),
            ("1,2,3\n   \n4,5,6\n", 3),
            ('1,"a\nb",3\n4,5\n', 4),
            ("1,2," + "x" * (MAX_RECORD + 1) + "\n", 2),
            ('1,2,"' + "x\n" * MAX_RECORD + "\n", 2),
        ],
    )
    def test_a_row_of_another_shape_holds_the_file_and_names_the_line(self, land, body, line):
        outcome = land(HEADER + body).outcome
        assert (outcome.outcome, outcome.rule) == ("held", "row_shape")
        assert f"inbox/a.csv, line {line}." in outcome.message

    def test_a_message_does_not_repeat_the_files_content(self, land):
        assert "canary" not in land(HEADER + "canary,2\n").outcome.message

    def test_mixed_line_ends_are_held(self, land):
        assert land(b"id,name,updated\r\n1,2,3\n4,5,6\r\n").outcome.rule == "row_shape"

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("has_last", [False, True])
    def test_any_one_line_end_is_read_with_or_without_the_last(self, land, end, has_last):
        content = end.join(["id,name,updated", "1,2,3", '4,"a, b",6', "7,8,9"]) + end * has_last
        landed = land(content.encode())
        assert landed.rows == [("1", "2", "3"), ("4", "a, b", "6"), ("7", "8", "9")]
        assert lines_of(landed) == [2, 3, 4]

    def test_line_numbers_follow_records_over_many_lines_and_blank_lines(self, land):
        landed = land(HEADER + '1,"a\n\nb",3\n\n4,"say ""hi""\n",6\n7,8,9\n\n')
        assert landed.rows == [("1", "a\n\nb", "3"), ("4", 'say "hi"\n', "6"), ("7", "8", "9")]
        assert lines_of(landed) == [2, 6, 8]

    def test_line_numbers_follow_crlf_files_with_line_feeds_in_quotes(self, land):
        landed = land(b'id,name,updated\r\n1,"a\nb",3\r\n\r\n4,5,6\r\n')
        assert (lines_of(landed), landed.rows[0][1]) == ([2, 5], "a\nb")

    def test_a_quote_inside_an_unquoted_field_is_content(self, land):
        landed = land(HEADER + '1,3" pipe,3\n2,"a\nb",3\n3,x"y"z,3\n')
        assert [row[1] for row in landed.rows] == ['3" pipe', "a\nb", 'x"y"z']
        assert lines_of(landed) == [2, 3, 5]

    def test_line_numbers_are_right_in_files_of_many_chunks(self, land):
        body = [
            f'{n},"note {n}{chr(10) if n % 7 == 0 else " "}and more, {"x" * 60}",u\n' for n in range(120_000)
        ]
        landed = land(HEADER + "".join(body))
        starts, line = [], 2
        for record in body:
            starts.append(line)
            line += record.count("\n")
        assert landed.batch.records == 120_000
        assert lines_of(landed) == starts
        assert landed.batch.manifest_path.stat().st_size < 60_000

    def test_rows_stand_in_the_files_order(self, land):
        landed = land(HEADER + "".join(f"{n},x,u\n" for n in range(300_000)))
        assert [int(row[0]) for row in landed.rows] == list(range(300_000))

    @pytest.mark.parametrize("content", [HEADER, HEADER.strip(), HEADER + "\n"])
    def test_a_header_only_file_is_a_batch_of_no_rows_with_a_notice(self, land, content):
        landed = land(content)
        assert (landed.rows, landed.batch.records) == ([], 0)
        assert "row_count: the file has no rows" in landed.outcome.notices

    def test_texts_for_no_value_are_null_quoted_or_not(self, land):
        landed = land(HEADER + '1,NA,?\n2,"NA",\n3,n,""\n', options={"nulls": ["", "NA", "?"]})
        assert landed.rows == [("1", None, None), ("2", None, None), ("3", "n", None)]

    def test_without_texts_for_no_value_an_empty_field_stays_empty_text(self, land):
        assert land(HEADER + "1,,3\n", options={"nulls": []}).rows == [("1", "", "3")]

    def test_other_dialects_are_read_as_declared(self, land):
        options = {"separator": ";", "quote": "'", "escape": "\\", "skip_lines": 2}
        landed = land("Report; of\n\nid;name;updated\n1;'it\\'s; so';3\n2;'a\nb';3\n", options=options)
        assert landed.rows == [("1", "it's; so", "3"), ("2", "a\nb", "3")]
        assert lines_of(landed) == [4, 5]

    def test_a_dialect_is_never_guessed(self, land):
        assert land("id;name;updated\n1;2;3\n").outcome.rule == "columns_present"

    def test_without_quoting_a_quote_is_content(self, land):
        assert land(HEADER + '1,2","3\n'.replace('","', '",'), options={"quote": ""}).rows == [
            ("1", '2"', "3")
        ]

    def test_blank_lines_of_a_single_column_are_rows(self, land):
        columns = {"account_id": "id", "account_name": "id", "updated_at": "id"}
        landed = land("id\n1\n\n3\n", columns=columns)
        assert (landed.rows, lines_of(landed)) == ([("1",), (None,), ("3",)], [2, 3, 4])


FIELDS = st.lists(st.sampled_from(["a", ",", '"', "\n", "\r\n", " ", "é"]), max_size=6).map("".join)


class TestStructure:
    """The quick count by quote parity agrees with a walk through the records, wherever chunks end."""

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        rows=st.lists(st.one_of(st.none(), st.tuples(FIELDS, FIELDS)), max_size=8),
        end=st.sampled_from(["\n", "\r\n"]),
        chunk=st.integers(1, 12),
        has_last=st.booleans(),
    )
    def test_scan_and_walk_agree(self, tmp_path, rows, end, chunk, has_last):
        def quoted(field: str) -> str:
            return '"' + field.replace('"', '""') + '"' if set(field) & set(',"\n\r') or not field else field

        lines = ["" if row is None else ",".join(map(quoted, row)) for row in rows]
        path = tmp_path / "x.csv"
        path.write_bytes((end.join(["h,k", *lines]) + end * has_last).encode())
        with path.open(encoding="utf-8", newline="") as stream:
            stream.readline()
            walk = records.starts(iter(stream), "x.csv", 1, Options(), 2)
            starts = list(walk)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(records, "CHUNK", chunk)
            scan = records.scan(path, 1, Options(), 2)
        full = [row for row in rows if row is not None]
        assert (scan.records, walk.count, scan.separators) == (len(full), len(full), len(full))
        assert [scan.lines.line_of(n) for n in range(1, len(full) + 1)] == starts

    def test_a_single_column_counts_blank_lines(self, tmp_path):
        path = tmp_path / "x.csv"
        path.write_text('h\n1\n\n"a\nb"\n')
        scan = records.scan(path, 1, Options(), 1)
        assert (scan.records, [scan.lines.line_of(n) for n in (1, 2, 3)]) == (3, [2, 3, 4])


class TestJsonl:
    def read(self, land, *objects, columns=None, **source):
        text = "".join(
            (o if isinstance(o, str) else json.dumps(o, ensure_ascii=False)) + "\n" for o in objects
        )
        return land(text, "a.jsonl", reader="jsonl", columns=columns or COLUMNS, **source)

    def test_numbers_keep_their_digits_and_nested_values_have_dotted_names(self, land):
        columns = {"account_id": "id", "account_name": '"org.name"', "tier": '"org.x.y"', "updated_at": "u"}
        landed = self.read(
            land,
            '{"id": 12345678901234567890123, "u": 1e400, '
            '"org": {"name": "Müller\\n", "x": {"y": 9007199254740993}}}',
            '{"id": true, "org.name": "flat", "u": [1, {"a": null}], "ip": "10.0.0.1"}',
            '{"id": 0.1, "org": null, "u": null}',
            columns=columns,
        )
        assert landed.batch.columns == ("id", "org.name", "org.x.y", "u")
        assert landed.rows == [
            ("12345678901234567890123", "Müller\n", "9007199254740993", "1e400"),
            ("true", "flat", None, '[1,{"a":null}]'),
            ("0.1", None, None, None),
        ]
        assert any("column_extra" in notice and "'ip'" in notice for notice in landed.outcome.notices)
        assert b"10.0.0.1" not in landed.batch.path.read_bytes()

    @pytest.mark.parametrize(
        "bad",
        [
            '{"id": 1',
            '{"id": 1}{"id": 2}',
            '{"id": 1},',
            "[1, 2]",
            "5",
            "null",
            '"text"',
            '{"id": "\\ud800"}',
            "id,name,updated",
        ],
    )
    def test_a_line_that_is_not_one_object_holds_the_file_and_is_named(self, land, bad):
        good = {"id": 1, "name": "n", "updated": "u"}
        outcome = self.read(land, *[good] * 2500, bad, good).outcome
        assert (outcome.outcome, outcome.rule) == ("held", "row_shape")
        assert "inbox/a.jsonl, line 2501." in outcome.message

    def test_an_array_over_many_lines_is_held(self, land):
        assert self.read(land, "[", '{"id": 1}', "]").outcome.rule == "row_shape"

    def test_a_key_that_no_object_has_is_a_missing_column(self, land):
        outcome = self.read(land, {"id": 1, "Name": "n", "updated": "u"}).outcome
        assert outcome.rule == "columns_present"
        assert "'name'" in outcome.message
        assert "'Name'" in outcome.message

    def test_a_key_that_only_some_objects_have_or_that_is_always_null_is_there(self, land):
        landed = self.read(land, {"id": 1, "updated": "u"}, {"id": 2, "name": None, "updated": "u"})
        assert landed.rows == [("1", None, "u"), ("2", None, "u")]

    def test_an_optional_key_may_be_missing_everywhere(self, land):
        landed = self.read(land, {"id": 1, "updated": "u"}, options={"optional": ["name"]})
        assert landed.rows == [("1", None, "u")]

    def test_blank_lines_are_passed_over_and_line_numbers_stay_right(self, land):
        good = {"id": 1, "name": "", "updated": "u"}
        landed = self.read(land, good, "", "  ", good)
        assert (landed.rows, lines_of(landed)) == ([("1", None, "u")] * 2, [1, 4])

    def test_a_mark_at_the_start_is_fine(self, land):
        landed = land('\ufeff{"id": 1, "name": 2, "updated": 3}\n', "a.jsonl", reader="jsonl")
        assert landed.rows == [("1", "2", "3")]

    def test_an_object_without_end_is_held(self, land):
        outcome = self.read(land, {"id": 1}, '{"id": "' + "x" * (40 << 20) + '"}').outcome
        assert (outcome.rule, "line 2." in outcome.message) == ("row_shape", True)


class TestParquet:
    def write(self, path, query: str) -> bytes:
        duckdb.connect().execute(f"copy ({query}) to '{path}' (format parquet)")
        return path.read_bytes()

    def test_values_become_text_and_only_mapped_columns_land(self, land, tmp_path):
        content = self.write(
            tmp_path / "x.parquet",
            "select 9007199254740993 as id, 1.50::decimal(9,2) as name, "
            "timestamptz '2025-01-01 00:00:00+02' as updated, 'x' as ip",
        )
        landed = land(content, "a.parquet", reader="parquet")
        assert landed.rows == [("9007199254740993", "1.50", "2024-12-31 22:00:00+00")]
        assert lines_of(landed) == [None]

    def test_a_missing_column_is_held(self, land, tmp_path):
        content = self.write(tmp_path / "x.parquet", "select 1 as id, 2 as nam, 3 as updated")
        outcome = land(content, "a.parquet", reader="parquet").outcome
        assert (outcome.rule, "'nam'" in outcome.message) == ("columns_present", True)

    @pytest.mark.parametrize("damage", ["truncated", "text", "overwritten"])
    def test_a_damaged_file_is_held(self, land, tmp_path, damage):
        content = self.write(
            tmp_path / "x.parquet",
            "select i as id, hash(i)::varchar as name, md5(i::varchar) as updated from range(5000) t(i)",
        )
        middle = len(content) // 3
        content = {
            "truncated": content[:-20],
            "text": b"id,name\n1,2\n",
            "overwritten": content[:middle] + b"\xff" * 5000 + content[middle + 5000 :],
        }[damage]
        outcome = land(content, "a.parquet", reader="parquet").outcome
        assert (outcome.outcome, outcome.rule) == ("held", "not_decodable")
        assert "inbox/a.parquet" in outcome.message

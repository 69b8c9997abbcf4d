"""Published tables as files: safe in a spreadsheet, the same numbers again, and never what is private."""

from __future__ import annotations

import csv
import io
import unicodedata
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gapwatch.errors import UserError
from gapwatch.export import defused, export, tables
from gapwatch.snapshots import POINTER, SnapshotInfo

TEXTS = st.text(
    st.one_of(
        st.characters(exclude_categories=("Cs",)), st.sampled_from("=+-@;|\t\r\n\"' ＝＋－＠﹦−\ufeff\u200b")
    )
)
TRIGGERS = set("=+-@")
SKIPPED = set('"“”＂')
AS_OF = datetime.fromisoformat("2025-02-07")


def publish(workspace: Path, snapshot_id: str, *script: str) -> Path:
    published = workspace / "published"
    published.mkdir(exist_ok=True)
    for kind in ("snapshot", "private"):
        with duckdb.connect(str(published / f"{kind}-{snapshot_id}.duckdb")) as connection:
            connection.execute(f"create schema {'marts' if kind == 'snapshot' else 'private'}")
            for each in script if kind == "snapshot" else ("create table private.comments as select 1 as a",):
                connection.execute(each)
    info = SnapshotInfo(
        snapshot_id,
        f"snapshot-{snapshot_id}.duckdb",
        f"private-{snapshot_id}.duckdb",
        "",
        "",
        "build",
        AS_OF,
        AS_OF,
    )
    for name in (f"snapshot-{snapshot_id}.json", POINTER):
        (published / name).write_text(info.to_json(), encoding="utf-8")
    return published


@pytest.fixture
def published(tmp_path: Path) -> Path:
    older = "create table marts.dim_accounts as select 'A0' as account_id"
    publish(tmp_path, "older", older)
    return publish(
        tmp_path,
        "newer",
        """create table marts.dim_accounts as select * from (values
               ('A1', '=HYPERLINK("http://evil.example","click")', -12.5, true, date '2025-01-31', null),
               ('A2', 'Acme; =1+1', 0.1::double + 0.2::double, false, null, ''),
               ('A3', '新星公司', -1e-300, null, null, '"-2+3" he said')
           ) as t(account_id, account_name, gap, is_active, ends_on, note)""",
        """create table marts.fct_weekly as
           select * from (values (2872, -5, timestamp '2025-01-20 08:00'), (2873, 7, null))
               as t(week_id, n, seen_at)""",
    )


def rows(path: Path, delimiter: str = ",") -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


@given(TEXTS, TEXTS)
@example('5;"=1+1', '\n"="')
@example("a", "b\r\n @SUM(1)")
def test_no_cell_begins_a_formula_wherever_a_spreadsheet_cuts_the_line(first: str, second: str) -> None:
    quoted = ['"' + defused(text).replace('"', '""') + '"' for text in (first, second)]
    line = f"5,{quoted[0]},{quoted[1]},-3\n"
    for delimiter in ",;|\t":
        for row in csv.reader(io.StringIO(line, newline=""), delimiter=delimiter):
            for cell in row:
                # What we wrote as a number is one.
                assert cell == "-3" or not begins_formula(cell), (delimiter, row)


def begins_formula(cell: str) -> bool:
    unseen = ("Cc", "Cf", "Zs", "Zl", "Zp")
    seen = [c for c in cell if c not in SKIPPED and unicodedata.category(c) not in unseen]
    return bool(seen) and (unicodedata.normalize("NFKC", seen[0]) in TRIGGERS or seen[0] == "−")


@given(TEXTS)
def test_a_text_is_kept_and_only_gets_apostrophes(text: str) -> None:
    shown = defused(text)
    left = iter(shown)
    assert all(character in left for character in text)
    assert sorted(shown.replace("'", "")) == sorted(text.replace("'", ""))


@given(st.text(st.characters(categories=("Lu", "Ll", "Lo", "Nd"), include_characters=" .,'()&/")))
def test_an_ordinary_name_is_left_alone(text: str) -> None:
    assert defused(text) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**63 - 1))
def test_numbers_come_back_as_they_were(number: float, count: int) -> None:
    with duckdb.connect() as connection:
        relation = connection.sql("select $a::double as a, $b::bigint as b", params={"a": number, "b": count})
        from gapwatch.export import _lines

        file = io.StringIO()
        _lines(relation.to_arrow_reader(10), file)
    a, b = file.getvalue().splitlines()[1].split(",")
    assert (float(a), int(b)) == (number, count)


def test_csv_keeps_numbers_and_tells_an_empty_text_from_a_missing_value(
    published: Path, tmp_path: Path
) -> None:
    out = tmp_path / "accounts.csv"
    report = export(published, "dim_accounts", out)
    assert (report.rows, report.snapshot) == (3, "newer")
    assert rows(out) == [
        ["account_id", "account_name", "gap", "is_active", "ends_on", "note"],
        ["A1", '\'=HYPERLINK("http://evil.example","click")', "-12.5", "true", "2025-01-31", ""],
        ["A2", "Acme;' =1+1", "0.30000000000000004", "false", "", ""],
        ["A3", "新星公司", "-1e-300", "", "", '\'"-2+3" he said'],
    ]
    lines = out.read_text(encoding="utf-8-sig").splitlines()
    assert lines[1].endswith(",2025-01-31,")  # a missing value
    assert lines[2].endswith(',,""')  # an empty text
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")  # else Chinese names are garbled in a spreadsheet


def test_parquet_is_the_table_untouched_and_says_its_snapshot(published: Path, tmp_path: Path) -> None:
    out = tmp_path / "accounts.parquet"
    export(published, "marts.dim_accounts", out, kind="parquet")
    table = pyarrow.parquet.read_table(out)
    assert table.column("account_name")[0].as_py() == '=HYPERLINK("http://evil.example","click")'
    assert table.column("gap").to_pylist() == [-12.5, 0.1 + 0.2, -1e-300]
    assert table.schema.metadata[b"gapwatch.snapshot_id"] == b"newer"


def test_an_older_snapshot_and_a_single_week_can_be_named(published: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    export(published, "dim_accounts", out, snapshot_id="older")
    assert rows(out) == [["account_id"], ["A0"]]
    export(published, "fct_weekly", out, week_of=date(2025, 1, 26))
    assert rows(out) == [["week_id", "n", "seen_at"], ["2872", "-5", "2025-01-20 08:00:00"]]


def test_without_a_table_the_marts_are_listed(published: Path) -> None:
    listed = tables(published)
    assert [(each["table"], each["rows"]) for each in listed.tables] == [
        ("dim_accounts", 3),
        ("fct_weekly", 2),
    ]


@pytest.mark.parametrize("table", ["private.comments", "comments", 'x"; drop table y', "meta.snapshot"])
def test_what_is_no_mart_is_not_exported(published: Path, tmp_path: Path, table: str) -> None:
    out = tmp_path / "out.csv"
    with pytest.raises(UserError, match="has no table"):
        export(published, table, out)
    assert not out.exists()


def test_a_misspelt_table_is_guessed(published: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'dim_accounts'"):
        export(published, "dim_acounts", tmp_path / "out.csv")


def test_a_table_without_weeks_has_no_week_to_choose(published: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not by week"):
        export(published, "dim_accounts", tmp_path / "out.csv", week_of=date(2025, 1, 26))


def test_a_failed_export_leaves_the_file_before_it(published: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    export(published, "dim_accounts", out)
    before = out.read_bytes()
    with pytest.raises(UserError):
        export(published, "nothing", out)
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "published"]

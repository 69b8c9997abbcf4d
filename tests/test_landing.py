"""Each content lands exactly once, whatever it is called, whatever fails beside it, whenever it is killed."""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import gapwatch
from gapwatch import decoding, landing
from gapwatch.batches import LineIndex
from gapwatch.errors import InternalError, LockBusyError, ResourceError, UserError
from gapwatch.faults import FAULT_POINTS
from gapwatch.landing import IngestReport, ingest, list_batches
from gapwatch.ledger import Ledger

ROOT = Path(gapwatch.__file__).parents[1]
INGEST = "import sys; from gapwatch.landing import ingest; from gapwatch.workspace import load_workspace; "
INGEST += "sys.exit(ingest(load_workspace(sys.argv[1])).exit_code)"
CSV = "id,name,tier,updated\nA1,Acme,S,2025-01-02\nA2,Müller,A,2025-01-03\n"
OTHER = "id,name,tier,updated\nA1,Acme,A,2025-02-02\n"


def outcomes(report: IngestReport) -> dict[str, str]:
    return {file.file.removeprefix("inbox/"): file.outcome for file in report.files}


def start(folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.Popen([sys.executable, "-c", INGEST, str(folder)], env=env)


def digest(folder: Path) -> dict[str, object]:
    """Everything an ingest leaves behind, without clocks and counters."""
    landing: dict[str, object] = {}
    for path in sorted(folder.glob("landing/*/*")) + sorted(folder.glob("landing/*/.*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".json":
            landing[name] = {k: v for k, v in json.loads(path.read_text()).items() if k != "landed_at"}
        else:
            landing[name] = path.read_bytes()
    kept = (
        "source",
        "file",
        "size",
        "sha256",
        "dialect_fingerprint",
        "batch_id",
        "outcome",
        "rule",
        "records",
    )
    with Ledger(folder / "ledger.sqlite") as ledger:
        landing["ledger"] = sorted(str([row[name] for name in kept]) for row in ledger.files())
    landing["tmp"] = sorted(p.name for p in folder.glob(".gapwatch/tmp/read-*"))
    return landing


class TestContent:
    def test_a_batch_tells_what_it_holds_and_where_it_came_from(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a.csv": CSV}).load()
        (outcome,) = ingest(ws).files
        (batch,) = list_batches(ws.landing_path, "crm")
        assert (outcome.outcome, outcome.batch_id, outcome.records) == ("landed", batch.batch_id, 2)
        assert (batch.source, batch.contract, batch.file, batch.records) == (
            "crm",
            "accounts",
            "inbox/a.csv",
            2,
        )
        assert (batch.bytes, batch.columns) == (len(CSV.encode()), ("id", "name", "tier", "updated"))
        assert re.fullmatch("[0-9a-f]{16}", batch.batch_id)
        assert batch.path == ws.landing_path / "crm" / f"{batch.batch_id}.parquet"
        assert batch.line_of(2) == 3
        rows = duckdb.connect().execute(
            f"select file_row_number + 1, id, name from read_parquet('{batch.path}', file_row_number=true)"
        )
        assert rows.fetchall() == [(1, "A1", "Acme"), (2, "A2", "Müller")]
        assert str(ws.folder) not in batch.manifest_path.read_text()

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("renamed.csv", CSV.encode()),
            ("zipped.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
            (
                "reordered.csv",
                b"tier,updated,name,id\nS,2025-01-02,Acme,A1\n" + "A,2025-01-03,Müller,A2\n".encode(),
            ),
            ("quoted.csv", CSV.replace("Acme", '"Acme"').encode()),
            ("more.csv", b"ip," + CSV.replace("\n", "\n10.0.0.1,", 2).encode()),
            ("marked.csv", b"\xef\xbb\xbf" + CSV.encode()),
        ],
    )
    def test_the_same_contents_again_are_the_same_batch(self, workspace_factory, name, content):
        made = workspace_factory(files={"inbox/a.csv": CSV})
        ws = made.load()
        ingest(ws)
        before = digest(ws.folder)
        made.write(f"inbox/{name}", content)
        report = ingest(ws)
        assert outcomes(report) == {"a.csv": "unchanged", name: "duplicate"}
        after = digest(ws.folder)
        assert {**after, "ledger": None} == {**before, "ledger": None}

    def test_order_of_rows_and_source_are_part_of_a_batch(self, workspace_factory):
        source = {"contract": "accounts", "reader": "csv", "path": "inbox/*", "columns": None}
        source["columns"] = {"account_id": "id", "account_name": "name", "updated_at": "updated"}
        lines = CSV.splitlines(keepends=True)
        ws = workspace_factory(
            sources=[{"name": "one", **source}, {"name": "two", **source}],
            files={"inbox/a.csv": CSV, "inbox/b.csv": lines[0] + lines[2] + lines[1]},
        ).load()
        ingest(ws)
        assert len({batch.batch_id for batch in list_batches(ws.landing_path)}) == 4

    def test_threads_do_not_change_a_batch(self, workspace_factory):
        body = "".join(f"A{n},name {n % 91},S,2025-01-02\n" for n in range(250_000))
        ids = set()
        for threads in (1, 2, 4):
            ws = workspace_factory(
                folder=f"w{threads}", limits={"threads": threads}, files={"inbox/a.csv": CSV + body}
            ).load()
            ids.add(ingest(ws).files[0].batch_id)
        assert len(ids) == 1

    def test_a_large_content_that_landed_in_smaller_row_groups_is_known_again(
        self, workspace_factory, monkeypatch
    ):
        rows = [f"A{n},name {n % 91},S,2025-01-02\n" for n in range(70_000)]
        made = workspace_factory(files={"inbox/a.csv": CSV + "".join(rows)})
        ws = made.load()
        with monkeypatch.context() as earlier:
            smaller = re.sub("ROW_GROUP_SIZE [0-9]+", "ROW_GROUP_SIZE 61440", landing.PARQUET)
            earlier.setattr(landing, "PARQUET", smaller)
            first = ingest(ws).files[0].batch_id
        made.write("inbox/renamed.csv.gz", gzip.compress((CSV + "".join(rows)).encode(), mtime=0))
        made.write("inbox/turned.csv", CSV + "".join(reversed(rows)))
        report = ingest(ws)
        assert [file.outcome for file in report.files] == ["unchanged", "duplicate", "landed"]
        assert [f.batch_id == first for f in report.files] == [True, True, False]
        assert len(list_batches(ws.landing_path)) == 2

    def test_a_changed_file_is_a_new_batch_and_the_old_one_stays(self, workspace_factory):
        made = workspace_factory(files={"inbox/a.csv": CSV})
        ws = made.load()
        first = ingest(ws).files[0].batch_id
        made.write("inbox/a.csv", OTHER)
        second = ingest(ws).files[0]
        assert (second.outcome, len(list_batches(ws.landing_path))) == ("landed", 2)
        made.write("inbox/a.csv", CSV)
        third = ingest(ws).files[0]
        assert (third.outcome, third.batch_id) == ("unchanged", first)

    def test_an_unchanged_file_is_not_opened_again(self, workspace_factory, monkeypatch):
        ws = workspace_factory(files={"inbox/a.csv": CSV, "inbox/bad.csv": "id\n1\n"}).load()
        first = ingest(ws)
        monkeypatch.setattr("gapwatch.files.decode", lambda *_: pytest.fail("it was opened"))
        again = ingest(ws)
        assert outcomes(again) == {"a.csv": "unchanged", "bad.csv": "held"}
        assert again.held[0].message == first.held[0].message
        assert again.exit_code == 11

    def test_a_file_that_was_only_touched_stays_what_it_was(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a.csv": CSV}).load()
        ingest(ws)
        os.utime(ws.folder / "inbox/a.csv", (1, 1))
        assert outcomes(ingest(ws)) == {"a.csv": "unchanged"}
        with Ledger.of(ws) as ledger:
            assert [row["mtime_ns"] for row in ledger.files()] == [1_000_000_000]

    def test_a_mapping_that_reads_more_columns_lands_the_file_again(self, workspace_factory):
        made = workspace_factory(files={"inbox/a.csv": CSV})
        ingest(made.load())
        settings = (made.folder / "gapwatch.yml").read_text()
        made.write("gapwatch.yml", settings.replace("tier: tier", "tier: upper(name)"))
        assert outcomes(ingest(made.load())) == {"a.csv": "landed"}
        made.write("gapwatch.yml", settings.replace("tier: tier", "tier: upper(tier)"))
        assert outcomes(ingest(made.load())) == {"a.csv": "unchanged"}, (
            "the same columns are read as at first"
        )
        columns = sorted(batch.columns for batch in list_batches(made.load().landing_path))
        assert columns == [("id", "name", "tier", "updated"), ("id", "name", "updated")]

    def test_a_lost_batch_is_landed_again_from_its_file(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a.csv": CSV}).load()
        ingest(ws)
        before = digest(ws.folder)
        (batch,) = list_batches(ws.landing_path)
        for path in (batch.path, batch.manifest_path):
            content = path.read_bytes()
            path.unlink()
            assert outcomes(ingest(ws)) == {"a.csv": "landed"}
            assert content
            assert digest(ws.folder) == before

    def test_a_full_delivery_counts_again_when_it_comes_back(self, workspace_factory):
        source = {"delivers": "full", "as_of": {"file_pattern": r"crm-(\d{4}-\d\d-\d\d)"}}
        names = [f"inbox/crm-2025-01-0{day}.csv" for day in (1, 2, 3)]
        ws = workspace_factory(
            source=source, files={names[0]: CSV, names[1]: OTHER, names[2]: CSV, "inbox/crm.csv": CSV}
        ).load()
        report = ingest(ws)
        assert set(outcomes(report).values()) == {"landed", "held"}
        assert [file.rule for file in report.held] == ["as_of"]
        assert [str(batch.as_of) for batch in list_batches(ws.landing_path)] == [
            f"2025-01-0{day} 00:00:00" for day in (1, 2, 3)
        ]


class TestOneFileAmongOthers:
    def test_what_is_wrong_with_one_file_stops_no_other(self, workspace_factory, tmp_path):
        made = workspace_factory(
            files={
                "inbox/0-good.csv": CSV,
                "inbox/1-ragged.csv": CSV + "A3,x\n",
                "inbox/2-empty.csv": "",
                "inbox/3-truncated.csv.gz": gzip.compress(CSV.encode())[:-9],
                "inbox/4-latin.csv": CSV.encode("latin-1"),
                "inbox/5-nul.csv": CSV + "A3\0,x,S,2025-01-02\n",
                "inbox/6-renamed.csv": CSV.replace("tier", "class"),
                "inbox/7-header.csv": "id,name,tier,updated\n",
                "inbox/8-twice.csv": "id,id,name,tier,updated\n",
                "inbox/z-good.csv": OTHER,
            }
        )
        os.mkfifo(made.folder / "inbox/9-fifo.csv")
        (tmp_path / "outside").write_text(CSV)
        (made.folder / "inbox/9-link.csv").symlink_to(tmp_path / "outside")
        ws = made.load()
        report = ingest(ws)
        assert {file.file.removeprefix("inbox/"): file.rule or file.outcome for file in report.files} == {
            "0-good.csv": "landed",
            "1-ragged.csv": "row_shape",
            "2-empty.csv": "empty_file",
            "3-truncated.csv.gz": "truncated",
            "4-latin.csv": "not_decodable",
            "5-nul.csv": "nul_byte",
            "6-renamed.csv": "columns_present",
            "7-header.csv": "landed",
            "8-twice.csv": "duplicate_header",
            "9-fifo.csv": "file_kind",
            "9-link.csv": "file_kind",
            "z-good.csv": "landed",
        }
        assert report.exit_code == 11
        for file in report.held:
            assert file.file in file.message
            assert f"Rule: {file.rule}." in file.message
            assert "Next: " in file.message
        with Ledger.of(ws) as ledger:
            noted = {row["file"]: row["rule"] or row["outcome"] for row in ledger.files()}
        assert noted == {file.file: file.rule or file.outcome for file in report.files}
        assert json.loads(json.dumps(report.as_dict()))["counts"]["held"] == 9

    def test_a_growing_file_is_not_taken_and_not_an_error_and_taken_next_time(self, workspace_factory):
        ws = workspace_factory(
            files={"inbox/a.csv": CSV, "inbox/old.csv": OTHER}, limits={"quiet_seconds": 600}
        ).load()
        os.utime(ws.folder / "inbox/old.csv", (1, 1))
        report = ingest(ws)
        assert (outcomes(report), report.exit_code) == ({"a.csv": "growing", "old.csv": "landed"}, 0)
        os.utime(ws.folder / "inbox/a.csv", (2, 2))
        assert outcomes(ingest(ws)) == {"a.csv": "landed", "old.csv": "unchanged"}
        with Ledger.of(ws) as ledger:
            assert [row["outcome"] for row in ledger.files() if row["file"] == "inbox/a.csv"] == ["landed"]

    def test_a_file_that_changes_while_duckdb_reads_it_is_growing(self, workspace_factory, monkeypatch):
        ws = workspace_factory(files={"inbox/a.csv": CSV}).load()
        from gapwatch.readers.csv import CsvFile

        check = CsvFile.check

        def and_then_it_grows(self, *args):
            with (ws.folder / "inbox/a.csv").open("a") as file:
                file.write("A3,x,S,2025-01-02\n")
            return check(self, *args)

        monkeypatch.setattr(CsvFile, "check", and_then_it_grows)
        assert outcomes(ingest(ws)) == {"a.csv": "growing"}
        assert list_batches(ws.landing_path) == []

    def test_a_repaired_file_lands(self, workspace_factory):
        made = workspace_factory(files={"inbox/a.csv": CSV + "A3,x\n"})
        assert ingest(made.load()).exit_code == 11
        made.write("inbox/a.csv", CSV)
        report = ingest(made.load())
        assert (outcomes(report), report.exit_code) == ({"a.csv": "landed"}, 0)

    def test_a_raised_limit_is_enough_to_take_a_file_that_was_too_large(self, workspace_factory):
        made = workspace_factory(files={"inbox/a.csv": CSV}, limits={"max_file_bytes": 20})
        assert ingest(made.load()).held[0].rule == "too_large"
        settings = made.folder / "gapwatch.yml"
        settings.write_text(settings.read_text().replace("max_file_bytes: 20", "max_file_bytes: 2000"))
        assert outcomes(ingest(made.load())) == {"a.csv": "landed"}

    def test_sources_without_files_are_named_and_sources_can_be_chosen(self, workspace_factory):
        columns = {"account_id": "id", "account_name": "name", "updated_at": "updated"}
        source = {"contract": "accounts", "reader": "csv", "columns": columns}
        ws = workspace_factory(
            sources=[{"name": "one", "path": "inbox/*", **source}, {"name": "two", "path": "no/*", **source}],
            files={"inbox/a.csv": CSV},
        ).load()
        assert ingest(ws, sources=["two"]).sources_without_files == ("two",)
        assert list_batches(ws.landing_path) == []
        assert [file.source for file in ingest(ws).files] == ["one"]
        with pytest.raises(UserError, match="There is no source"):
            ingest(ws, sources=["three"])

    def test_progress_is_told_in_bytes(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a.csv": CSV, "inbox/b.csv": OTHER}).load()
        told: list[tuple[str, int, int]] = []
        ingest(ws, progress=lambda *step: told.append(step))
        a, both = len(CSV.encode()), len(CSV.encode()) + len(OTHER)
        assert told == [("inbox/a.csv", 0, both), ("inbox/b.csv", a, both), ("", both, both)]

    def test_a_full_disk_stops_the_run_and_the_next_makes_it_good(self, workspace_factory, monkeypatch):
        ws = workspace_factory(files={"inbox/a.csv.gz": gzip.compress(CSV.encode())}).load()

        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(decoding, "_drain", full)
        with pytest.raises(ResourceError, match="not enough disk") as caught:
            ingest(ws)
        assert caught.value.exit_code == 12
        monkeypatch.undo()
        assert outcomes(ingest(ws)) == {"a.csv.gz": "landed"}

    def test_a_damaged_manifest_is_named_with_its_repair(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a.csv": CSV}).load()
        ingest(ws)
        (batch,) = list_batches(ws.landing_path)
        batch.manifest_path.write_text("{")
        with pytest.raises(InternalError, match="remove the manifest"):
            list_batches(ws.landing_path)


FILES = {
    "inbox/a.csv": CSV,
    "inbox/b.csv.gz": gzip.compress((OTHER + '"A9","two\nlines",S,2025-01-01\n').encode(), mtime=0),
    "inbox/c-copy.csv": CSV,
    "inbox/d-bad.csv": CSV + "A3\n",
}


class TestKilled:
    @pytest.fixture
    def undisturbed(self, workspace_factory):
        ws = workspace_factory(folder="undisturbed", files=FILES).load()
        ingest(ws)
        return digest(ws.folder)

    def test_a_kill_at_any_point_leaves_nothing_lost_or_doubled(self, workspace_factory, undisturbed):
        points = [point for point in FAULT_POINTS if point.startswith(("landing.", "files."))]
        assert len(points) >= 10
        folders = {point: workspace_factory(folder=point.replace(".", "-"), files=FILES) for point in points}
        runs = {point: start(made.folder, GAPWATCH_FAULT=point) for point, made in folders.items()}
        for point, made in folders.items():
            assert runs[point].wait() == -signal.SIGKILL, point
            assert all(batch.path.exists() for batch in list_batches(made.load().landing_path)), point
            ingest(made.load())
            assert digest(made.folder) == undisturbed, point

    def test_leftovers_of_a_killed_run_are_removed(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a.csv": CSV}).load()
        ingest(ws)
        before = digest(ws.folder)
        for name in (".tmp-x.parquet", ".tmp-y.json", "0123456789abcdef.parquet"):
            (ws.landing_path / "crm" / name).write_bytes(b"half")
        (ws.tmp_path / "read-left").write_bytes(b"half")
        ingest(ws)
        assert digest(ws.folder) == before

    def test_runs_at_once_leave_what_one_leaves(self, workspace_factory, undisturbed):
        made = workspace_factory(folder="many", files=FILES)
        assert [run.wait() for run in [start(made.folder) for _ in range(4)]] == [11] * 4
        assert digest(made.folder) == undisturbed

    def test_a_run_that_may_not_wait_says_who_holds_the_lock(self, workspace_factory):
        from gapwatch.locks import landing_lock

        made = workspace_factory(files=FILES, limits={"lock_wait_seconds": 0})
        script = "import sys; from gapwatch.landing import *; from gapwatch.workspace import *; "
        script += "ingest(load_workspace(sys.argv[1]))"
        with landing_lock(made.load()):
            env = {**os.environ, "PYTHONPATH": str(ROOT)}
            run = subprocess.run(
                [sys.executable, "-c", script, str(made.folder)],
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )
        assert LockBusyError.__name__ in run.stderr
        assert f"process {os.getpid()} on" in run.stderr

    def test_every_fault_point_in_the_sources_is_in_the_list(self):
        used = {
            name
            for path in (ROOT / "gapwatch").rglob("*.py")
            for name in re.findall(r'fault_point\("([^"]+)"\)', path.read_text(encoding="utf-8"))
        }
        assert used == set(FAULT_POINTS)


class TestLineIndex:
    def test_it_survives_its_text(self):
        starts = [2, 3, 6, 7, 9, 100, 101]
        index = LineIndex.from_text(LineIndex.of_starts(starts).to_text())
        assert [index.line_of(row) for row in range(1, 8)] == starts

    def test_an_empty_file_has_an_index_too(self):
        assert LineIndex.from_text(LineIndex.of_starts([]).to_text()).line_of(1) == 2

"""Source files are found where they may be, left alone while they grow, and decoded as declared."""

from __future__ import annotations

import gzip
import hashlib
import os
import time
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from gapwatch.errors import HeldError, UserError
from gapwatch.files import FoundFile, GrowingError, ReadyFile, RefusedFile, find, opened, sql_path

TEXT = "id,name\n1,Müller\n2,新星\n"
NOISE = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(100)).encode()


def found_file(ws, name: str) -> FoundFile:
    for one in find(ws, ws.sources[0]):
        if one.name == name:
            assert isinstance(one, FoundFile)
            return one
    raise AssertionError(f"{name} was not found")


def refusal(ws, name: str) -> HeldError:
    with pytest.raises(HeldError) as caught, opened(ws, ws.sources[0], found_file(ws, name)):
        pass
    return caught.value


def read(ws, name: str) -> tuple[ReadyFile, str]:
    with opened(ws, ws.sources[0], found_file(ws, name), b",") as ready:
        return ready, ready.path.read_text(encoding="utf-8")


class TestFinding:
    def test_globs_match_files_by_name_and_pass_over_folders(self, workspace_factory):
        ws = workspace_factory(
            source={"path": ["inbox/**/*.csv", "extra/b.csv"]},
            files={"inbox/z.csv": TEXT, "inbox/sub/a.csv": TEXT, "extra/b.csv": TEXT, "inbox/x.txt": TEXT},
        ).load()
        (ws.folder / "inbox/folder.csv").mkdir()
        assert [one.name for one in find(ws, ws.sources[0])] == [
            "extra/b.csv",
            "inbox/sub/a.csv",
            "inbox/z.csv",
        ]

    def test_a_name_with_glob_characters_means_itself(self, workspace_factory):
        ws = workspace_factory(
            folder="w[1]*",
            source={"path": "inbox/a[1].csv"},
            files={"inbox/a[1].csv": TEXT, "inbox/a1.csv": "no"},
        ).load()
        assert [one.name for one in find(ws, ws.sources[0])] == ["inbox/a[1].csv"]

    def test_a_pattern_works_in_a_workspace_whose_own_name_is_a_pattern(self, workspace_factory):
        made = workspace_factory(folder="w[12]?", source={"path": "inbox/*"}, files={"inbox/a.csv": TEXT})
        assert [one.name for one in find(made.load(), made.load().sources[0])] == ["inbox/a.csv"]

    def test_the_same_file_matched_twice_is_one_file(self, workspace_factory):
        ws = workspace_factory(
            source={"path": ["inbox/*", "inbox/a.csv"]}, files={"inbox/a.csv": TEXT}
        ).load()
        assert len(find(ws, ws.sources[0])) == 1

    @pytest.mark.parametrize("kind", ["fifo", "link out", "dangling link", "outside the roots"])
    def test_what_is_no_regular_file_under_a_root_is_refused_unopened(
        self, workspace_factory, tmp_path, kind
    ):
        made = workspace_factory(
            source={"path": ["inbox/*", "other/*"]}, roots=["inbox"], files={"inbox/ok": TEXT}
        )
        (tmp_path / "secret").write_text(TEXT)
        (made.folder / "other").mkdir()
        path = made.folder / "inbox/x"
        match kind:
            case "fifo":
                os.mkfifo(path)
            case "link out":
                path.symlink_to(tmp_path / "secret")
            case "dangling link":
                path.symlink_to(tmp_path / "nothing")
            case _:
                (made.folder / "other/x").write_text(TEXT)
        ws = made.load()
        refused = [one for one in find(ws, ws.sources[0]) if isinstance(one, RefusedFile)]
        assert [(one.error.rule, one.name.rpartition("/")[2]) for one in refused] == [("file_kind", "x")]
        assert "`roots`" in str(refused[0].error)

    def test_a_link_within_the_roots_is_followed(self, workspace_factory):
        made = workspace_factory(files={"store/a.csv": TEXT, "inbox/other.csv": TEXT})
        (made.folder / "inbox/link.csv").symlink_to(made.folder / "store/a.csv")
        names = [one.name for one in find(made.load(), made.load().sources[0])]
        assert names == ["inbox/link.csv", "inbox/other.csv"]

    def test_a_path_for_duckdb_is_no_pattern(self, tmp_path):
        import duckdb

        (tmp_path / "a1.csv").write_text("x\nwrong\n")
        odd = tmp_path / "it's a[1]*?.csv"
        odd.write_text("x\nright\n")
        rows = duckdb.connect().execute(f"from read_csv({sql_path(odd)}, header=true)").fetchall()
        assert rows == [("right",)]


class TestGrowing:
    def test_a_file_that_changes_while_it_is_awaited_is_not_taken(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a": TEXT}, limits={"quiet_seconds": 0.3}).load()
        found = found_file(ws, "inbox/a")
        with (ws.folder / "inbox/a").open("a") as growing:
            growing.write("3,x\n")
        with pytest.raises(GrowingError), opened(ws, ws.sources[0], found):
            pass

    def test_a_fresh_file_is_taken_once_it_has_been_quiet(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a": TEXT}, limits={"quiet_seconds": 0.4}).load()
        written = time.time()
        read(ws, "inbox/a")
        assert time.time() - written > 0.3

    def test_a_long_quiet_time_is_left_to_the_next_run(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a": TEXT}, limits={"quiet_seconds": 600}).load()
        with (
            pytest.raises(GrowingError, match="600 seconds"),
            opened(ws, ws.sources[0], found_file(ws, "inbox/a")),
        ):
            pass
        past = time.time() - 601
        os.utime(ws.folder / "inbox/a", (past, past))
        assert read(ws, "inbox/a")[1] == TEXT

    def test_a_time_in_the_future_does_not_hold_a_file_for_ever(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a": TEXT}, limits={"quiet_seconds": 0.1}).load()
        future = time.time() + 10**6
        os.utime(ws.folder / "inbox/a", (future, future))
        assert read(ws, "inbox/a")[1] == TEXT

    def test_a_file_that_went_away_is_not_taken(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a": TEXT}).load()
        found = found_file(ws, "inbox/a")
        (ws.folder / "inbox/a").unlink()
        with pytest.raises(GrowingError, match="gone"), opened(ws, ws.sources[0], found):
            pass

    def test_a_truncated_copy_still_being_written_is_growing_not_held(self, workspace_factory):
        whole = gzip.compress(TEXT.encode())
        ws = workspace_factory(files={"inbox/a.gz": whole[:20]}).load()
        found = found_file(ws, "inbox/a.gz")
        (ws.folder / "inbox/a.gz").write_bytes(whole[:25])
        with pytest.raises(GrowingError), opened(ws, ws.sources[0], found):
            pass


class TestDecoding:
    def test_plain_utf8_is_read_where_it_is(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a.csv": TEXT}).load()
        ready, _ = read(ws, "inbox/a.csv")
        assert ready.path == ws.folder / "inbox/a.csv"
        assert ready.sha256 == hashlib.sha256(TEXT.encode()).hexdigest()
        assert ready.text is not None
        assert (ready.text.lines, ready.text.returns, ready.text.counts) == (3, 0, {",": 3})

    @pytest.mark.parametrize(
        ("name", "encoding", "content"),
        [
            ("a.csv.gz", "utf-8", gzip.compress(TEXT.encode(), mtime=0)),
            (
                "two.csv.gz",
                "utf-8",
                gzip.compress(TEXT[:9].encode(), mtime=0) + gzip.compress(TEXT[9:].encode(), mtime=0),
            ),
            ("a.csv.zst", "utf-8", zstandard.compress(TEXT.encode())),
            (
                "two.csv.zst",
                "utf-8",
                zstandard.compress(TEXT[:9].encode()) + zstandard.compress(TEXT[9:].encode()),
            ),
            ("bom.csv", "utf-8", b"\xef\xbb\xbf" + TEXT.encode()),
            ("bom.csv", "utf-8-sig", b"\xef\xbb\xbf" + TEXT.encode()),
            ("a.csv", "gb18030", TEXT.encode("gb18030")),
            ("a.csv", "utf-16", TEXT.encode("utf-16")),
            ("a.csv", "utf-16-le", b"\xff\xfe" + TEXT.encode("utf-16-le")),
            ("a.csv.gz", "gb18030", gzip.compress(TEXT.encode("gb18030"), mtime=0)),
        ],
    )
    def test_everything_else_becomes_plain_utf8_and_the_copy_goes(
        self, workspace_factory, name, encoding, content
    ):
        ws = workspace_factory(source={"encoding": encoding}, files={f"inbox/{name}": content}).load()
        ready, text = read(ws, f"inbox/{name}")
        assert text == TEXT
        assert ready.sha256 == hashlib.sha256(content).hexdigest()
        assert ready.path.is_relative_to(ws.tmp_path)
        assert not ready.path.exists()

    def test_a_mark_in_the_middle_is_content(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a": "id\n\ufeff1\n"}).load()
        assert read(ws, "inbox/a")[1] == "id\n\ufeff1\n"

    @pytest.mark.parametrize(
        ("content", "encoding", "line"),
        [
            (b"id\n1\nM\xfcller\n", "utf-8", 3),
            (b"id\n" + b"x\n" * 700_000 + b"\xe4\xb8", "utf-8", 700_002),
            (b"id\nM\xfcl\n\x81\n", "cp1252", 3),
            ("id\n新\n".encode("gb18030") + b"\xff\n", "gb18030", 3),
            ("id\nx\n".encode("utf-16-le") + b"\x00", "utf-16-le", 3),
            (TEXT.encode("utf-16"), "utf-8", 1),
        ],
    )
    def test_a_wrong_encoding_is_held_with_its_line(self, workspace_factory, content, encoding, line):
        ws = workspace_factory(source={"encoding": encoding}, files={"inbox/a": content}).load()
        error = refusal(ws, "inbox/a")
        assert (error.rule, error.where) == ("not_decodable", f"inbox/a, line {line}")
        assert "`encoding`" in (error.next_step or "")

    @pytest.mark.parametrize(
        ("name", "content", "rule"),
        [
            ("a.gz", gzip.compress(NOISE, mtime=0)[:-9], "truncated"),
            ("a.gz", gzip.compress(TEXT.encode(), mtime=0)[:12], "truncated"),
            ("a.zst", zstandard.compress(NOISE)[:-3], "truncated"),
            ("a.zst", zstandard.compress(TEXT.encode())[:-1], "truncated"),
            ("a.gz", TEXT.encode(), "not_decodable"),
            ("a.zst", TEXT.encode(), "not_decodable"),
            ("a.gz", gzip.compress(TEXT.encode(), mtime=0) + b"rest", "not_decodable"),
            ("a.gz", gzip.compress(TEXT.encode(), mtime=0)[:-8] + b"\0" * 8, "not_decodable"),
            ("a.gz", gzip.compress(b"", mtime=0), "empty_file"),
            ("a.csv", b"", "empty_file"),
            ("a.gz", b"", "empty_file"),
        ],
    )
    def test_a_damaged_or_empty_file_is_held(self, workspace_factory, name, content, rule):
        ws = workspace_factory(files={f"inbox/{name}": content}).load()
        error = refusal(ws, f"inbox/{name}")
        assert error.rule == rule
        assert f"inbox/{name}" in str(error)
        assert "gapwatch ingest" in (error.next_step or "")
        assert not list(ws.tmp_path.glob("read-*"))

    def test_a_nul_byte_is_held_with_its_line(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a": b"id\n1\n\x002\n"}).load()
        error = refusal(ws, "inbox/a")
        assert (error.rule, error.where) == ("nul_byte", "inbox/a, line 3")

    def test_compressed_bytes_under_a_plain_name_are_held(self, workspace_factory):
        ws = workspace_factory(files={"inbox/a.csv": gzip.compress(TEXT.encode() * 100, mtime=0)}).load()
        assert refusal(ws, "inbox/a.csv").rule in {"not_decodable", "nul_byte"}

    def test_a_file_beyond_the_limit_is_held_unread(self, workspace_factory, monkeypatch):
        monkeypatch.setattr("gapwatch.files.decode", lambda *_: pytest.fail("it was read"))
        ws = workspace_factory(files={"inbox/a": TEXT}, limits={"max_file_bytes": 10}).load()
        error = refusal(ws, "inbox/a")
        assert (error.rule, "limits.max_file_bytes" in error.what) == ("too_large", True)

    def test_a_file_that_grows_beyond_the_limit_when_decompressed_is_held(self, workspace_factory):
        files = {"inbox/a.gz": gzip.compress(TEXT.encode() * 1000)}
        ws = workspace_factory(files=files, limits={"max_file_bytes": 10_000}).load()
        assert refusal(ws, "inbox/a.gz").rule == "too_large"

    @pytest.mark.parametrize(
        ("suffix", "compress"), [("gz", gzip.compress), ("zst", zstandard.ZstdCompressor(level=19).compress)]
    )
    def test_a_bomb_is_held_before_it_fills_disk_or_memory(self, workspace_factory, suffix, compress):
        bomb = compress(b"0" * (1 << 28))
        ws = workspace_factory(files={f"inbox/a.{suffix}": bomb}).load()
        tracemalloc.start()
        try:
            error = refusal(ws, f"inbox/a.{suffix}")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert (error.rule, "limits.max_expansion" in str(error)) == ("too_large", True)
        assert peak < 150 << 20
        assert not list(ws.tmp_path.glob("read-*"))

    def test_a_file_that_may_not_be_read_is_held(self, workspace_factory, monkeypatch):
        ws = workspace_factory(files={"inbox/a": TEXT}).load()
        found = found_file(ws, "inbox/a")
        real_open = Path.open

        def refused(self, *args, **kwargs):  # root reads everything, so the refusal is made
            if self == found.path:
                raise PermissionError(13, "Permission denied")
            return real_open(self, *args, **kwargs)

        monkeypatch.setattr(Path, "open", refused)
        with pytest.raises(HeldError) as caught, opened(ws, ws.sources[0], found):
            pass
        assert caught.value.rule == "not_readable"


def test_a_held_file_is_no_user_error():
    assert not issubclass(HeldError, UserError)

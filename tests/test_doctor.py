"""The doctor finds what would stop a run, and names the fix; the status shows what is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gapwatch.doctor import Examination, examine
from gapwatch.workspace import load_workspace

SETTINGS = """\
version: 1
name: Small firm
roots: [inbox]
sources:
  - name: clients
    contract: accounts
    reader: csv
    path: inbox/clients-*.csv
    columns: {account_id: id, account_name: name, updated_at: changed}
    time_zone: UTC
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gapwatch.yml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "clients-1.csv").write_text(
        "id,name,changed\nC1,Acme,2025-01-01 00:00:00\nC2,Größe AG,2025-01-01 00:00:00\n", encoding="utf-8"
    )
    return tmp_path


def found(report: Examination, subject: str) -> list[tuple[str, str, str | None]]:
    return [(f.level, f.what, f.fix) for f in report.findings if f.subject == subject]


def test_a_sound_workspace_has_no_error(folder: Path) -> None:
    report = examine(folder)
    assert [f for f in report.findings if f.level == "error"] == []
    assert report.exit_code == 0
    assert found(report, "source clients")[0][0] == "ok"


def test_nothing_is_written_by_looking(folder: Path) -> None:
    before = sorted(str(path) for path in folder.rglob("*") if path.is_file())
    examine(folder)
    assert sorted(str(path) for path in folder.rglob("*") if path.is_file()) == before


def test_every_finding_that_is_not_ok_says_the_fix(folder: Path) -> None:
    (folder / "inbox" / "clients-1.csv").unlink()
    for finding in examine(folder).findings:
        assert finding.level == "ok" or finding.fix, finding


def test_unreadable_settings_are_one_finding_with_the_line(folder: Path) -> None:
    (folder / "gapwatch.yml").write_text(SETTINGS.replace("reader: csv", "reader: cvs"), encoding="utf-8")
    report = examine(folder)
    [(level, what, fix)] = found(report, "workspace")
    assert level == "error"
    assert "line 7" in what
    assert fix
    assert report.exit_code == 2


def test_a_mapping_that_is_no_sql_is_named(folder: Path) -> None:
    text = SETTINGS.replace("account_name: name", "account_name: 'upper(name'")
    (folder / "gapwatch.yml").write_text(text, encoding="utf-8")
    [(level, what, _)] = found(examine(folder), "source clients")
    assert level == "error"
    assert "sources.clients.columns.account_name" in what


def test_a_renamed_column_in_the_newest_file_is_named_with_the_closest_one(folder: Path) -> None:
    newest = folder / "inbox" / "clients-2.csv"
    newest.write_text("id,names,changed\nC3,Third,2025-01-02 00:00:00\n", encoding="utf-8")
    later = (folder / "inbox" / "clients-1.csv").stat().st_mtime + 10
    os.utime(newest, (later, later))
    [(level, what, fix)] = found(examine(folder), "source clients")
    assert level == "error"
    assert "clients-2.csv" in what
    assert "'names'" in what
    assert fix


def test_a_missing_root_says_how_to_make_it(folder: Path) -> None:
    (folder / "gapwatch.yml").write_text(SETTINGS.replace("[inbox]", "[inbox, outbox]"), encoding="utf-8")
    [(level, _, fix)] = found(examine(folder), "roots: outbox")
    assert level == "error"
    assert fix is not None
    assert "mkdir" in fix


def test_the_holder_of_the_lock_is_named(folder: Path) -> None:
    code = (
        "import sys\n"
        "from gapwatch.locks import warehouse_lock\n"
        "from gapwatch.workspace import load_workspace\n"
        f"with warehouse_lock(load_workspace({str(folder)!r})):\n"
        "    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        [(level, what, fix)] = found(examine(folder), "lock")
        child.communicate(b"")
    assert level == "warning"
    assert str(child.pid) in what
    assert str(child.pid) in str(fix)
    assert found(examine(folder), "lock")[0][0] == "ok"


def test_a_damaged_ledger_is_found(folder: Path) -> None:
    (folder / "ledger.sqlite").write_bytes(b"this is no database" * 100)
    [(level, _, fix)] = found(examine(folder), "ledger")
    assert level == "error"
    assert fix


def test_a_pointer_to_a_missing_snapshot_is_found(folder: Path) -> None:
    published = folder / "published"
    published.mkdir()
    (published / "current.json").write_text("{}", encoding="utf-8")
    [(level, _, fix)] = found(examine(folder), "snapshot")
    assert level == "error"
    assert fix == "gapwatch publish"


def test_status_of_a_workspace_that_never_ran_says_what_to_do(folder: Path) -> None:
    from gapwatch.status import status

    report = status(load_workspace(folder))
    assert report.snapshot_id is None
    assert [(source.source, source.batches) for source in report.sources] == [("clients", 0)]
    assert json.dumps(report.as_dict())
    assert not (folder / "ledger.sqlite").exists()

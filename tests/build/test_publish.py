"""Snapshots: whole or not at all, read-only, reproducible, and without names in the public file."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import duckdb
import pytest
import yaml

from gapwatch import pipeline, publish, seeds, snapshots
from gapwatch.faults import FAULT_POINTS
from gapwatch.workspace import Workspace, load_workspace

pytestmark = pytest.mark.xdist_group("build")


def keeping(ws: Workspace, snapshots_kept: int) -> Workspace:
    """The same workspace, which keeps that many snapshots."""
    settings = yaml.safe_load(ws.file.read_text(encoding="utf-8"))
    settings.setdefault("limits", {})["keep_snapshots"] = snapshots_kept
    ws.file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    return load_workspace(ws.folder)


def test_a_published_snapshot_fits_its_digest_and_says_what_it_is(company: Workspace) -> None:
    info = snapshots.find(company.published_path)

    assert snapshots.digest(company.published_path / info.file) == info.sha256
    assert snapshots.digest(company.published_path / info.private_file) == info.private_sha256
    with snapshots.open_snapshot(company.published_path) as connection:
        row = connection.execute("select snapshot_id, build_id, as_of from meta.snapshot").fetchone()
    assert row == (info.snapshot_id, info.build_id, info.as_of)
    assert not list(company.published_path.glob("*.wal"))


def test_a_published_snapshot_carries_the_thresholds_it_was_made_with(company: Workspace) -> None:
    with snapshots.open_snapshot(company.published_path) as connection:
        rows = connection.execute("select name, value, unit, reason, is_own from meta.settings").fetchall()

    published = {row[0]: row[1] for row in rows}
    assert published == seeds.settings(company)
    assert all(unit and reason for _, _, unit, reason, _ in rows)
    assert {name for name, *_, is_own in rows if is_own} == set(company.vars)


@pytest.mark.parametrize(
    "mart",
    ["fct_promises", "fct_ratings", "fct_satisfaction_change", "fct_survey_coverage", "rpt_client_evidence"],
)
def test_what_is_read_client_by_client_lies_client_by_client(company: Workspace, mart: str) -> None:
    with snapshots.open_snapshot(company.published_path) as connection:
        found = connection.execute(
            "select count(distinct account_id), count(*) filter (account_id is distinct from before) "
            f"from (select account_id, lag(account_id) over (order by rowid) as before from marts.{mart})"
        ).fetchone()

    assert found is not None
    assert found[0] == found[1] > 1


def test_publishing_the_same_build_again_changes_nothing(company: Workspace) -> None:
    before = snapshots.find(company.published_path)
    report = publish.publish(company)
    assert not report.is_new
    assert snapshots.find(company.published_path) == before


def test_a_snapshot_can_neither_be_written_to_nor_used_to_read_other_files(company: Workspace) -> None:
    with snapshots.open_snapshot(company.published_path) as connection:
        with pytest.raises(duckdb.Error):
            connection.execute("delete from marts.dim_accounts")
        with pytest.raises(duckdb.PermissionException):
            connection.execute(f"select * from read_text('{company.file}')")
        with pytest.raises(duckdb.PermissionException):
            connection.execute("copy (select 1) to 'x.csv'")
        with pytest.raises(duckdb.Error, match="lock"):
            connection.execute("set enable_external_access=true")


def test_an_old_snapshot_named_by_its_id_gives_its_numbers_again(company: Workspace) -> None:
    query = (
        "select account_id, service_dimension, week_id, satisfaction_gap "
        "from marts.fct_satisfaction_weekly order by all"
    )
    old = snapshots.find(company.published_path)
    with snapshots.open_snapshot(company.published_path) as connection:
        before = connection.execute(query).fetchall()
    with duckdb.connect(str(company.warehouse_path)) as connection:
        connection.execute(
            "update marts.fct_satisfaction_weekly set satisfaction_gap = 1, "
            "paired_perception_score = expectation_score + 1 "
            "where satisfaction_gap is not null and expectation_score < 99"
        )
    new = publish.publish(company, force=True)

    assert new.snapshot_id != old.snapshot_id
    with snapshots.open_snapshot(company.published_path) as connection:
        assert connection.execute(query).fetchall() != before
    with snapshots.open_snapshot(company.published_path, old.snapshot_id) as connection:
        assert connection.execute(query).fetchall() == before


def test_only_the_last_snapshots_are_kept_and_a_pruned_one_says_so(company: Workspace) -> None:
    company = keeping(company, 2)
    first = snapshots.find(company.published_path).snapshot_id
    for _ in range(3):
        publish.publish(company, force=True)

    assert len(snapshots.available(company.published_path)) == 2
    assert len(list(company.published_path.glob("snapshot-*.duckdb"))) == 2
    assert len(list(company.published_path.glob("private-*.duckdb"))) == 2
    with pytest.raises(snapshots.SnapshotMissingError, match=first):
        snapshots.open_snapshot(company.published_path, first)


def test_names_addresses_and_comments_are_in_the_private_file_alone(company: Workspace) -> None:
    info = snapshots.find(company.published_path)
    private = company.published_path / info.private_file
    with snapshots.open_snapshot(company.published_path, private=True) as connection:
        people = connection.execute(
            "select display_name, email from private_snapshot.private.contacts where email is not null"
        ).fetchall()
        comments = connection.execute("select answer_text from private_snapshot.private.comments").fetchall()
    assert people
    assert comments
    public = (company.published_path / info.file).read_bytes()
    with duckdb.connect(str(company.published_path / info.file), read_only=True) as connection:
        columns = {
            name
            for (name,) in connection.execute("select column_name from information_schema.columns").fetchall()
        }
    assert not columns & {"display_name", "email", "answer_text", "subject"}
    for name, email in people[:50]:
        assert email.encode() not in public
        assert name.encode() not in public
    assert stat.S_IMODE(private.stat().st_mode) == 0o600


def test_marts_that_break_a_rule_are_not_published(company: Workspace) -> None:
    before = snapshots.find(company.published_path)
    with duckdb.connect(str(company.warehouse_path)) as connection:
        connection.execute(
            "update marts.fct_satisfaction_weekly set perception_score = 101 "
            "where perception_score is not null"
        )

    with pytest.raises(publish.BorderOutError, match="perception_score"):
        publish.publish(company, force=True)

    assert snapshots.find(company.published_path) == before
    assert publish.snapshots_left_behind(company) == []


@pytest.mark.parametrize("point", [name for name in FAULT_POINTS if name.startswith("publish.")])
def test_a_publish_killed_anywhere_leaves_a_whole_snapshot_and_the_next_one_succeeds(
    company: Workspace, point: str
) -> None:
    company = keeping(company, 1)
    code = (
        "import sys; from gapwatch import publish; from gapwatch.workspace import load_workspace; "
        "publish.publish(load_workspace(sys.argv[1]), force=True)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, str(company.folder)],
        env={**os.environ, "GAPWATCH_FAULT": point},
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -9
    for private in company.published_path.glob("private-*"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600

    info = snapshots.find(company.published_path)
    assert snapshots.digest(company.published_path / info.file) == info.sha256
    with snapshots.open_snapshot(company.published_path) as connection:
        assert connection.execute("select count(*) > 0 from marts.dim_accounts").fetchone() == (True,)

    publish.publish(company, force=True)
    assert len(snapshots.available(company.published_path)) == 1
    assert publish.snapshots_left_behind(company) == []


def test_a_workspace_without_a_build_says_what_to_do_first(company: Workspace) -> None:
    company.warehouse_path.unlink()
    with pytest.raises(pipeline.UserError, match="gapwatch build"):
        publish.publish(company)


@pytest.mark.parametrize("damaged", ["current.json", "file", "private_file"])
def test_publishing_again_mends_what_was_damaged(company: Workspace, damaged: str) -> None:
    publish.publish(company)
    before = snapshots.find(company.published_path)
    name = damaged if damaged == "current.json" else getattr(before, damaged)
    (company.published_path / name).write_bytes(b"{ no snapshot")

    assert publish.publish(company).is_new

    with snapshots.open_snapshot(company.published_path, private=True) as connection:
        assert connection.execute("select count(*) > 0 from marts.dim_accounts").fetchone() == (True,)
    assert not publish.publish(company).is_new


def test_the_pointer_is_readable_json(company: Workspace) -> None:
    pointer = json.loads((company.published_path / "current.json").read_text(encoding="utf-8"))
    assert (company.published_path / pointer["file"]).is_file()

"""Names and comments: on the client page, for roles that may, and never without a line in the audit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import alerted_company
import duckdb
import pytest
from conftest import OpenPage
from reading_pages import rows, words
from test_who_sees_what import SETTINGS, claims

from dashboards.queries import personal
from dashboards.rows import Snapshot
from gapwatch import audit
from gapwatch.access.viewers import Scope, Viewer
from gapwatch.ledger import Ledger
from gapwatch.workspace import load_workspace

NAMED = SETTINGS.replace("[braun@example.com], clients", "[braun@example.com], may_see_names: true, clients")


@pytest.fixture
def company(tmp_path: Path) -> Path:
    alerted_company.publish(tmp_path)
    with duckdb.connect(str(tmp_path / "published" / "private-0f3a.duckdb")) as connection:
        connection.execute(
            f"attach '{tmp_path}/published/snapshot-0f3a.duckdb' as public (read_only);"
            "create schema private;"
            "create table private.contacts as select contact_id, 'Person ' || contact_id as display_name, "
            "contact_id || '@client.example' as email from public.marts.dim_contacts;"
            "create table private.comments as select response_id, source, survey_id, 'q1' as question_id, "
            "account_id, contact_id, submitted_at, "
            "'<script>1</script> said at ' || account_id as answer_text "
            "from public.marts.fct_ratings where service_dimension = 'trust'"
        )
    return tmp_path


def opened(
    company: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, settings: str, role: str
) -> Any:
    (company / "gapwatch.yml").write_text(settings, encoding="utf-8")
    at = open_page(company, "client", account="A-001")
    at.user = claims(role)
    return at.run()


def looks(company: Path) -> list[tuple[str, str]]:
    with Ledger.of(load_workspace(company)) as ledger, ledger.reading() as connection:
        assert audit.verify(connection).problem is None
        return [
            (event["actor"], event["action"])
            for event in audit.events_of(connection, "A-001")
            if event["action"] == "personal_data_viewed"
        ]


def test_a_role_that_may_sees_names_and_comments_and_that_is_noted_once(
    company: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(company, open_page, monkeypatch, NAMED, "account_team")

    assert any("Person C-A-001-" in row[0] for row in rows(at, "Contacts"))
    assert rows(at, "What they wrote")[0][1] == "<script>1</script> said at A-001"
    assert "<script>" not in "".join(e.proto.body for e in at.get("html"))
    at.run()
    assert looks(company) == [("braun@example.com", "personal_data_viewed")]


def test_other_roles_see_job_titles_and_nothing_is_noted(
    company: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(company, open_page, monkeypatch, NAMED, "leader")

    text = words(at)
    assert "Head of IT" in text or "Buyer" in text
    for personal_text in ("Person C-", "@client.example", "said at"):
        assert personal_text not in text
    assert looks(company) == []


def test_where_a_look_cannot_be_noted_nobody_sees_a_name(
    company: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (company / "ledger.sqlite").write_bytes(b"not a database")

    assert "Person C-" not in words(opened(company, open_page, monkeypatch, NAMED, "account_team"))


def test_the_private_snapshot_answers_only_who_may_and_only_about_their_clients(company: Path) -> None:
    folder = str(company / "published")
    braun = Viewer(Scope(owners=("K. Braun",)), may_see_names=True)

    mine = personal.names(Snapshot(folder, "0f3a", braun), "A-001")
    assert mine
    assert personal.comments(Snapshot(folder, "0f3a", braun), "A-001", 5)
    assert personal.names(Snapshot(folder, "0f3a", braun), "A-002") == {}
    assert personal.comments(Snapshot(folder, "0f3a", braun), "A-002", 5) == []
    with pytest.raises(personal.NotAllowedError):
        personal.names(Snapshot(folder, "0f3a", Viewer(Scope(), may_see_names=False)), "A-001")

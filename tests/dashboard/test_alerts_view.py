"""Alerts: what waits is said first, an answer is one click, and nobody's answer is lost."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import alerted_company
import fixture_snapshot
import pytest
from conftest import OpenPage
from reading_pages import pictures, rows, title, words
from streamlit.testing.v1 import AppTest

from dashboards import inbox
from gapwatch import audit, ledger_database
from gapwatch.alerts import actions, overrides, store
from gapwatch.ledger import Ledger, now
from gapwatch.ledger_tables import alerts
from gapwatch.workspace import load_workspace

FIRST = f"{1:012x}"


@pytest.fixture
def alerted(tmp_path: Path) -> Path:
    return alerted_company.publish(tmp_path)


def ledger_of(workspace: Path) -> Ledger:
    return Ledger.of(load_workspace(workspace))


def alert(workspace: Path, alert_id: str = FIRST) -> dict[str, object]:
    with ledger_of(workspace) as ledger:
        return store.story(ledger, alert_id).alert


def click(at: AppTest, label: str, key: str | None = None) -> AppTest:
    (button,) = [b for b in at.button if b.label == label and (key is None or key in str(b.key))][:1]
    return button.click().run()


def opened(at: AppTest, form: str) -> AppTest:
    """The page after a click on what opens to a form of the first alert."""
    at.session_state[f"{form}_{FIRST}"] = True
    return at.run()


def test_the_title_counts_what_waits_and_how_long(alerted: Path, open_page: OpenPage) -> None:
    assert title(open_page(alerted, "alerts")) == "8 alerts wait for an answer, the oldest 37 days"


def test_a_card_says_how_bad_who_what_since_when_on_what_and_whose(
    alerted: Path, open_page: OpenPage
) -> None:
    text = words(open_page(alerted, "alerts"))

    assert "Harbor Logistics · may leave · Trust" in text
    assert "62 risk points · since " in text
    assert "n 3 · owner K. Braun, account manager · open 37 d" in text


def test_a_source_in_time_whose_batch_is_held_is_not_called_late(alerted: Path, open_page: OpenPage) -> None:
    late = f"{9:012x}"
    assert "9 d late · since " in words(open_page(alerted, "alerts", alert=late))

    def with_value(days: float) -> str:
        with ledger_of(alerted) as ledger, ledger.writing() as connection:
            connection.execute(alerts.update().where(alerts.c.alert_id == late).values(value=days))
        return words(open_page(alerted, "alerts", alert=late))

    assert "10 h late · since " in with_value(0.4)
    text = with_value(0.0)
    assert "its newest batch was not let in · since " in text
    assert "d late" not in text


def test_six_a_page_and_the_others_one_click_further(alerted: Path, open_page: OpenPage) -> None:
    at = open_page(alerted, "alerts")
    assert len([b for b in at.button if b.label == "Acknowledge"]) == 6

    at = click(at, "Next")

    assert at.query_params["page"] == "2"
    assert len([b for b in at.button if b.label == "Acknowledge"]) == 2


def test_alerts_of_one_client_stand_on_one_card_the_others_folded(alerted: Path, open_page: OpenPage) -> None:
    same = {"subject_id": "A-001", "account_id": "A-001"}
    with ledger_of(alerted) as ledger, ledger.writing() as connection:
        connection.execute(
            alerts.update().where(alerts.c.alert_id.in_([f"{5:012x}", f"{6:012x}"])).values(same)
        )

    at = open_page(alerted, "alerts")

    (folded,) = at.expander
    assert folded.label == "2 more of this client: one strong voice, silent"
    assert len([b for b in folded.button if b.label == "Acknowledge"]) == 2
    # Six clients or sources wait: all on the first page, and each alert can be answered there.
    assert len([b for b in at.button if b.label == "Acknowledge"]) == 8
    assert title(at).startswith("8 alerts wait")


@pytest.mark.parametrize(
    ("parameters", "n", "first"),
    [
        ({"owner": "K. Braun"}, 2, "K. Braun: 2 alerts wait for an answer, the oldest 37 days"),
        ({"state": "acknowledged"}, 1, "8 alerts wait"),
        ({"state": "snoozed"}, 0, "8 alerts wait"),
        ({"alert": f"{7:012x}"}, 1, "8 alerts wait"),
    ],
)
def test_the_address_decides_what_is_listed(
    alerted: Path, open_page: OpenPage, parameters: dict[str, str], n: int, first: str
) -> None:
    at = open_page(alerted, "alerts", **parameters)

    assert title(at).startswith(first)
    assert len([e for e in at.get("html") if 'class="gw-alert"' in e.proto.body]) == n


def test_acknowledging_changes_the_ledger_and_the_title_and_says_who(
    alerted: Path, open_page: OpenPage
) -> None:
    at = click(open_page(alerted, "alerts"), "Acknowledge", FIRST)

    assert title(at) == "7 alerts wait for an answer, the oldest 20 days"
    done = alert(alerted)
    assert done["state"] == "acknowledged"
    assert str(done["acknowledged_by"]).startswith("local:")
    with ledger_of(alerted) as ledger, ledger.reading() as connection:
        assert [event["action"] for event in audit.events_of(connection, FIRST)] == ["acknowledged"]
        assert audit.verify(connection).problem is None
    assert "Acknowledged by local:" in words(open_page(alerted, "alerts", state="acknowledged"))


def test_the_second_of_two_people_is_told_and_what_they_wrote_is_given_back(
    alerted: Path, open_page: OpenPage
) -> None:
    at = opened(open_page(alerted, "alerts"), "resolving")
    with ledger_of(alerted) as ledger:
        actions.acknowledge(ledger, FIRST, actor="lin@example.com")
    at.text_input(key=f"cause_{FIRST}").set_value("The new desk")

    at = click(at, "Resolve", "resolve_" + FIRST)

    said = at.warning[0].value.replace("\\", "").replace("\u2060", "")
    assert said.startswith("lin@example.com was faster and acknowledged it, ")
    assert said.endswith("Nothing of yours was done. You had written: The new desk")
    assert alert(alerted)["state"] == "acknowledged"


def test_leaving_aside_needs_a_reason_and_keeps_it(alerted: Path, open_page: OpenPage) -> None:
    at = click(opened(open_page(alerted, "alerts"), "snoozing"), "Leave aside", FIRST)
    assert "needs a reason" in at.warning[0].value
    at.text_input(key=f"why_{FIRST}").set_value("They are on holiday")

    at = click(at, "Leave aside", FIRST)

    assert alert(alerted)["state"] == "snoozed"
    assert "Left aside until" in words(open_page(alerted, "alerts", state="snoozed"))
    assert "They are on holiday" in words(open_page(alerted, "alerts", state="snoozed"))
    assert title(at).startswith("7 alerts wait")


def test_resolving_keeps_cause_and_outcome(alerted: Path, open_page: OpenPage) -> None:
    at = opened(open_page(alerted, "alerts"), "resolving")
    at.text_input(key=f"cause_{FIRST}").set_value("Two deliveries in a row")
    at.selectbox(key=f"outcome_{FIRST}").set_value("saved")

    click(at, "Resolve", "resolve_" + FIRST)

    done = alert(alerted)
    assert (done["state"], done["outcome"], done["cause"]) == ("resolved", "saved", "Two deliveries in a row")
    assert "client kept: Two deliveries in a row" in words(open_page(alerted, "alerts", state="resolved"))


def test_a_form_is_made_once_it_is_opened_and_then_stays(alerted: Path, open_page: OpenPage) -> None:
    def asked(at: AppTest) -> list[str]:
        return [each.label for each in (*at.text_input, *at.date_input)]

    at = open_page(alerted, "alerts")
    before, then = asked(at), asked(opened(at, "snoozing"))
    at.session_state[f"snoozing_{FIRST}"] = False
    closed = asked(at.run())

    assert before == []
    assert then == closed == ["Why", "Leave aside until"]


def test_assigning_names_the_new_owner(alerted: Path, open_page: OpenPage) -> None:
    at = opened(open_page(alerted, "alerts"), "more")
    at.selectbox(key=f"to_{FIRST}").set_value("Mei Lin")

    click(at, "Assign", "assign_" + FIRST)

    assert alert(alerted)["owner"] == "Mei Lin"


def test_a_judgement_by_hand_has_a_reason_and_an_end_and_is_shown(alerted: Path, open_page: OpenPage) -> None:
    at = opened(open_page(alerted, "alerts"), "more")
    at.selectbox(key=f"value_{FIRST}").set_value("low")
    at.text_input(key=f"reason_{FIRST}").set_value("Contract signed yesterday")

    click(at, "Set by hand", "judge_" + FIRST)

    with ledger_of(alerted) as ledger, ledger.reading() as connection:
        (made,) = overrides.in_force(connection, now().date())
    assert (made["account_id"], made["value"]) == ("A-001", "low")
    assert "low risk. Contract signed yesterday" in words(open_page(alerted, "alerts"))


def test_text_typed_into_the_ledger_stays_text(alerted: Path, open_page: OpenPage) -> None:
    with ledger_of(alerted) as ledger:
        actions.resolve(
            ledger, FIRST, actor="<b>x</b>", outcome="saved", cause="<img src=http://evil.example/p>\u202e"
        )

    body = "".join(e.proto.body for e in open_page(alerted, "alerts", state="resolved").get("html"))

    assert "<img src=http" not in body
    assert "&lt;img src=http" in body
    assert "\u202e" not in body
    assert "<b>x" not in body


def test_each_rule_stands_with_its_record_or_the_reason_why_it_has_none(
    alerted: Path, open_page: OpenPage
) -> None:
    shown = rows(open_page(alerted, "alerts"), "How often each rule was right")

    assert shown[0] == ["May leave 41% of 54 · 47 d ahead · 0.6 false per owner and month", ""]
    assert ["One strong voice no record: what it raised is too new to judge", ""] in shown
    at = open_page(alerted, "alerts")
    told = [alt for alt in pictures(at) if ": right in " in alt]

    assert "Dashed: who picks clients blindly is right in 8%." in words(at)
    assert "dashed: picked blindly, 8%" in words(at)
    assert told
    assert all(alt.endswith("; picked blindly 8%") for alt in told)


def test_without_a_ledger_the_page_says_how_alerts_come(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = fixture_snapshot.publish(tmp_path)
    (workspace / "gapwatch.yml").write_text(alerted_company.SETTINGS, encoding="utf-8")

    at = open_page(workspace, "alerts")

    assert title(at) == "No alert was raised yet"
    assert rows(at, "How often each rule was right")


def test_a_ledger_that_is_away_is_said_and_the_record_stays(alerted: Path, open_page: OpenPage) -> None:
    (alerted / "ledger.sqlite").write_bytes(b"not a database")

    at = open_page(alerted, "alerts")

    assert title(at) == "Alerts cannot be read at the moment"
    assert str(alerted) not in words(at)


def test_a_ledger_that_may_only_be_read_offers_nothing_and_says_why(
    alerted: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = os.access
    # Root may write to everything: what the operating system would say to somebody else.
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and allowed(path, mode))

    at = open_page(alerted, "alerts")

    assert title(at).startswith("8 alerts wait")
    assert [b.label for b in at.button if b.label == "Acknowledge"] == []
    assert "The ledger can only be read here" in words(at)


def test_nobody_waiting_is_said_and_not_shown_as_nothing(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = alerted_company.publish(tmp_path)
    with ledger_of(workspace) as ledger:
        for each in store.find(ledger, store.Filters(state="open")).alerts:
            actions.acknowledge(ledger, each["alert_id"], actor="lin@example.com")

    at = open_page(workspace, "alerts")

    assert title(at) == "No alert waits for an answer"
    assert "Nothing waits here" in words(at)


def test_the_alerts_page_speaks_chinese(alerted: Path, open_page: OpenPage) -> None:
    at = open_page(alerted, "alerts", lang="zh")

    assert title(at) == "8 条预警等待答复，最久已 37 天"
    first = rows(at, "每条规则的命中率")[0][0]
    assert first == "可能流失 54 次中命中 41% · 提前 47 天 · 每位负责人每月误报 0.6 次"


def test_a_ledger_that_went_away_after_the_list_shows_no_alert_and_no_error(
    alerted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAPWATCH_WORKSPACE", str(alerted))
    seen = inbox.read({"A-001"}, sees_all=False, may_act=True).alerts
    assert [each["account_id"] for each in inbox.whole(seen)] == ["A-001"]

    for path in alerted.glob("ledger.sqlite*"):
        path.unlink()
    (alerted / "ledger.sqlite").write_text("no ledger any more", encoding="utf-8")

    assert inbox.whole(seen) == []


def test_a_ledger_kept_open_is_looked_at_anew_where_the_file_or_its_rights_changed(
    alerted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAPWATCH_WORKSPACE", str(alerted))

    def read() -> tuple[int, str | None]:
        box = inbox.read({"A-001"}, sees_all=False, may_act=True)
        return len(box.alerts), box.closed_because

    assert read() == (1, None)
    (alerted / "ledger.sqlite").rename(alerted / "other.sqlite")
    for path in alerted.glob("ledger.sqlite-*"):
        path.unlink()
    (alerted / "ledger.sqlite").touch()
    # Without tables: they are made where the ledger is opened, and here only.
    assert read() == (0, None)
    (alerted / "other.sqlite").replace(alerted / "ledger.sqlite")
    assert read() == (1, None)

    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and allowed(path, mode))
    assert read() == (1, "read_only")


def test_a_ledger_kept_open_is_looked_at_anew_where_the_file_has_another_content(
    alerted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAPWATCH_WORKSPACE", str(alerted))
    file = alerted / "ledger.sqlite"
    whole = file.read_bytes()

    def read() -> tuple[int, str | None]:
        box = inbox.read({"A-001"}, sees_all=False, may_act=True)
        return len(box.alerts), box.closed_because

    seen = []
    for content in (whole, b"", whole, b"not a database", whole):
        file.write_bytes(content)
        seen.append(read())

    assert seen == [(1, None), (0, None), (1, None), (0, "away"), (1, None)]


def test_who_may_only_read_sees_what_is_written_from_then_on(
    alerted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAPWATCH_WORKSPACE", str(alerted))
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and allowed(path, mode))

    def read() -> int:
        return len(inbox.read({"A-001"}, sees_all=False, may_act=True).alerts)

    before = read()
    # What an open writer wrote stands beside the file, in the write-ahead log.
    writer = sqlite3.connect(alerted / "ledger.sqlite", isolation_level=None)
    writer.execute("update alerts set account_id = 'A-001'")
    beside = read()
    writer.close()

    assert (before, beside, read()) == (1, 9, 9)


def test_nobody_waits_for_another_to_learn_that_the_ledger_is_away(
    alerted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAPWATCH_WORKSPACE", str(alerted))
    monkeypatch.setattr(ledger_database, "CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0), backlog=16) as silent:
        address = f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/d"
        monkeypatch.setenv(ledger_database.VARIABLE, address)
        began = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            seen = [*pool.map(lambda _: inbox.read({"A-001"}, sees_all=False, may_act=True), range(8))]

    assert {box.closed_because for box in seen} == {"away"}
    assert time.monotonic() - began < 10

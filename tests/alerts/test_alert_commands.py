"""``gapwatch alerts``, ``gapwatch audit`` and ``gapwatch notify`` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gapwatch.doctor import examine
from gapwatch.ledger import now
from gapwatch.status import status
from gapwatch.workspace import Workspace
from tests.alerts import published_by_hand as by_hand
from tests.faults.commands import Commands, Ended

pytestmark = pytest.mark.xdist_group("ledger")


@pytest.fixture
def company(tmp_path: Path, commands: Commands) -> Workspace:
    """Three alerts, raised."""
    ws = by_hand.workspace(tmp_path / "company")
    by_hand.publish(ws, by_hand.today(), by_hand.three_conditions())
    assert commands.run(ws.folder, "notify").code == 0
    return ws


def as_json(ended: Ended) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(ended.out)
    return parsed


def test_an_alert_is_listed_taken_up_and_closed(commands: Commands, company: Workspace) -> None:
    def say(*words: str, code: int = 0) -> dict[str, Any]:
        ended = commands.run(company.folder, "alerts", *words, "--json")
        assert ended.code == code, ended
        return as_json(ended)

    listed = say("list", "--account", "A1")
    assert listed["total"] == 1
    name = listed["alerts"][0]["alert_id"]
    assert say("ack", name[:8], "--as", "Li", "--version", "1")["alert"]["acknowledged_by"] == "Li"
    stale = say("snooze", name, "--until", "2999-01-01", "--reason", "x", "--as", "Wang", code=2)
    assert stale["error"]["rule"] == "snooze_until"
    stale = say("resolve", name, "--outcome", "saved", "--cause", "x", "--version", "1", code=2)
    assert stale["error"]["rule"] == "alert_version"
    assert say("resolve", name, "--outcome", "confirmed", "--cause", "slow")["alert"]["state"] == "resolved"
    shown = say("show", name)
    assert [event["action"] for event in shown["events"]] == ["raised", "acknowledged", "resolved"]
    assert say("list")["total"] == 2
    assert say("show", "nothing", code=2)["error"]["next_step"] == "gapwatch alerts list --state all"


def test_a_terminal_shows_the_same_in_words(commands: Commands, company: Workspace) -> None:
    listed = commands.run(company.folder, "alerts", "list")
    assert listed.code == 0
    assert "churn_risk" in listed.out
    assert "nobody" in listed.out
    wrong = commands.run(company.folder, "alerts", "list", "--state", "new")
    assert (wrong.code, "choose one of open, all" in wrong.said) == (2, True)


def test_an_account_is_muted_and_unmuted(commands: Commands, company: Workspace) -> None:
    until = str(now().date())
    made = commands.run(
        company.folder, "alerts", "mute", "A1", "--until", until, "--reason", "moving", "--json"
    )
    assert made.code == 0, made
    listed = as_json(commands.run(company.folder, "alerts", "overrides", "--json"))
    assert [row["account_id"] for row in listed["overrides"]] == ["A1"]
    name = listed["overrides"][0]["override_id"]
    assert commands.run(company.folder, "alerts", "unmute", name).code == 0
    assert commands.run(company.folder, "alerts", "unmute", name).code == 2


def test_the_audit_is_verified_and_a_cut_is_an_exit_code(commands: Commands, company: Workspace) -> None:
    whole = as_json(commands.run(company.folder, "audit", "verify", "--json"))
    assert (whole["events"], whole["is_whole"]) == (3, True)
    kept = whole["newest_hash"]
    assert commands.run(company.folder, "audit", "verify", "--expect", kept).code == 0
    assert commands.run(company.folder, "audit", "verify", "--expect", "f" * 64).code == 1


def test_before_the_first_publish_notify_says_what_comes_first(commands: Commands, tmp_path: Path) -> None:
    ws = by_hand.workspace(tmp_path / "new")
    ended = commands.run(ws.folder, "notify")
    assert (ended.code, "Next: gapwatch run" in ended.said) == (2, True)


def test_status_counts_alerts_and_doctor_says_whom_none_would_reach(company: Workspace) -> None:
    assert status(company).as_dict()["alerts"]["open"] == 3
    found = [finding.what for finding in examine(company.folder).findings if finding.subject == "alerts"]
    assert any("1 of 3 accounts have no account_manager: nobody gets" in what for what in found)
    assert any("nobody is named for the role data_owner" in what for what in found)
    everything = {
        "owners": {
            "data_owner": "Li",
            "account_manager": "Li",
            "delivery_manager": "Li",
            "solution_manager": "Li",
        }
    }
    ws = by_hand.workspace(company.folder, alerts=everything)
    found = [finding.what for finding in examine(ws.folder).findings if finding.subject == "alerts"]
    assert found == ["each has an owner whom a channel reaches"]
    by_hand.workspace(company.folder, alerts=everything, people={})
    found = [finding.what for finding in examine(ws.folder).findings if finding.subject == "alerts"]
    assert found == ["no channel reaches 2 owners (Li, Wang): their alerts stand on the screen only"]


def test_a_channel_that_is_not_there_is_found_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no channel 'mial'; did you mean 'mail'"):
        by_hand.workspace(tmp_path, people={"Li": {"channels": ["mial"]}})

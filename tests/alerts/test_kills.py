"""kill -9 wherever alerts are raised or answered: none is lost, none doubled, the audit stays whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gapwatch import audit
from gapwatch.alerts import store
from gapwatch.faults import FAULT_POINTS
from gapwatch.ledger import Ledger
from gapwatch.ledger_tables import outbox
from gapwatch.workspace import Workspace
from tests.alerts import published_by_hand as by_hand
from tests.faults.commands import KILLED, Commands

pytestmark = pytest.mark.xdist_group("ledger")

#: The channels' addresses are not set here: nothing leaves.
RAISING = [point for point in FAULT_POINTS if point.startswith("notify.")]
ANSWERING = [point for point in FAULT_POINTS if point.startswith("alerts.")]


def raised(ws: Workspace) -> dict[str, Any]:
    """What is in the ledger, without what a clock wrote."""
    with Ledger.of(ws) as ledger, ledger.reading() as connection:
        found = store.find(ledger, store.Filters(state="all")).alerts
        messages = connection.execute(select(outbox.c.idempotency_key).order_by(outbox.c.idempotency_key))
        chain = audit.verify(connection)
        assert chain.problem is None
        return {
            "alerts": [(a["alert_key"], a["state"], a["owner"], a["version"]) for a in found],
            "messages": list(messages.scalars()),
            "events": chain.events,
        }


def company(folder: Path) -> Workspace:
    ws = by_hand.workspace(folder)
    by_hand.publish(ws, by_hand.today(), by_hand.three_conditions())
    return ws


@pytest.mark.parametrize("point", RAISING)
def test_a_raiser_killed_anywhere_is_made_good_by_the_next_one(
    commands: Commands, ws: Workspace, point: str
) -> None:
    by_hand.publish(ws, by_hand.today(), by_hand.three_conditions())
    ended = commands.run(ws.folder, "notify", fault=point)
    assert ended.code == KILLED, ended
    assert len(raised(ws)["alerts"]) == (3 if point == "notify.after_commit" else 0)

    assert commands.run(ws.folder, "notify").code == 0

    killed = raised(ws)
    assert (len(killed["alerts"]), len(killed["messages"]), killed["events"]) == (3, 4, 3)
    assert commands.run(ws.folder, "notify").code == 0
    assert raised(ws) == killed


@pytest.mark.parametrize("point", ANSWERING)
def test_an_answer_killed_anywhere_was_not_given(commands: Commands, tmp_path: Path, point: str) -> None:
    ws = company(tmp_path / "company")
    assert commands.run(ws.folder, "notify").code == 0
    before = raised(ws)
    with Ledger.of(ws) as ledger:
        name = store.find(ledger, store.Filters(account_id="A1")).alerts[0]["alert_id"]
    assert commands.run(ws.folder, "alerts", "assign", name, "--to", "Wang", fault=point).code == KILLED
    assert raised(ws) == before

    assert commands.run(ws.folder, "alerts", "assign", name, "--to", "Wang").code == 0

    after = raised(ws)
    assert after["events"] == before["events"] + 1
    # Two messages to Li withdrawn, one to Wang in their place.
    assert len(after["messages"]) == len(before["messages"]) - 1


def test_three_senders_started_at_once_raise_each_alert_once(commands: Commands, tmp_path: Path) -> None:
    ws = company(tmp_path / "company")
    go = tmp_path / "go"
    started = [commands.start(ws.folder, "notify", wait_for=go) for _ in range(3)]
    go.touch()
    assert [one.wait().code for one in started] == [0, 0, 0]
    found = raised(ws)
    assert (len(found["alerts"]), len(found["messages"]), found["events"]) == (3, 4, 3)

"""What people do with alerts, alone and at once, and the audit of it."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from gapwatch import audit
from gapwatch.alerts import actions, store
from gapwatch.alerts.actions import StaleAlertError
from gapwatch.alerts.raising import raise_alerts
from gapwatch.errors import UserError
from gapwatch.ledger import Ledger, now
from gapwatch.ledger_tables import alerts, outbox
from gapwatch.workspace import Workspace
from tests.alerts import published_by_hand as by_hand
from tests.alerts.situations import condition

pytestmark = pytest.mark.xdist_group("ledger")


@pytest.fixture
def alert(ws: Workspace, ledger: Ledger) -> dict[str, Any]:
    """One open alert, of Li."""
    by_hand.publish(ws, by_hand.today(), [condition(by_hand.this_week(), account="A1")])
    raise_alerts(ws, ledger)
    [found] = store.find(ledger).alerts
    return found


def recipients(ledger: Ledger) -> set[tuple[str, str]]:
    with ledger.reading() as connection:
        return {tuple(row) for row in connection.execute(select(outbox.c.recipient, outbox.c.state))}


def test_a_case_goes_its_way_and_each_step_is_in_the_audit(ledger: Ledger, alert: dict[str, Any]) -> None:
    name = alert["alert_id"]
    assert actions.acknowledge(ledger, name, actor="Li", note="calling them")["state"] == "acknowledged"
    until = now() + timedelta(days=3)
    assert actions.snooze(ledger, name, actor="Li", until=until, reason="on leave")["state"] == "snoozed"
    closed = actions.resolve(ledger, name, actor="Li", outcome="saved", cause="slow desk")
    assert (closed["state"], closed["outcome"], closed["resolved_by"]) == ("resolved", "saved", "Li")
    story = store.story(ledger, name)
    assert [event["action"] for event in story.events] == ["raised", "acknowledged", "snoozed", "resolved"]
    assert {message["channel"] for message in story.deliveries} == {"mail", "chat"}
    assert closed["version"] == 4
    with pytest.raises(UserError, match="it is resolved by Li"):
        actions.acknowledge(ledger, name, actor="Wang")


def test_what_a_list_reads_of_an_alert_says_the_same_as_the_whole_of_it(
    ledger: Ledger, alert: dict[str, Any]
) -> None:
    actions.snooze(ledger, alert["alert_id"], actor="Li", until=now() + timedelta(days=3), reason="on leave")
    over = update(alerts).values(snoozed_until=now() - timedelta(minutes=1))

    for state in ("snoozed", "acknowledged"):
        with ledger.reading() as connection:
            [heading] = store.headings(ledger, connection, limit=10)
        [whole] = store.whole(ledger, ["none such", heading.alert_id])
        assert heading.state == whole["state"] == state
        assert asdict(heading) == {name: whole[name] for name in asdict(heading)}
        assert [whole] == store.find(ledger, store.Filters(state=store.ALL)).alerts
        with ledger.writing() as connection:
            connection.execute(over)


@pytest.mark.parametrize("score", [None, 0.0, 0.1 + 0.2, 62.123456789012345, math.inf, -math.inf, math.nan])
def test_a_list_reads_every_risk_as_it_is(ledger: Ledger, alert: dict[str, Any], score: float | None) -> None:
    with ledger.writing() as connection:
        connection.execute(update(alerts).values(risk_score=score))

    with ledger.reading() as connection:
        [heading] = store.headings(ledger, connection, limit=10)

    # repr: NaN is not itself, and SQLite keeps it as nothing.
    assert repr(heading.risk_score) == repr(store.whole(ledger, [heading.alert_id])[0]["risk_score"])


def test_of_two_who_read_the_same_the_second_is_told(ledger: Ledger, alert: dict[str, Any]) -> None:
    def answer(actor: str) -> str:
        with Ledger(ledger.url) as mine:
            try:
                actions.acknowledge(mine, alert["alert_id"], actor=actor, version=alert["version"])
            except StaleAlertError as error:
                return str(error)
            return "done"

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(answer, ("Li", "Wang")))
    after = store.story(ledger, alert["alert_id"])
    assert said[1] == "done"
    assert f"acknowledged by {after.alert['acknowledged_by']}" in said[0]
    assert [event["action"] for event in after.events] == ["raised", "acknowledged"]


def test_a_snooze_is_over_by_itself(ledger: Ledger, alert: dict[str, Any]) -> None:
    name = alert["alert_id"]
    actions.snooze(ledger, name, actor="Li", until=now() + timedelta(days=1), reason="on leave")
    assert store.counts(ledger).by_state == {"snoozed": 1}
    with ledger.writing() as connection:
        connection.execute(update(alerts).values(snoozed_until=now() - timedelta(seconds=1)))
    assert store.find(ledger, store.Filters(state="snoozed")).total == 0
    assert store.story(ledger, name).alert["state"] == "acknowledged"
    actions.snooze(ledger, name, actor="Li", until=now() + timedelta(days=1), reason="again")


@pytest.mark.parametrize("days", [-1, 400])
def test_a_snooze_needs_a_day_within_a_year_and_a_reason(
    ledger: Ledger, alert: dict[str, Any], days: int
) -> None:
    name = alert["alert_id"]
    with pytest.raises(UserError, match="cannot be left aside"):
        actions.snooze(ledger, name, actor="Li", until=now() + timedelta(days=days), reason="x")
    with pytest.raises(UserError, match="needs a reason"):
        actions.snooze(ledger, name, actor="Li", until=now() + timedelta(days=1), reason=" ")


def test_closing_needs_a_known_outcome_and_a_cause(ledger: Ledger, alert: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="no outcome 'fine'"):
        actions.resolve(ledger, alert["alert_id"], actor="Li", outcome="fine", cause="x")
    with pytest.raises(UserError, match="needs its cause"):
        actions.resolve(ledger, alert["alert_id"], actor="Li", outcome="saved", cause="")


def test_who_gets_an_alert_from_somebody_is_told_in_their_place(
    ws: Workspace, ledger: Ledger, alert: dict[str, Any]
) -> None:
    with ledger.writing() as connection:
        connection.execute(update(outbox).where(outbox.c.channel == "chat").values(state="sent"))
    given = actions.assign(ws, ledger, alert["alert_id"], actor="Li", owner="Wang")
    assert (given["owner"], given["is_fallback_owner"]) == ("Wang", False)
    # What was sent stays as it is; the rest is Wang's, who wants one message a day.
    assert recipients(ledger) == {("Li", "sent"), ("Wang", "held_for_digest")}
    # Nobody can reach Zhao, so what waits is sent to Wang all the same.
    actions.assign(ws, ledger, alert["alert_id"], actor="Wang", owner="Zhao")
    assert recipients(ledger) == {("Li", "sent"), ("Wang", "held_for_digest")}


def test_what_was_suppressed_cannot_be_answered(ws: Workspace, ledger: Ledger) -> None:
    by_hand.publish(ws, by_hand.today(), [condition(by_hand.this_week(), account="A1")])
    raise_alerts(ws, ledger, backfill=True)
    [silent] = store.find(ledger, store.Filters(state="suppressed")).alerts
    with pytest.raises(UserError, match="it is suppressed"):
        actions.acknowledge(ledger, silent["alert_id"], actor="Li")


def test_lists_filter_and_count(ws: Workspace, ledger: Ledger) -> None:
    week = by_hand.this_week()
    by_hand.publish(
        ws,
        by_hand.today(),
        [
            condition(week, account="A1", risk_score=61.0),
            condition(week, account="A2", risk_score=90.0),
            condition(week, "silence", account="A3", risk_score=None),
        ],
    )
    raise_alerts(ws, ledger)
    assert [alert["subject_id"] for alert in store.find(ledger).alerts] == ["A2", "A1", "A3"]
    assert store.find(ledger, store.Filters(owner="Li"), limit=1).total == 2
    assert store.find(ledger, store.Filters(kind="silence", account_id="A3")).total == 1
    with ledger.writing() as connection:
        connection.execute(update(alerts).values(due_on=now().date() - timedelta(days=1)))
    actions.acknowledge(ledger, store.find(ledger).alerts[0]["alert_id"], actor="Li")
    counts = store.counts(ledger)
    assert (counts.open, counts.overdue) == (3, 2)
    assert (counts.by_owner, counts.by_kind) == ({"Li": 2, None: 1}, {"churn_risk": 2, "silence": 1})
    assert store.counts(ledger, "Li").open == 2
    assert list(store.owners(ledger)) == ["Li"]
    with pytest.raises(UserError, match="no state 'new'"):
        store.find(ledger, store.Filters(state="new"))


def test_an_id_may_be_shortened_as_long_as_it_is_clear(ledger: Ledger, alert: dict[str, Any]) -> None:
    assert store.story(ledger, alert["alert_id"][:6]).alert == alert
    for unclear in ("", "%", "zzz"):
        with pytest.raises(UserError):
            store.story(ledger, unclear)


def test_the_audit_shows_a_changed_a_missing_and_a_cut_off_event(
    ledger: Ledger, alert: dict[str, Any]
) -> None:
    for _ in range(3):
        actions.acknowledge(ledger, alert["alert_id"], actor="Li")
    with ledger.reading() as connection:
        whole = audit.verify(connection)
    assert (whole.problem, whole.events, whole.exit_code) == (None, 4, 0)
    for tampering, said in (
        ("update audit set actor = 'Wang' where event_id = 3", "event 3 was changed"),
        ("delete from audit where event_id = 2", "event 2 is missing"),
        ("delete from audit where event_id = 4", "cut off"),
    ):
        with ledger.engine.connect().execution_options(writes=True) as connection:
            _switch_triggers_off(connection)
            connection.execute(text(tampering))
            found = audit.verify(connection, whole.newest_hash)
            connection.rollback()
        assert found.exit_code == 1
        assert found.problem is not None
        assert said in found.problem


def _switch_triggers_off(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        for change in ("update", "delete"):
            connection.execute(text(f"drop trigger audit_no_{change}"))
    else:
        connection.execute(text("alter table audit disable trigger all"))

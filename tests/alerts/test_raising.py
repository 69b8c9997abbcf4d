"""What the published marts say becomes alerts, owners and messages, once, whatever dies or runs beside it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gapwatch import audit
from gapwatch.alerts import actions, overrides, store
from gapwatch.alerts.notify import notify
from gapwatch.alerts.owners import NOBODY
from gapwatch.alerts.raising import raise_alerts
from gapwatch.alerts.rules import due_on
from gapwatch.errors import UserError
from gapwatch.ledger import Ledger, now
from gapwatch.ledger_tables import alerts, outbox
from gapwatch.weeks import start_of
from gapwatch.workspace import Workspace
from tests.alerts import published_by_hand as by_hand
from tests.alerts.situations import condition
from tests.delivery.receivers import web_receiver

pytestmark = pytest.mark.xdist_group("ledger")


def all_alerts(ledger: Ledger) -> dict[str, dict[str, Any]]:
    page = store.find(ledger, store.Filters(state="all"), limit=10_000)
    return {alert["subject_id"]: alert for alert in page.alerts}


def messages(ledger: Ledger) -> list[tuple[str, str, str]]:
    with ledger.reading() as connection:
        rows = connection.execute(select(outbox.c.recipient, outbox.c.channel, outbox.c.state))
        return sorted(tuple(row) for row in rows)


def test_a_condition_becomes_an_alert_with_an_owner_a_due_day_and_messages(
    ws: Workspace, ledger: Ledger
) -> None:
    by_hand.publish(ws, by_hand.today(), by_hand.three_conditions())

    report = raise_alerts(ws, ledger)

    assert (report.raised, report.suppressed, report.messages) == ({"churn_risk": 3}, {}, 2 * 2)
    found = all_alerts(ledger)
    assert {name: (a["owner"], a["is_fallback_owner"], a["state"]) for name, a in found.items()} == {
        "A1": ("Li", False, "pending"),
        "A2": ("Li", False, "pending"),
        "A3": (None, True, "pending"),
    }
    days = {name: due_on({"S": 1, "C": 10, "*": 5}, a["tier"], now().date()) for name, a in found.items()}
    assert {name: a["due_on"] for name, a in found.items()} == days
    assert len({a["due_on"] for a in found.values()}) == 3
    assert messages(ledger) == [("Li", "chat", "pending")] * 2 + [("Li", "mail", "pending")] * 2
    assert found["A1"]["evidence_keys"] == ["A1"]


def test_the_role_decides_and_whoever_stands_in_is_marked(ws: Workspace, ledger: Ledger) -> None:
    week = by_hand.this_week()
    wanted = [
        condition(week, "perception_breach", account, owner_role="delivery_manager", badness=0.1)
        for account in ("A1", "A2")
    ]
    stale = condition(week + 1, "data_stale", "crm", owner_role="data_owner")
    by_hand.publish(ws, by_hand.today(), [*wanted, stale])
    ws = by_hand.workspace(ws.folder, alerts={"owners": {"data_owner": "Zhao"}, "default_owner": "Chen"})

    raise_alerts(ws, ledger)

    found = all_alerts(ledger)
    assert {name: (a["owner"], a["is_fallback_owner"]) for name, a in found.items()} == {
        "A1": ("Wang", False),
        "A2": ("Li", True),
        "crm": ("Zhao", False),
    }
    # Wang wants one message a day; no channel reaches Zhao.
    assert ("Wang", "mail", "held_for_digest") in messages(ledger)
    assert {recipient for recipient, _, _ in messages(ledger)} == {"Li", "Wang"}


def test_what_nobody_owns_goes_through_the_default_channels(ws: Workspace, ledger: Ledger) -> None:
    by_hand.publish(ws, by_hand.today(), by_hand.three_conditions())
    ws = by_hand.workspace(ws.folder, alerts={"default_channels": ["chat"]})
    assert raise_alerts(ws, ledger).without_owner == 1
    assert (NOBODY, "chat", "pending") in messages(ledger)


def test_a_second_look_and_a_newer_week_raise_nothing_twice(ws: Workspace, ledger: Ledger) -> None:
    conditions = by_hand.three_conditions()
    for _ in range(2):
        by_hand.publish(ws, by_hand.today(), conditions)
        raise_alerts(ws, ledger)
    by_hand.publish(
        ws, by_hand.today(7 * 24), [*conditions, *(condition(by_hand.this_week() + 1, account="A1"),)]
    )
    report = raise_alerts(ws, ledger)
    assert (report.raised, report.ended) == ({}, 2)
    assert len(messages(ledger)) == 4


def test_three_that_raise_at_once_raise_each_alert_once(ws: Workspace, ledger: Ledger) -> None:
    by_hand.publish(ws, by_hand.today(), by_hand.three_conditions())

    def look(_: int) -> int:
        with Ledger.of(ws) as mine:
            return sum(raise_alerts(ws, mine).raised.values())

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(look, range(3))) == [0, 0, 3]
    assert len(messages(ledger)) == 4
    with ledger.reading() as connection:
        assert audit.verify(connection).events == 3


def test_history_raises_suppressed_and_sends_nothing(ws: Workspace, ledger: Ledger) -> None:
    week = by_hand.this_week() - 20
    by_hand.publish(ws, start_of(week + 1), [condition(week, account="A1")])
    report = raise_alerts(ws, ledger)
    assert (report.is_back_fill, report.suppressed) == (True, {"back_fill": 1})
    assert messages(ledger) == []


def test_a_run_that_expects_old_data_raises_silently(ws: Workspace) -> None:
    by_hand.publish(ws, by_hand.today(), by_hand.three_conditions())
    assert notify(ws, backfill=True).raising.suppressed == {"back_fill": 3}
    # The same week stays silent; the next one tells what still holds.
    assert notify(ws).raising.raised == {}


def test_a_run_that_expects_old_data_sends_nothing_and_what_waited_goes_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = by_hand.workspace(tmp_path / "company")
    by_hand.publish(ws, by_hand.today(), [condition(by_hand.this_week(), account="A2")])
    with Ledger.of(ws) as ledger:
        assert raise_alerts(ws, ledger).messages == 2
    with web_receiver() as web:
        monkeypatch.setenv("MAIL", web.url("/ok"))

        assert notify(ws, backfill=True).as_dict()["sending"] is None
        assert web.requests == []

        assert notify(ws).as_dict()["sending"]["sent"] == 1
        assert len(web.requests) == 1


def test_three_years_replayed_week_by_week_send_nothing(tmp_path: Path) -> None:
    ws = by_hand.workspace(tmp_path / "company")
    weeks = range(by_hand.this_week() - 3 * 52, by_hand.this_week() - 2)
    info = by_hand.publish(
        ws,
        start_of(weeks[0]),
        [
            *(condition(week, account=f"A{n}") for week in weeks for n in (1, 2) if week % 7 > n),
            *(condition(week, "single_voice", contact_id=f"C{week % 9}") for week in weeks),
        ],
    )
    with Ledger.of(ws) as ledger:
        for week in weeks:
            by_hand.show(ws, info, start_of(week + 1))
            raise_alerts(ws, ledger)
        assert messages(ledger) == []
        page = store.find(ledger, store.Filters(state="all"), limit=10_000)
        assert page.total > 100
        assert {(a["state"], a["suppression_reason"]) for a in page.alerts} == {("suppressed", "back_fill")}


def test_what_ended_is_silent_for_its_cooldown_then_told_again(ws: Workspace, ledger: Ledger) -> None:
    ws = by_hand.workspace(ws.folder, alerts={"newest_within_days": 100_000})
    weeks = range(by_hand.this_week() - 40, by_hand.this_week() - 29)
    reports = []
    for number, week in enumerate(weeks):
        holds = number not in (1, 3)
        by_hand.publish(ws, start_of(week + 1), [condition(week, account="A2")] if holds else [])
        reports.append(raise_alerts(ws, ledger))
    # Over in the second week: silent for eight weeks from then on, and noted each time that it came back.
    assert [report.raised for report in reports] == [{"churn_risk": 1}, *[{}] * 8, {"churn_risk": 1}, {}]
    assert [number for number, report in enumerate(reports) if report.suppressed] == [2, 4]
    assert {reason for report in reports for reason in report.suppressed} == {"cooldown"}
    assert len(messages(ledger)) == 4


def test_a_closed_case_is_silent_for_its_cooldown_in_the_weeks_of_the_data(
    ws: Workspace, ledger: Ledger
) -> None:
    # A year that is long past, replayed today: what people do has today's date.
    ws = by_hand.workspace(ws.folder, alerts={"newest_within_days": 100_000})
    weeks = range(by_hand.this_week() - 40, by_hand.this_week() - 30)
    told = []
    for week in weeks:
        by_hand.publish(ws, start_of(week + 1), [condition(each, account="A2") for each in weeks])
        told += [week] * sum(raise_alerts(ws, ledger).raised.values())
        for alert in store.find(ledger).alerts:
            actions.resolve(ledger, alert["alert_id"], actor="Li", outcome="saved", cause="slow desk")
    # Closed in the week that ran when it was raised, one later than the week that raised it.
    assert told == [weeks[0], weeks[9]]


def test_what_is_over_budget_or_told_by_another_kind_is_noted_and_sent_to_nobody(
    ws: Workspace, ledger: Ledger
) -> None:
    week = by_hand.this_week()
    by_hand.publish(
        ws,
        by_hand.today(),
        [
            condition(week, account="A2", driver="silence", risk_score=80.0),
            condition(week, "silence", account="A2", driver="silence", risk_score=80.0),
            condition(week, account="A1", risk_score=70.0),
        ],
    )
    ws = by_hand.workspace(ws.folder, alerts={"budget": 1})
    report = raise_alerts(ws, ledger)
    assert (report.raised, report.suppressed) == ({"churn_risk": 1}, {"budget": 1, "duplicate": 1})
    silent = store.find(ledger, store.Filters(state="suppressed")).alerts
    assert {(a["subject_id"], a["kind"], a["suppression_reason"]) for a in silent} == {
        ("A1", "churn_risk", "budget"),
        ("A2", "silence", "duplicate"),
    }
    assert messages(ledger) == [("Li", "chat", "pending"), ("Li", "mail", "pending")]


@pytest.mark.parametrize(
    ("raised_on", "tier", "due"),
    [
        ("2026-11-19", "S", "2026-11-20"),
        ("2026-11-20", "S", "2026-11-23"),
        ("2026-11-21", "S", "2026-11-23"),
        ("2026-11-20", "C", "2026-12-04"),
        ("2026-11-20", None, "2026-11-27"),
        ("2026-11-20", "unheard of", "2026-11-27"),
    ],
)
def test_an_answer_is_due_after_so_many_days_of_work_as_the_tier_says(
    raised_on: str, tier: str | None, due: str
) -> None:
    tiers = {"S": 1, "C": 10, "*": 5}
    assert due_on(tiers, tier, date.fromisoformat(raised_on)) == date.fromisoformat(due)
    assert due_on({"S": 1}, None, date.fromisoformat(raised_on)) is None


def test_a_mute_keeps_an_account_silent_until_its_day_and_its_end_is_noted(
    ws: Workspace, ledger: Ledger
) -> None:
    by_hand.publish(ws, by_hand.today(), by_hand.three_conditions())
    made = overrides.make(
        ledger, account_id="A1", kind="mute", reason="moving house", expires_on=now().date(), actor="Li"
    )
    overrides.make(
        ledger,
        account_id="A2",
        kind="risk_band",
        value="low",
        reason="signed yesterday",
        expires_on=now().date() + timedelta(days=30),
        actor="Li",
    )
    assert raise_alerts(ws, ledger).suppressed == {"muted": 2}
    with ledger.writing() as connection:
        yesterday = now().date() - timedelta(days=1)
        connection.execute(overrides.overrides.update().values(expires_on=yesterday))
    by_hand.publish(ws, by_hand.today(1), [condition(by_hand.this_week(), account="A1")])
    raise_alerts(ws, ledger)
    with ledger.reading() as connection:
        assert overrides.in_force(connection, now().date()) == []
        actions_on = [event["action"] for event in audit.events_of(connection, made["override_id"])]
    assert actions_on == ["override_made", "override_expired"]


def test_a_judgement_by_hand_needs_a_reason_an_end_and_a_known_band(ledger: Ledger) -> None:
    tomorrow = now().date() + timedelta(days=1)
    for wrong in (
        {"reason": " ", "expires_on": tomorrow, "kind": "mute"},
        {"reason": "x", "expires_on": date(2020, 1, 1), "kind": "mute"},
        {"reason": "x", "expires_on": tomorrow, "kind": "risk_band", "value": "purple"},
    ):
        with pytest.raises(UserError):
            overrides.make(ledger, account_id="A1", actor="Li", **wrong)


def test_raising_leaves_what_people_did_alone(ws: Workspace, ledger: Ledger) -> None:
    by_hand.publish(ws, by_hand.today(), by_hand.three_conditions())
    raise_alerts(ws, ledger)
    seen = all_alerts(ledger)["A1"]
    actions.acknowledge(ledger, seen["alert_id"], actor="Li")
    by_hand.publish(ws, by_hand.today(7 * 24), [])
    raise_alerts(ws, ledger)
    after = all_alerts(ledger)["A1"]
    assert (after["state"], after["version"]) == ("acknowledged", 2)
    assert after["ended_week_id"] == by_hand.this_week() + 1


def test_a_snapshot_from_before_there_were_alerts_says_what_to_do(ws: Workspace, ledger: Ledger) -> None:
    import duckdb

    info = by_hand.publish(ws, by_hand.today(), [])
    with duckdb.connect(str(ws.published_path / info.file)) as connection:
        connection.execute("drop table marts.fct_alert_conditions")
    with pytest.raises(UserError, match="before there were alerts"):
        raise_alerts(ws, ledger)
    with ledger.reading() as connection:
        assert connection.execute(select(alerts)).all() == []

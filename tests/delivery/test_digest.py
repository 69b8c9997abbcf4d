"""Who asks for a digest gets one message a day, with all alerts of the day, ranked."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gapwatch import ledger as ledgers
from gapwatch.delivery.sending import send
from tests.delivery.alerted import VARIABLE, Alerted, publish
from tests.delivery.receivers import Web


@pytest.fixture
def company(tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch) -> Alerted:
    made = Alerted(tmp_path / "company")
    publish(made.folder)
    monkeypatch.setenv(VARIABLE, web.url("/ok"))
    made.change("people", **{"K. Braun": {"digest": "daily", "channels": ["hook"]}})
    return made


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(ledgers, "now", lambda: moment)


def test_alerts_of_a_day_are_one_message_ranked_by_risk_then_weeks_open(company: Alerted, web: Web) -> None:
    since = datetime.fromisoformat("2026-06-01").date()
    company.raise_alerts(
        {"number": 1, "risk_score": 60.0},
        {"number": 2, "risk_score": 90.0},
        {"number": 3, "risk_score": 60.0, "since_on": since},
        {"number": 4, "owner": "Li Wei"},
    )

    report = send(company.ws)

    assert (report.digests, report.sent) == (1, 2)
    digest = next(body for body in web.bodies("/ok") if body["alert_key"].startswith("digest:"))
    assert digest["title"].startswith("3 alerts, ")
    ranked = [facts["alert_id"] for facts in digest["alert"]["alerts"]]
    assert ranked == ["alert-2", "alert-3", "alert-1"]
    assert set(company.alerts().values()) == {"sent"}
    assert {row["state"] for row in company.outbox()} == {"sent"}


def test_a_day_has_one_digest_and_what_comes_later_waits_for_the_next(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = ledgers.now().replace(hour=12)
    at(monkeypatch, noon)
    company.raise_alerts({"number": 1})
    send(company.ws)
    company.raise_alerts({"number": 2})
    assert [send(company.ws).sent for _ in range(2)] == [0, 0]
    assert company.alerts()["alert-2"] == "pending"

    at(monkeypatch, noon + timedelta(days=1))
    assert [send(company.ws).sent for _ in range(2)] == [1, 0]

    assert len(web.requests) == 2
    assert company.alerts() == {"alert-1": "sent", "alert-2": "sent"}


def test_a_digest_that_cannot_be_sent_is_dead_with_its_alerts_and_says_so(company: Alerted, web: Web) -> None:
    company.change("delivery", max_attempts=1)
    web.answers = [500]
    company.raise_alerts({"number": 1}, {"number": 2})

    report = send(company.ws)

    assert report.dead == 1
    assert set(company.alerts().values()) == {"failed"}


def test_who_gives_the_digest_up_gets_what_is_held_by_itself(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, ledgers.now())
    company.raise_alerts({"number": 1}, {"number": 2})
    company.change("people", **{"K. Braun": {"digest": "never", "channels": ["hook"]}})

    assert send(company.ws).sent == 2
    assert all(not body["alert_key"].startswith("digest:") for body in web.bodies("/ok"))

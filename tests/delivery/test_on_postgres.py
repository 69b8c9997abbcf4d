"""On PostgreSQL as on SQLite: senders share the outbox, and a digest and its alerts become sent together."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from gapwatch.delivery import dead_letters, outbox
from gapwatch.delivery.sending import send
from gapwatch.ledger import Ledger, now
from gapwatch.ledger_database import VARIABLE as LEDGER
from gapwatch.workspace import Delivery
from tests.delivery.alerted import VARIABLE, Alerted
from tests.delivery.receivers import Web
from tests.ledger.conftest import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]


@pytest.fixture
def company(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Alerted:
    monkeypatch.setenv(LEDGER, postgres_url)
    return Alerted(tmp_path / "company")


def test_two_senders_never_hold_one_row(company: Alerted) -> None:
    company.raise_alerts(*({"number": number} for number in range(1, 41)))
    taken: list[str] = []

    def lease_all(name: str) -> None:
        with Ledger.of(company.ws) as ledger:
            while parcel := outbox.lease(ledger, name, Delivery(), now(), ["hook"]):
                taken.append(parcel.delivery_id)

    threads = [Thread(target=lease_all, args=(f"sender {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == len(set(taken)) == 40


def test_failures_death_and_another_start(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, web.url("/ok"))
    company.change("people", **{"Li Wei": {"digest": "daily", "channels": ["hook"]}})
    company.change("delivery", max_attempts=2)
    company.raise_alerts({"number": 1, "owner": "Li Wei"}, {"number": 2, "owner": "Li Wei"})
    web.answers = [500, 500]

    assert send(company.ws, stay_seconds=10).dead == 1
    assert set(company.alerts().values()) == {"failed"}
    with Ledger.of(company.ws) as ledger:
        assert len(dead_letters.resend(ledger, None, "li.wei")) == 1
    assert send(company.ws).sent == 1

    assert set(company.alerts().values()) == {"sent"}
    assert {row["state"] for row in company.outbox()} == {"sent"}
    assert len({request.headers["idempotency-key"] for request in web.requests}) == 1

"""Every alert reaches its owner or is visibly dead; what was confirmed is not sent again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from gapwatch.alerts import actions, store
from gapwatch.delivery import dead_letters, outbox
from gapwatch.delivery.sending import send
from gapwatch.ledger import Ledger, now
from gapwatch.workspace import Delivery
from tests.delivery.alerted import VARIABLE, Alerted
from tests.delivery.receivers import Mail, Web


@pytest.fixture
def company(tmp_path: Path) -> Alerted:
    return Alerted(tmp_path / "company")


def test_a_pending_alert_is_sent_once_however_often_the_sender_runs(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, web.url("/ok"))
    company.raise_alerts({"number": 1}, {"number": 2, "account_id": "A-002"})

    first, second = send(company.ws), send(company.ws)

    assert (first.sent, first.waiting) == (2, 0)
    assert second.sent == 0
    assert company.alerts() == {"alert-1": "sent", "alert-2": "sent"}
    keys = [request.headers["idempotency-key"] for request in web.requests]
    assert sorted(keys) == sorted(row["idempotency_key"] for row in company.outbox())
    assert all(row["sent_at"] for row in company.outbox())


def test_an_alert_that_is_sent_while_somebody_reads_it_may_be_answered_as_it_was_read(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, web.url("/ok"))
    company.raise_alerts({})
    with Ledger.of(company.ws) as ledger:
        (read,) = store.find(ledger).alerts
        send(company.ws)
        assert company.alerts() == {"alert-1": "sent"}

        answered = actions.acknowledge(ledger, "alert-1", actor="K. Braun", version=read["version"])

    assert answered["state"] == "acknowledged"


def test_a_failure_is_tried_again_under_the_same_key(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, web.url("/ok"))
    web.answers = [500, 500]
    company.raise_alerts({})

    report = send(company.ws, stay_seconds=10)

    assert (report.sent, report.retried) == (1, 2)
    assert len({request.headers["idempotency-key"] for request in web.requests}) == 1
    assert [(row["is_ok"], row["status"]) for row in company.attempts()] == [
        (False, "HTTP 500"),
        (False, "HTTP 500"),
        (True, "HTTP 200"),
    ]
    assert len({row["target"] for row in company.attempts()}) == 1


def test_after_the_last_try_a_message_is_dead_and_its_alert_failed(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, web.url("/status/500"))
    company.raise_alerts({})

    report = send(company.ws, stay_seconds=10)

    assert (report.retried, report.died, report.dead, report.waiting) == (2, 1, 1, 0)
    assert company.alerts() == {"alert-1": "failed"}
    with Ledger.of(company.ws) as ledger:
        (row,) = dead_letters.dead(ledger)
    assert (row["attempts"], row["recipient"], row["channel"]) == (3, "K. Braun", "hook")
    assert "500" in row["last_error"]


def test_an_alert_counts_as_sent_when_one_of_its_channels_has_it(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, web.url("/ok"))
    monkeypatch.setenv("GAPWATCH_TEST_BROKEN", web.url("/status/500"))
    company.change("channels", broken={"url": "env:GAPWATCH_TEST_BROKEN"})
    company.change("alerts", default_channels=["broken", "hook"])
    company.raise_alerts({})

    report = send(company.ws, stay_seconds=10)

    assert (report.sent, report.dead) == (1, 1)
    assert company.alerts() == {"alert-1": "sent"}


def test_a_receiver_that_confirmed_is_left_out_while_others_are_tried_again(
    company: Alerted, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, mail.url("a@firm.example", "b@firm.example"))
    mail.refused = {"b@firm.example"}
    company.raise_alerts({})
    send(company.ws)
    assert company.alerts() == {"alert-1": "sent"}
    assert [row["state"] for row in company.outbox()] == ["retry"]

    mail.refused = set()
    report = send(company.ws, stay_seconds=5)

    assert report.sent == 1
    assert [to for to, _ in mail.taken] == ["a@firm.example", "b@firm.example"]


def test_a_channel_that_asks_for_a_pause_gets_it_for_all_its_messages(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, web.url("/status/429"))
    web.retry_after = "600"
    company.raise_alerts(*({"number": number} for number in range(1, 6)))

    before = now()
    send(company.ws, stay_seconds=3)

    assert len(web.requests) == 1
    assert all(
        row["next_attempt_at"] >= before + timedelta(seconds=600) - timedelta(seconds=1)
        for row in company.outbox()
    )


def test_a_pause_that_is_asked_for_is_capped(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, web.url("/status/503"))
    web.retry_after = "80000"
    company.change("delivery", longest_wait_seconds=60)
    company.raise_alerts({})
    send(company.ws)

    (row,) = company.outbox()
    assert row["next_attempt_at"] <= now() + timedelta(seconds=60)


def test_a_receiver_that_hangs_holds_the_sender_for_two_messages_at_most(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAPWATCH_TEST_HANGING", web.url("/hang"))
    monkeypatch.setenv(VARIABLE, web.url("/ok"))
    company.change("delivery", deadline_seconds=1)
    company.change("channels", hanging={"url": "env:GAPWATCH_TEST_HANGING"})
    company.change("alerts", default_channels=["hanging", "hook"])
    company.raise_alerts(*({"number": number} for number in range(1, 7)))

    report = send(company.ws)

    assert report.sent == 6
    assert set(company.alerts().values()) == {"sent"}
    assert len([request for request in web.requests if request.path == "/hang"]) == 2
    assert {row["status"] for row in company.attempts() if not row["is_ok"]} == {"unknown"}


def test_a_row_whose_sender_died_is_taken_when_its_lease_is_over_and_not_before(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, web.url("/ok"))
    monkeypatch.setenv("GAPWATCH_UNSET", "")
    company.change("channels", other={"url": "env:GAPWATCH_UNSET"})
    company.raise_alerts({})
    send(company.ws)
    company.set(state="leased", leased_by="dead", leased_until=now() + timedelta(seconds=60), sent_at=None)
    assert send(company.ws).sent == 0

    company.set(leased_until=now() - timedelta(seconds=1))
    report = send(company.ws)

    assert report.sent == 1
    assert len(web.requests) == 1, "the target had confirmed: the row is only closed"
    assert company.attempts()[-1]["status"] == "unknown"


def test_a_row_that_kills_its_senders_dies_in_the_end(
    company: Alerted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "json://127.0.0.1:1/")
    company.raise_alerts({})
    send(company.ws)
    company.set(state="leased", leased_by="dead", leased_until=now(), attempts=3)

    report = send(company.ws)

    assert report.dead == 1
    assert company.alerts() == {"alert-1": "failed"}


def test_two_senders_never_hold_one_row(company: Alerted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    company.raise_alerts(*({"number": number} for number in range(1, 61)))
    send(company.ws)
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

    assert len(taken) == len(set(taken)) == 60


def test_who_lost_the_lease_cannot_undo_what_the_next_one_confirmed(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "")
    company.raise_alerts({})
    send(company.ws)
    settings = company.ws.delivery
    with Ledger.of(company.ws) as ledger:
        late = outbox.lease(ledger, "late", settings, now(), ["hook"])
        assert late is not None
        company.set(leased_until=now() - timedelta(seconds=1))
        monkeypatch.setenv(VARIABLE, web.url("/ok"))
        assert send(company.ws).sent == 1

        ended = outbox.record(ledger, late, "late", None, "no answer", settings, now(), is_last=True)

    assert ended == "taken"
    assert [row["state"] for row in company.outbox()] == ["sent"]


def test_waits_double_up_to_a_limit_and_differ(company: Alerted) -> None:
    settings = Delivery(first_wait_seconds=30, longest_wait_seconds=200)

    for attempts, longest in ((1, 30), (2, 60), (3, 120), (4, 200), (60, 200)):
        waits = [outbox.backoff(attempts, settings) for _ in range(50)]
        assert longest / 2 <= min(waits) < max(waits) <= longest
        assert len(set(waits)) > 10


def test_dead_messages_are_sent_again_on_demand_and_only_where_not_confirmed(
    company: Alerted, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, mail.url("a@firm.example", "b@firm.example"))
    mail.refused = {"a@firm.example", "b@firm.example"}
    company.change("delivery", max_attempts=1)
    company.raise_alerts({})
    send(company.ws)
    assert company.alerts() == {"alert-1": "failed"}

    mail.refused = {"b@firm.example"}
    with Ledger.of(company.ws) as ledger:
        for expected in (["sent", "dead"], ["sent", "dead"]):
            with ledger.writing() as connection:
                (revived,) = dead_letters.revive(connection, None, now())
            send(company.ws)
            assert [company.alerts()["alert-1"], company.outbox()[0]["state"]] == expected
            assert company.outbox()[0]["delivery_id"] == revived

    assert [to for to, _ in mail.taken] == ["a@firm.example"]


def test_a_channel_without_an_address_keeps_its_messages_and_says_so(
    company: Alerted, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    company.raise_alerts({})

    report = send(company.ws)

    assert (report.waiting, report.dead) == (1, 0)
    assert any(VARIABLE in problem for problem in report.problems)
    assert company.attempts() == []
    monkeypatch.setenv(VARIABLE, web.url("/ok"))
    assert send(company.ws).sent == 1

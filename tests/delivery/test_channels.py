"""A message reaches its receiver once and marked, or it is known why it did not; secrets stay inside."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gapwatch.delivery.orders import retry_after
from gapwatch.delivery.redaction import Redactor
from tests.delivery.conftest import Bring, a_message
from tests.delivery.receivers import Mail, Web, closed_port

CANARY = "kanarienvogel-7Yx2"


def test_a_webhook_carries_the_key_that_makes_a_repeat_no_second_effect(bring: Bring, web: Web) -> None:
    for _ in range(2):
        (outcome,) = bring(web.url("/ok"))
        assert (outcome.is_ok, outcome.status, outcome.error) == (True, "HTTP 200", None)

    assert [request.headers["idempotency-key"] for request in web.requests] == ["0123456789abcdef"] * 2
    assert web.requests[0].headers["alert-key"] == "churn_risk:account:A-001:trust::2953"
    body = web.requests[0].json
    assert body["title"] == "Harbor Logistics: trust, churn risk"
    assert body["alert_key"] == "churn_risk:account:A-001:trust::2953"
    assert body["alert"] == {"account_id": "A-001", "value": 72.5}


@pytest.mark.parametrize("scheme", ["xml", "form"])
def test_webhooks_of_other_forms_carry_it_too(bring: Bring, web: Web, scheme: str) -> None:
    (outcome,) = bring(web.url("/ok", scheme), a_message(alert_key="silence:account:客户 1\r\nX-Evil: 1"))

    assert outcome.is_ok
    headers = web.requests[0].headers
    assert headers["idempotency-key"] == "0123456789abcdef"
    assert headers["alert-key"] == "silence:account:%E5%AE%A2%E6%88%B7%201%0D%0AX-Evil:%201"
    assert "x-evil" not in headers


@pytest.mark.parametrize("scheme", ["mmost", "rocket"])
def test_a_chat_gets_the_form_in_which_nothing_is_interpreted(bring: Bring, web: Web, scheme: str) -> None:
    address = {
        "mmost": web.url("/", "mmost").rstrip("/") + "/a1b2c3d4e5f6g7h8i9j0k1l2m3",
        "rocket": f"rocket://hook1234567/token12345@127.0.0.1:{web.port}/#alerts",
    }[scheme]
    (outcome,) = bring(
        address, a_message(title="@all", chat_title="＠all", text="*b*", chat="∗b∗", markdown="∗b∗")
    )

    assert outcome.is_ok, outcome
    sent = web.requests[-1].body.decode()
    shown = str(json.loads(sent))
    assert "＠all" in shown
    assert "∗b∗" in shown
    assert "@all" not in shown
    assert "*b*" not in shown
    assert "http" not in shown.replace("http://127.0.0.1", ""), "no picture is fetched from elsewhere"


def test_a_mail_has_the_same_message_id_on_every_try_and_both_forms(bring: Bring, mail: Mail) -> None:
    for _ in range(2):
        assert [outcome.is_ok for outcome in bring(mail.url("owner@firm.example"))] == [True]

    (_, first), (_, second) = mail.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert len(first.get_all("Message-ID")) == 1
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Subject"] == "Harbor Logistics: trust, churn risk"
    assert {"text/plain", "text/html"} <= {part.get_content_type() for part in first.walk()}
    assert "Apprise" not in first.as_string()


def test_another_message_or_receiver_has_another_message_id(bring: Bring, mail: Mail) -> None:
    bring(mail.url("a@firm.example", "b@firm.example"))
    bring(mail.url("a@firm.example"), a_message(key="another"))

    assert len({message["Message-ID"] for _, message in mail.taken}) == 3


def test_each_receiver_of_an_address_confirms_by_itself(bring: Bring, mail: Mail) -> None:
    mail.refused = {"gone@firm.example"}
    address = mail.url("a@firm.example", "gone@firm.example", "b@firm.example")

    outcomes = bring(address)

    assert [outcome.is_ok for outcome in outcomes] == [True, False, True]
    assert len({outcome.target for outcome in outcomes}) == 3
    mail.refused = set()
    confirmed = tuple(outcome.target for outcome in outcomes if outcome.is_ok)
    assert [outcome.is_ok for outcome in bring(address, done=confirmed)] == [True]
    assert sorted(to for to, _ in mail.taken) == ["a@firm.example", "b@firm.example", "gone@firm.example"]
    assert bring(address, done=tuple(outcome.target for outcome in outcomes)) == []


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_what_hangs_is_given_up_at_the_deadline_and_nobody_knows_the_outcome(
    bring: Bring, web: Web, path: str
) -> None:
    started = time.monotonic()
    (outcome,) = bring(web.url(path, query="?rto=60&cto=60"), deadline=1)

    assert (outcome.is_ok, outcome.status) == (None, "unknown")
    assert "within 1 s" in str(outcome.error)
    assert outcome.target.startswith("JSON ")
    assert time.monotonic() - started < 8


def test_a_mail_server_that_hangs_is_given_up_too(bring: Bring, mail: Mail) -> None:
    mail.hang_seconds = 3
    (outcome,) = bring(mail.url("owner@firm.example"), deadline=1)

    assert outcome.is_ok is None


def test_a_receiver_after_one_that_hangs_comes_first_the_next_time(bring: Bring, web: Web) -> None:
    addresses = f"{web.url('/hang')} {web.url('/ok')}"
    (hanging,) = bring(addresses, deadline=1)

    outcomes = bring(addresses, deadline=1, last=(hanging.target,))

    assert [outcome.is_ok for outcome in outcomes] == [True, None]


def test_a_redirect_is_refused_even_where_the_address_asks_for_it(bring: Bring, web: Web) -> None:
    (outcome,) = bring(web.url("/redirect", query="?redirect=yes"))

    assert (outcome.is_ok, outcome.status) == (False, "HTTP 302")
    assert "redirect" in str(outcome.error)
    assert [request.path for request in web.requests] == ["/redirect"]


@pytest.mark.parametrize(
    ("path", "said"),
    [("/status/500", "HTTP 500"), ("/status/404", "HTTP 404"), ("/short", "failed"), ("/slam", "failed")],
)
def test_nothing_but_a_whole_answer_of_success_confirms(bring: Bring, web: Web, path: str, said: str) -> None:
    (outcome,) = bring(web.url(path))

    assert (outcome.is_ok, outcome.status) == (False, said)
    assert outcome.error


def test_a_receiver_that_is_not_there_is_a_failure_and_no_hang(bring: Bring) -> None:
    (outcome,) = bring(f"json://127.0.0.1:{closed_port()}/ok")

    assert outcome.is_ok is False
    assert "no connection" in str(outcome.error)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_told(bring: Bring, web: Web, status: int) -> None:
    web.retry_after = "17"
    (outcome,) = bring(web.url(f"/status/{status}"))

    assert outcome.retry_after == 17


def test_an_address_of_no_known_service_fails_without_a_word_of_it(bring: Bring) -> None:
    (outcome,) = bring(f"nothing://{CANARY}@host/path")

    assert outcome.is_ok is False
    assert CANARY not in str(outcome)
    assert "apprise does not know" in str(outcome.error)


def test_a_slow_answer_within_the_deadline_is_waited_for(bring: Bring, web: Web) -> None:
    # Apprise alone would give up after four seconds.
    web.hang_seconds = 4.5
    (outcome,) = bring(web.url("/hang"), deadline=10)

    assert outcome.is_ok is False
    assert outcome.seconds > 4.4


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("99999999999999", 86_400),
        ("Sun, 22 Nov 2026 08:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 07:00:00 GMT", 0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Fri, 99 Foo 2026 99:99:99 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_nonsense_is_ignored(
    value: str | None, seconds: float | None
) -> None:
    assert retry_after(value, datetime(2026, 11, 22, 8, tzinfo=UTC)) == seconds


def test_a_date_far_ahead_is_capped() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(days=400))
    assert retry_after(later) == 86_400


@pytest.mark.parametrize(
    "text",
    [
        f"POST https://hooks.example/services/{CANARY} failed",
        "login gapwatch p w",
        "login gapwatch p%20w",
        f"bad\r\nline {CANARY}",
    ],
)
def test_a_text_about_a_send_holds_no_part_of_the_address(text: str) -> None:
    redactor = Redactor([f"https://gapwatch:p%20w@hooks.example/services/{CANARY}"])
    shown = redactor.redact(text)

    assert CANARY not in shown
    assert "p w" not in shown
    assert "p%20w" not in shown
    assert "\n" not in shown


def test_a_log_record_is_redacted_with_its_values_and_traceback(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test.delivery.redaction")
    redactor = Redactor([f"slack://{CANARY}/#general"])
    logger.addFilter(redactor)
    try:
        try:
            raise ValueError(CANARY)
        except ValueError:
            logger.exception("sending to %s", CANARY)
    finally:
        logger.removeFilter(redactor)

    assert caplog.records
    assert CANARY not in caplog.text

"""Receivers on the loopback, and couriers that send to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gapwatch.delivery.courier import Courier
from gapwatch.delivery.orders import Message, Outcome
from tests.delivery.receivers import Mail, Web, mail_receiver, web_receiver

Bring = Callable[..., list[Outcome]]


@pytest.fixture
def web() -> Iterator[Web]:
    with web_receiver() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[Mail]:
    with mail_receiver() as receiver:
        yield receiver


@pytest.fixture
def bring(monkeypatch: pytest.MonkeyPatch) -> Bring:
    """Send one message to addresses as a sender does: the outcomes in order."""

    def _bring(
        addresses: str,
        message: Message | None = None,
        *,
        deadline: float = 10,
        done: tuple[str, ...] = (),
        last: tuple[str, ...] = (),
    ) -> list[Outcome]:
        monkeypatch.setenv("GAPWATCH_TEST_CHANNEL", addresses)
        with Courier(deadline) as courier:
            told = list(courier.send(message or a_message(), "GAPWATCH_TEST_CHANNEL", done, last))
        assert [is_last for _, is_last in told] == [False] * (len(told) - 1) + [True] * bool(told)
        return [outcome for outcome, _ in told]

    return _bring


def a_message(**changed: Any) -> Message:
    values: dict[str, Any] = {
        "key": "0123456789abcdef",
        "alert_key": "churn_risk:account:A-001:trust::2953",
        "title": "Harbor Logistics: trust, churn risk",
        "chat_title": "Harbor Logistics: trust, churn risk",
        "text": "Harbor Logistics: trust.\n",
        "chat": "Harbor Logistics: trust.\n",
        "markdown": "Harbor Logistics: trust.\n",
        "html": "<p>Harbor Logistics: trust.</p>",
        "facts": {"account_id": "A-001", "value": 72.5},
    }
    return Message(**values | changed)

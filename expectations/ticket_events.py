"""What we accept as an event in the life of a ticket."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations import rules
from gapwatch.contracts import CONTRACTS

CONTRACT = CONTRACTS["ticket_events"]


def suite(history: str) -> list[gxe.Expectation]:
    """What every row must hold; ``history`` is the source's (versions or none)."""
    return [
        *rules.readable(),
        *rules.key("event_id"),
        *rules.required("ticket_id", "occurred_at", "event"),
        rules.one_of("event", CONTRACT.enums["event"]),
        *rules.not_in_the_future(*CONTRACT.past_instants),
    ]

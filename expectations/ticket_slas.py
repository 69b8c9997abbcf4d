"""What we accept as a service-level cycle of a ticket."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations import rules
from gapwatch.contracts import CONTRACTS

CONTRACT = CONTRACTS["ticket_slas"]


def suite(history: str) -> list[gxe.Expectation]:
    """What every row must hold; ``history`` is the source's (versions or none)."""
    return [
        *rules.readable(),
        *rules.key("ticket_id", "metric", "cycle_seq"),
        *rules.required("started_at"),
        *rules.version(history),
        rules.one_of("metric", CONTRACT.enums["metric"]),
        *rules.not_in_the_future(*CONTRACT.past_instants),
    ]

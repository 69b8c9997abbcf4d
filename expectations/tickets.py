"""What we accept as a version of a ticket."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations import rules
from gapwatch.contracts import CONTRACTS

CONTRACT = CONTRACTS["tickets"]


def suite(history: str) -> list[gxe.Expectation]:
    """What every row must hold; ``history`` is the source's (versions or none)."""
    return [
        *rules.readable(),
        *rules.key("ticket_id"),
        *rules.required("account_id", "opened_at", "status", "reopen_count", "reassignment_count"),
        *rules.version(history),
        rules.one_of("status", CONTRACT.enums["status"]),
        *rules.not_in_the_future(*CONTRACT.past_instants),
        rules.not_before("resolved_at", "opened_at", "resolved_after_opened"),
    ]

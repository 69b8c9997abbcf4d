"""What we accept as a version of a delivery."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations import rules
from gapwatch.contracts import CONTRACTS

CONTRACT = CONTRACTS["deliveries"]


def suite(history: str) -> list[gxe.Expectation]:
    """What every row must hold; ``history`` is the source's (versions or none)."""
    return [
        *rules.readable(),
        *rules.key("delivery_id"),
        *rules.required("account_id", "kind", "rework_count"),
        *rules.version(history),
        rules.one_of("kind", CONTRACT.enums["kind"]),
        rules.one_of("acceptance_result", CONTRACT.enums["acceptance_result"]),
        rules.one_of("cancelled_by", CONTRACT.enums["cancelled_by"]),
        *rules.not_in_the_future(*CONTRACT.past_instants),
    ]

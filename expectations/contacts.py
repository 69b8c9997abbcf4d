"""What we accept as a person at a client."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations import rules
from gapwatch.contracts import CONTRACTS

CONTRACT = CONTRACTS["contacts"]


def suite(history: str) -> list[gxe.Expectation]:
    """What every row must hold; ``history`` is the source's (versions or none)."""
    return [
        *rules.readable(),
        *rules.key("contact_id"),
        *rules.required("account_id"),
        *rules.version(history),
        rules.one_of("relationship", CONTRACT.enums["relationship"]),
    ]

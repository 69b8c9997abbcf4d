"""What we accept as a client organisation."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations import rules
from gapwatch.contracts import CONTRACTS

CONTRACT = CONTRACTS["accounts"]


def suite(history: str) -> list[gxe.Expectation]:
    """What every row must hold; ``history`` is the source's (versions or none)."""
    return [
        *rules.readable(),
        *rules.key("account_id"),
        *rules.required("account_name"),
        *rules.version(history),
        rules.one_of("tier", CONTRACT.enums["tier"]),
    ]

"""What we accept as an entry that says what a system calls whom."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations import rules
from gapwatch.contracts import CONTRACTS

CONTRACT = CONTRACTS["identities"]


def suite(history: str) -> list[gxe.Expectation]:
    """What every row must hold; ``history`` is the source's (versions or none)."""
    return [
        *rules.readable(),
        *rules.key("source", "kind", "external_id"),
        *rules.required("internal_id"),
        *rules.version(history),
        rules.one_of("kind", CONTRACT.enums["kind"]),
    ]

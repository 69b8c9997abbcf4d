"""What we accept as a meeting or call with a client."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations import rules
from gapwatch.contracts import CONTRACTS

CONTRACT = CONTRACTS["interactions"]


def suite(history: str) -> list[gxe.Expectation]:
    """What every row must hold; ``history`` is the source's (versions or none)."""
    return [
        *rules.readable(),
        *rules.key("interaction_id"),
        *rules.required("account_id", "occurred_at", "kind"),
        *rules.version(history),
        rules.one_of("kind", CONTRACT.enums["kind"]),
        *rules.not_in_the_future(*CONTRACT.past_instants),
    ]

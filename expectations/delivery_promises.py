"""What we accept as a promised date of a delivery."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations import rules
from gapwatch.contracts import CONTRACTS

CONTRACT = CONTRACTS["delivery_promises"]


def suite(history: str) -> list[gxe.Expectation]:
    """What every row must hold; ``history`` is the source's (versions or none)."""
    return [
        *rules.readable(),
        *rules.key("delivery_id", "promise_seq"),
        *rules.required("promised_at"),
        *rules.version(history),
        rules.one_of("requested_by", CONTRACT.enums["requested_by"]),
        *rules.not_in_the_future(*CONTRACT.past_instants),
        rules.holds("has_one_due", "promise_due", "due_on", "Exactly one of due_on and due_at is given."),
    ]

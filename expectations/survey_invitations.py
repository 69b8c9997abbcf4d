"""What we accept as an invitation to a survey."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations import rules
from gapwatch.contracts import CONTRACTS

CONTRACT = CONTRACTS["survey_invitations"]


def suite(history: str) -> list[gxe.Expectation]:
    """What every row must hold; ``history`` is the source's (versions or none)."""
    return [
        *rules.readable(),
        *rules.key("invitation_id"),
        *rules.required("survey_id", "account_id", "contact_id", "sent_at"),
        *rules.version(history),
        *rules.not_in_the_future(*CONTRACT.past_instants),
    ]

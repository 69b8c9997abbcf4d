"""What we accept as an answer."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations import rules
from gapwatch.contracts import CONTRACTS

CONTRACT = CONTRACTS["survey_answers"]


def suite(history: str) -> list[gxe.Expectation]:
    """What every row must hold; ``history`` is the source's (versions or none)."""
    return [
        *rules.readable(),
        *rules.key("response_id", "survey_id", "question_id"),
        *rules.required("account_id", "submitted_at", "is_complete"),
        *rules.version(history),
        *rules.not_in_the_future(*CONTRACT.past_instants),
        rules.holds(
            "is_on_scale",
            "answer_on_scale",
            "answer_value",
            "answer_value lies on the scale that its question declared when it was submitted.",
        ),
    ]

"""What we accept as a question of a survey."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations import rules
from gapwatch.contracts import CONTRACTS

CONTRACT = CONTRACTS["survey_questions"]


def suite(history: str) -> list[gxe.Expectation]:
    """What every row must hold; ``history`` is the source's (versions or none)."""
    return [
        *rules.readable(),
        *rules.key("survey_id", "question_id"),
        *rules.required("survey_kind", "measure", "is_reverse_scored", "weight", "is_anonymous"),
        *rules.version(history),
        rules.one_of("survey_kind", CONTRACT.enums["survey_kind"]),
        rules.one_of("measure", CONTRACT.enums["measure"]),
        rules.above("scale_max", "scale_min", "scale_in_order"),
    ]

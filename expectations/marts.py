"""What we let out: the suite of each mart at the border between the warehouse and a snapshot.

``FACTS`` are SQL expressions that the border works out beside the mart's own columns, true or false.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import great_expectations.expectations as gxe

from expectations import rules

WEEKLY_KEY = ("account_id", "service_dimension", "week_id")


@dataclass(frozen=True)
class Mart:
    """One mart at the border: ``is_never_empty`` where no rows would mean a broken build."""

    table: str
    key: tuple[str, ...]
    expectations: list[gxe.Expectation]
    facts: dict[str, str] = field(default_factory=dict)
    is_never_empty: bool = True


def marts() -> list[Mart]:
    """The marts that are checked, with their suites."""
    return [
        Mart("dim_accounts", ("account_id",), [*rules.key("account_id"), rules.unique("account_id")]),
        Mart(
            "fct_satisfaction_weekly",
            WEEKLY_KEY,
            [
                *rules.key(*WEEKLY_KEY),
                rules.unique(*WEEKLY_KEY),
                rules.within("perception_score", 0, 100),
                rules.within("paired_perception_score", 0, 100),
                rules.within("expectation_score", 0, 100),
                rules.within("minimum_score", 0, 100),
                rules.within("satisfaction_gap", -100, 100),
                rules.within("coverage_share", 0, 1),
                rules.holds(
                    "is_gap_of_its_parts",
                    "gap_adds_up",
                    "satisfaction_gap",
                    "satisfaction_gap is the paired perception less the expectation, and empty with them.",
                ),
            ],
            # A mean of differences and a difference of means agree to the last bits only.
            {
                "is_gap_of_its_parts": "coalesce(abs(satisfaction_gap - (paired_perception_score - "
                "expectation_score)) < 1e-9, satisfaction_gap is null "
                "and (paired_perception_score is null or expectation_score is null))"
            },
        ),
        Mart(
            "fct_promise_gap_weekly",
            WEEKLY_KEY,
            [*rules.key(*WEEKLY_KEY), rules.unique(*WEEKLY_KEY), rules.within("promise_gap", -100, 0)],
            is_never_empty=False,
        ),
    ]

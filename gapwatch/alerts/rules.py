"""The rules of alerts as the seeds state them: one row per kind, and how soon each tier is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from gapwatch import seeds
from gapwatch.errors import UserError

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace

#: Row of ``tiers`` for every tier that has none of its own.
ANY_TIER = "*"
SATURDAY = 5


@dataclass(frozen=True)
class Rule:
    """One kind of alert; lines stand in the conditions themselves.

    ``rearm_by`` in the unit of ``badness``: an alert that is worse by so much is raised once more.
    ``cooldown_weeks``: how long a condition that ended, or whose alert was resolved, stays silent.
    ``position``: order among kinds; of two that tell of the same fact, the first is raised.
    """

    kind: str
    rule_version: str
    subject_kind: str
    is_daily: bool
    rearm_by: float
    cooldown_weeks: int
    owner_role: str | None
    position: int


def read_rules(ws: Workspace) -> dict[str, Rule]:
    """Kind -> rule. Raises UserError for a value that is no number."""
    return {
        row["kind"]: Rule(
            kind=row["kind"],
            rule_version=row["rule_version"],
            subject_kind=row["subject_kind"],
            is_daily=row["is_daily"].strip().lower() == "true",
            rearm_by=_number(row, "rearm_by"),
            cooldown_weeks=int(_number(row, "cooldown_weeks")),
            owner_role=row["owner_role"] or None,
            position=position,
        )
        for position, row in enumerate(seeds.rows(ws, "alert_rules"))
    }


def read_tiers(ws: Workspace) -> dict[str, int]:
    """Tier -> days of work until an answer is due. Raises UserError for a value that is no number."""
    return {row["tier"]: int(_number(row, "answer_due_days")) for row in seeds.rows(ws, "tiers")}


def due_on(tiers: Mapping[str, int], tier: str | None, raised_on: date) -> date | None:
    """The day an answer is due: so many days of work (Monday to Friday) after it was raised.

    A tier says how soon, never whether. None where the seed has no row for any tier.
    """
    days = tiers.get(tier or ANY_TIER, tiers.get(ANY_TIER))
    if days is None:
        return None
    day = raised_on
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < SATURDAY
    return day


def _number(row: dict[str, str], column: str) -> float:
    try:
        return float(row[column])
    except ValueError:
        raise UserError(
            f"{column} of {next(iter(row.values()))!r} has to be a number, not {row[column]!r}",
            where=f"a row of the seed with {', '.join(list(row)[:3])}, ...",
            rule="seed_value",
            next_step="correct the seed, then run gapwatch build",
        ) from None

"""The alert rules over all weeks, through the engine that raises the alerts themselves.

A hit is a notice, a loss, or a case closed as confirmed (a client who was saved counts by that) within
the horizon. What is raised after the notice foretells nothing and is left out, and so is what rests on
promises that a source without history tells of afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from gapwatch import seeds, snapshots
from gapwatch.alerts import engine
from gapwatch.alerts.engine import AlertState, Condition, Moment, Raise
from gapwatch.alerts.owners import ACCOUNT_ROLES, owner_of
from gapwatch.alerts.rules import Rule, read_rules
from gapwatch.did_you_mean import suggestion
from gapwatch.errors import UserError
from gapwatch.risk import metrics
from gapwatch.risk.panel import NEVER, Panel
from gapwatch.risk.replay import MONTH_DAYS
from gapwatch.weeks import start_of

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace

NOTHING_RAISED = "nothing_raised"
NOTHING_JUDGED = "nothing_judged"
NO_ACCOUNT = "no_account"


@dataclass(frozen=True)
class RuleRecord:
    """One row of ``fct_rule_records`` without the replay's id."""

    kind: str
    rule_version: str
    n_raised: int
    n_judged: int
    n_hits: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    base_rate: float | None
    median_lead_days: float | None
    false_per_owner_month: float | None
    from_week: int
    to_week: int
    null_reason: str | None

    def told(self) -> dict[str, Any]:
        """What a person reads."""
        if self.precision is None:
            return {"rule": self.kind, "raised": self.n_raised, "why": self.null_reason}
        return {
            "rule": self.kind,
            "raised": self.n_raised,
            "judged": self.n_judged,
            "right": self.n_hits,
            "share": self.precision,
            "low": self.precision_low,
            "high": self.precision_high,
            "blind": self.base_rate,
            "days": self.median_lead_days,
            "false": self.false_per_owner_month,
            "why": None,
        }


@dataclass(frozen=True)
class Lines:
    """Where a kind opens and closes, as a seed says."""

    opening: float
    closing: float
    is_higher_worse: bool

    def badness(self, value: float) -> float:
        """How far beyond the opening line, higher is worse."""
        return value - self.opening if self.is_higher_worse else self.opening - value

    def is_looser_than(self, other: Lines) -> bool:
        """Whether it holds where the other has long been closed."""
        way = 1 if self.is_higher_worse else -1
        return round(way * (other.closing - self.closing), 9) > 0


def replay_rules(ws: Workspace, panel: Panel, horizon_days: int) -> list[RuleRecord]:
    """The record of each rule as the workspace's seeds state it now.

    Raises UserError for a line so much looser that the snapshot does not hold what it would open on.
    """
    from gapwatch.risk import registry

    rules, lines = read_rules(ws), read_lines(ws)
    with snapshots.open_snapshot(ws.published_path, panel.snapshot_id) as connection:
        found = _conditions(connection, panel, lines)
        managers = _managers(connection)
    raised = _raised(ws, found, rules, managers)
    confirmed = registry.confirmed_cases(ws)
    return [_record(rule, raised, confirmed, panel, horizon_days) for rule in rules.values()]


def read_lines(ws: Workspace) -> dict[str, Lines]:
    """Kind -> lines of ``alert_rules.csv``."""
    return {
        row["kind"]: Lines(
            float(row["opening_line"]), float(row["closing_line"]), row["is_higher_worse"].lower() == "true"
        )
        for row in seeds.rows(ws, "alert_rules")
    }


def known_kind(ws: Workspace, kind: str) -> str:
    """The kind, where there is a rule of that name; raises UserError otherwise."""
    kinds = list(read_lines(ws))
    if kind not in kinds:
        raise UserError(
            f"There is no rule {kind!r}{suggestion(kind, kinds)}",
            rule="alert_rules",
            next_step=f"gapwatch backtest --rule {kinds[0]}",
        )
    return kind


def live_record(ws: Workspace, kind: str) -> dict[str, Any] | None:
    """The record of a kind that the published snapshot shows; None where it shows none."""
    with snapshots.open_snapshot(ws.published_path) as connection:
        found = connection.execute(
            "select * exclude (computed_as_of) from marts.fct_rule_records where kind = ?", [kind]
        )
        names, row = [column[0] for column in found.description or []], found.fetchone()
    return None if row is None else RuleRecord(**dict(zip(names, row, strict=True))).told()


def _conditions(
    connection: duckdb.DuckDBPyConnection, panel: Panel, lines: Mapping[str, Lines]
) -> dict[int, list[Condition]]:
    """Conditions by week, of weeks that have ended, judged by the lines given."""
    found = connection.execute(
        """
        select
            kind, subject_kind, subject_id, account_id, service_dimension, contact_id, week_id, is_opening,
            badness, value, opening_line, since_on, n, driver, owner_role, risk_score, closing_line
        from marts.fct_alert_conditions
        where not is_provisional and not is_hindsight
        order by week_id, kind, subject_id, service_dimension, contact_id
        """
    ).fetchall()
    lost = dict(zip(panel.accounts, panel.lost_day.tolist(), strict=True))
    by_week: dict[int, list[Condition]] = {}
    for row in found:
        built, wanted = Lines(row[10], row[16], lines[row[0]].is_higher_worse), lines[row[0]]
        condition = _judged_by(Condition(*row[:16]), built, wanted)
        if condition is not None and lost.get(row[3], NEVER) >= (condition.week_id + 1) * 7:
            by_week.setdefault(condition.week_id, []).append(condition)
    return by_week


def _judged_by(condition: Condition, built: Lines, wanted: Lines) -> Condition | None:
    """The condition by other lines than those it was built with; None where they leave it closed."""
    if wanted == built or condition.value is None:
        return condition
    if wanted.is_looser_than(built):
        raise UserError(
            f"{condition.kind} would close at {wanted.closing:g}, and the snapshot holds nothing short of "
            f"{built.closing:g}",
            where="alert_rules.csv, column closing_line",
            rule="replay",
            next_step="try it in a copy of the workspace: gapwatch run, then gapwatch backtest",
        )
    # What opens on another ground as well (a sudden drop) stays open on that ground.
    is_otherwise = condition.is_opening and round(built.badness(condition.value), 9) < 0
    badness = wanted.badness(condition.value)
    closes = replace(wanted, opening=wanted.closing).badness(condition.value)
    if round(closes, 9) < 0 and not is_otherwise:
        return None
    return replace(
        condition,
        badness=condition.badness if is_otherwise else badness,
        is_opening=is_otherwise or round(badness, 9) >= 0,
        opening_line=wanted.opening,
    )


def _managers(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str | None]]:
    """Account -> role -> person, as newest known: what an alert goes by."""
    found = connection.execute(f"select account_id, {', '.join(ACCOUNT_ROLES)} from marts.dim_accounts")
    return {row[0]: dict(zip(ACCOUNT_ROLES, row[1:], strict=True)) for row in found.fetchall()}


def _raised(
    ws: Workspace,
    by_week: Mapping[int, list[Condition]],
    rules: Mapping[str, Rule],
    managers: Mapping[str, Mapping[str, str | None]],
) -> list[Raise]:
    """What would have been told, oldest first; nobody answers an alert in a replay."""

    def person_of(condition: Condition) -> str | None:
        known = managers.get(condition.account_id or "", {})
        return owner_of(ws, condition.owner_role, rules.get(condition.kind), known).person

    told: list[Raise] = []
    if not by_week:
        return told
    longest = max(rule.cooldown_weeks for rule in rules.values()) + 1
    alerts: list[AlertState] = []
    for week in range(min(by_week), max(by_week) + 2):
        # The last instant of the week: daily kinds speak of it, the others of the one before.
        moment = Moment.at(start_of(week + 1) - timedelta(seconds=1))
        there = [*by_week.get(week - 1, []), *by_week.get(week, [])]
        decisions = engine.decide(there, alerts, rules, ws.alerts.budget, moment, owner_of=person_of)
        told += [each for each in decisions if isinstance(each, Raise) and each.suppression_reason is None]
        alerts = [
            alert
            for alert in engine.taken_up(alerts, decisions, moment)
            if alert.ended_week is None or alert.ended_week >= week - longest
        ]
    return told


def _record(
    rule: Rule,
    raised: list[Raise],
    confirmed: Mapping[tuple[str, str], list[int]],
    panel: Panel,
    horizon_days: int,
) -> RuleRecord:
    own = [each.condition for each in raised if each.condition.kind == rule.kind]
    lost = dict(zip(panel.accounts, panel.lost_day.tolist(), strict=True))
    n_judged, leads, n_hits = 0, [], 0
    for condition in own:
        day, account = (condition.week_id + 1) * 7, condition.account_id or ""
        ahead = lost.get(account, NEVER) - day
        # What came true early is not counted before what did not could be: that would flatter the rule.
        if day + horizon_days > panel.as_of_day:
            continue
        cases = [closed - day for closed in confirmed.get((rule.kind, account), [])]
        is_loss = 0 <= ahead < horizon_days
        n_judged += 1
        n_hits += is_loss or any(0 <= case < horizon_days for case in cases)
        leads += [ahead] if is_loss else []
    newest = panel.newest_labelled(horizon_days)
    first = int(panel.week.min()) if len(panel.week) else newest
    is_known = panel.week <= newest
    months = max(1, newest - first + 1) * 7 / MONTH_DAYS
    reason = None if n_judged else NOTHING_JUDGED if own else NOTHING_RAISED
    if rule.subject_kind != "account":
        reason = NO_ACCOUNT
    low, high = metrics.wilson(n_hits, n_judged)
    is_told = reason is None
    return RuleRecord(
        kind=rule.kind,
        rule_version=rule.rule_version,
        n_raised=len(own),
        n_judged=n_judged if is_told else 0,
        n_hits=n_hits if is_told else 0,
        precision=n_hits / n_judged if is_told else None,
        precision_low=low if is_told else None,
        precision_high=high if is_told else None,
        base_rate=float(panel.event(horizon_days)[is_known].mean()) if is_told and is_known.any() else None,
        median_lead_days=float(np.median(leads)) if leads else None,
        false_per_owner_month=(n_judged - n_hits) / panel.owners_a_week() / months if is_told else None,
        from_week=first,
        to_week=int(panel.week.max()) if len(panel.week) else newest,
        null_reason=reason,
    )

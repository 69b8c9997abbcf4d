"""Raising: what the published marts say is the case becomes alerts and messages, in one transaction.

A process that dies in it has raised nothing; the next one decides the same. Whoever raises is the
ledger's only writer meanwhile, so that of several at once each alert is raised by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
from sqlalchemy import Connection, RowMapping, func, or_, select, update

from gapwatch import audit, snapshots
from gapwatch.alerts import engine, overrides
from gapwatch.alerts.engine import AlertState, Carry, Condition, Moment, Raise, Thread
from gapwatch.alerts.outbox_rows import enqueue
from gapwatch.alerts.owners import ACCOUNT_ROLES, Owner, owner_of
from gapwatch.alerts.rules import Rule, due_on, read_rules, read_tiers
from gapwatch.errors import UserError
from gapwatch.faults import fault_point
from gapwatch.ledger import Ledger, now
from gapwatch.ledger_tables import alerts
from gapwatch.weeks import in_data_time, week_of
from gapwatch.workspace import Workspace

if TYPE_CHECKING:
    from gapwatch.snapshots import SnapshotInfo

_STATE = ("alert_id", "state", "as_of", "owner", "account_id", "driver")


@dataclass
class RaiseReport:
    """What a look at a snapshot led to. ``suppressed``: reason -> alerts that nobody is told of.

    ``is_back_fill``: the snapshot shows history, or old data was expected; then nobody is told anything.
    """

    snapshot_id: str
    as_of: datetime
    is_back_fill: bool
    raised: dict[str, int] = field(default_factory=dict)
    suppressed: dict[str, int] = field(default_factory=dict)
    ended: int = 0
    messages: int = 0
    without_owner: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "as_of": self.as_of.isoformat()}


@dataclass(frozen=True)
class _Account:
    tier: str | None
    managers: dict[str, str | None]


@dataclass(frozen=True)
class _Look:
    """What a snapshot says: conditions of some weeks, and the accounts as newest known."""

    info: SnapshotInfo
    moment: Moment
    conditions: list[Condition]
    accounts: dict[str, _Account]


def raise_alerts(ws: Workspace, ledger: Ledger, *, backfill: bool = False) -> RaiseReport:
    """Raise what the current snapshot gives reason for.

    A snapshot whose ``as_of`` lies more than ``alerts.newest_within_days`` back, or ``backfill``, raises
    suppressed. Raises SnapshotMissingError before the first publish, UserError for a snapshot from before
    there were alerts, and what the ledger raises.
    """
    rules, tiers = read_rules(ws), read_tiers(ws)
    with ledger.reading() as connection:
        since = connection.execute(
            select(func.min(alerts.c.last_seen_week_id)).where(alerts.c.ended_week_id.is_(None))
        ).scalar()
    look = _look(ws, backfill, since)
    report = RaiseReport(look.info.snapshot_id, look.moment.as_of, look.moment.is_back_fill)
    owners: dict[Thread, Owner] = {}

    def owner(condition: Condition) -> Owner:
        found = owners.get(condition.thread)
        if found is None:
            account = look.accounts.get(condition.account_id or "")
            managers = account.managers if account else {}
            found = owner_of(ws, condition.owner_role, rules.get(condition.kind), managers)
            owners[condition.thread] = found
        return found

    with ledger.writing() as connection:
        at = now()
        overrides.note_expired(connection, at)
        counting = overrides.in_force(connection, at.date())
        decisions = engine.decide(
            look.conditions,
            _states(connection, look.moment, rules),
            rules,
            ws.alerts.budget,
            look.moment,
            owner_of=lambda condition: owner(condition).person,
            is_muted=overrides.muting(counting),
        )
        fault_point("notify.decided")
        for decision in decisions:
            if isinstance(decision, Carry):
                _carry(connection, decision, report)
            else:
                account = look.accounts.get(decision.condition.account_id or "")
                tier = account.tier if account else None
                values = _values(decision, look, owner(decision.condition), at) | {
                    "tier": tier,
                    "due_on": due_on(tiers, tier, at.date()),
                }
                _write(ledger, connection, decision, values, owner(decision.condition), report)
        fault_point("notify.before_commit")
    fault_point("notify.after_commit")
    return report


def conditions_of(connection: duckdb.DuckDBPyConnection, from_week: int, to_week: int) -> list[Condition]:
    """Rows of ``fct_alert_conditions`` of these weeks, both included, from an attached snapshot or build."""
    names = [column.name for column in fields(Condition)]
    rows = connection.execute(
        f"select {', '.join(names)} from marts.fct_alert_conditions where week_id between ? and ?",
        [from_week, to_week],
    ).fetchall()
    return [Condition(**dict(zip(names, row, strict=True))) for row in rows]


def _look(ws: Workspace, backfill: bool, since: int | None) -> _Look:
    info = snapshots.find(ws.published_path)
    with snapshots.open_snapshot(ws.published_path, info.snapshot_id) as connection:
        as_of = info.as_of or info.created_at
        is_old = now() - as_of > timedelta(days=ws.alerts.newest_within_days)
        moment = Moment.at(as_of, is_back_fill=backfill or is_old)
        first = moment.closed_week if since is None else min(since, moment.closed_week)
        try:
            found = conditions_of(connection, first, moment.closed_week + 1)
        except duckdb.CatalogException:
            raise UserError(
                "The published snapshot is from before there were alerts",
                where=info.file,
                rule="snapshot_has_conditions",
                next_step="gapwatch run",
            ) from None
        accounts = {
            row[0]: _Account(row[1], dict(zip(ACCOUNT_ROLES, row[2:], strict=True)))
            for row in connection.execute(
                f"select account_id, tier, {', '.join(ACCOUNT_ROLES)} from marts.dim_accounts"
            ).fetchall()
        }
    return _Look(info, moment, found, accounts)


def _states(connection: Connection, moment: Moment, rules: Mapping[str, Rule]) -> list[AlertState]:
    """The alerts that can matter: open, in their cooldown, or raised in this week."""
    longest = max((rule.cooldown_weeks for rule in rules.values()), default=0)
    c = alerts.c
    query = select(alerts).where(
        or_(
            c.ended_week_id.is_(None),
            c.ended_week_id >= moment.closed_week - longest,
            c.raised_week_id >= moment.closed_week,
        )
    )
    return [_state(row) for row in connection.execute(query).mappings()]


def _state(row: RowMapping) -> AlertState:
    # A cooldown is counted in weeks of the data.
    resolved_at = row["resolved_at"] and in_data_time(row["resolved_at"], row["raised_at"], row["as_of"])
    return AlertState(
        thread=Thread(*(row[name] for name in Thread._fields)),
        raised_week=row["raised_week_id"],
        badness=row["badness"] if row["badness"] is not None else 0.0,
        last_seen_week=row["last_seen_week_id"],
        ended_week=row["ended_week_id"],
        resolved_week=week_of(resolved_at) if resolved_at else None,
        **{name: row[name] for name in _STATE},
    )


def _carry(connection: Connection, decision: Carry, report: RaiseReport) -> None:
    connection.execute(
        update(alerts)
        .where(alerts.c.alert_id == decision.alert_id)
        # No change of version, which counts what people do: they would be told of a conflict.
        .values(last_seen_week_id=decision.last_seen_week, ended_week_id=decision.ended_week)
    )
    report.ended += decision.ended_week is not None


def _write(
    ledger: Ledger,
    connection: Connection,
    decision: Raise,
    values: dict[str, Any],
    owner: Owner,
    report: RaiseReport,
) -> None:
    statement = ledger.insert(alerts).values(values).on_conflict_do_nothing()
    if connection.execute(statement.returning(alerts.c.alert_id)).first() is None:
        return
    fault_point("notify.alert_written")
    reason = decision.suppression_reason
    details = {"kind": decision.condition.kind, "reason": reason, "snapshot_id": report.snapshot_id}
    action = "raised" if reason is None else "suppressed"
    audit.append(connection, overrides.BY_ITSELF, action, "alert", decision.alert_id, details)
    fault_point("notify.audit_written")
    if reason is not None:
        report.suppressed[reason] = report.suppressed.get(reason, 0) + 1
        return
    report.raised[decision.condition.kind] = report.raised.get(decision.condition.kind, 0) + 1
    report.without_owner += owner.person is None
    report.messages += enqueue(
        ledger, connection, decision.alert_id, owner, values["raised_at"], report.snapshot_id
    )
    fault_point("notify.outbox_written")


def _values(decision: Raise, look: _Look, owner: Owner, at: datetime) -> dict[str, Any]:
    condition = decision.condition
    same: Iterable[str] = (
        "kind",
        "subject_kind",
        "subject_id",
        "account_id",
        "service_dimension",
        "contact_id",
        "driver",
        "value",
        "badness",
        "opening_line",
        "risk_score",
        "since_on",
        "n",
        "evidence_kind",
        "evidence_keys",
    )
    return {name: getattr(condition, name) for name in same} | {
        "alert_id": decision.alert_id,
        "alert_key": decision.alert_key,
        "raised_week_id": condition.week_id,
        "raised_at": at,
        "as_of": look.moment.as_of,
        "snapshot_id": look.info.snapshot_id,
        "owner_role": owner.role,
        "owner": owner.person,
        "is_fallback_owner": owner.is_fallback,
        "state": "pending" if decision.suppression_reason is None else "suppressed",
        "suppression_reason": decision.suppression_reason,
        "last_seen_week_id": condition.week_id,
        "rearm_of": decision.rearm_of,
        "version": 1,
    }

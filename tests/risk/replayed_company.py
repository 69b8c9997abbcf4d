"""A workspace whose published history of one rule's conditions is written by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb

from gapwatch.ledger import Ledger, now
from gapwatch.ledger_tables import alerts
from gapwatch.weeks import EPOCH
from gapwatch.workspace import Workspace
from tests.alerts import published_by_hand

FIRST, LAST = 2900, 2959
AS_OF = EPOCH + timedelta(weeks=LAST + 1)

_TABLES = """
create table marts.fct_churn_features (
    account_id varchar, week_id integer, feature varchar, share double, is_known boolean
);
create table marts.dim_risk_drivers (driver varchar, line double, full_value double);
create table marts.fct_survey_scores (
    cut varchar, cut_value varchar, week_id integer, measure varchar, survey_kind varchar, value double
);
create table marts.fct_promises (
    account_id varchar, subject_id varchar, signal varchar, made_at timestamp, is_newest boolean
);
create table marts.fct_rule_records (
    kind varchar, rule_version varchar, n_raised bigint, n_judged bigint, n_hits bigint, precision double,
    precision_low double, precision_high double, base_rate double, median_lead_days double,
    false_per_owner_month double, from_week integer, to_week integer, null_reason varchar,
    computed_as_of timestamp
);
create table marts.fct_churn_risk_weekly (
    account_id varchar, week_id integer, is_provisional boolean, risk_score double,
    account_manager varchar, tier varchar
);
create or replace table marts.fct_alert_conditions (
    kind varchar, subject_kind varchar, subject_id varchar, account_id varchar, service_dimension varchar,
    contact_id varchar, week_id integer, is_opening boolean, badness double, value double,
    opening_line double, since_on date, n integer, driver varchar, owner_role varchar, risk_score double,
    closing_line double, is_provisional boolean, is_hindsight boolean
);
alter table marts.dim_accounts add column notice_given_on date;
alter table marts.dim_accounts add column churned_on date;
"""


@dataclass(frozen=True)
class Spell:
    """Weeks, both included, in which a condition held; the lines are those it was built with."""

    account: str
    first: int
    last: int
    values: float | Mapping[int, float] = 80.0
    kind: str = "silence"
    opening: float = 75.0
    closing: float = 60.0
    is_opening: bool | None = None
    is_hindsight: bool = False

    def rows(self) -> list[tuple[object, ...]]:
        """Rows of ``fct_alert_conditions``, one per week."""
        found: list[tuple[object, ...]] = []
        way = -1 if self.kind == "single_voice" else 1
        for week in range(self.first, self.last + 1):
            value = self.values if isinstance(self.values, float) else self.values[week]
            badness = way * (value - self.opening)
            opens = badness >= 0 if self.is_opening is None else self.is_opening
            since = EPOCH.date() + timedelta(weeks=self.first)
            thread = (self.kind, "account", self.account, self.account, "", "")
            measured = (week, opens, badness, value, self.opening, since, 1, None, "account_manager", 10.0)
            found.append((*thread, *measured, self.closing, False, self.is_hindsight))
        return found


def ended(week: int, days_later: int = 0) -> date:
    """So many days after the day on which a week had ended."""
    return EPOCH.date() + timedelta(weeks=week + 1, days=days_later)


def make(
    folder: Path, spells: Iterable[Spell], lost: Mapping[str, date], accounts: Iterable[str]
) -> Workspace:
    """All accounts belong to one owner from ``FIRST`` to ``LAST``; ``lost`` is the day of a notice."""
    ws = published_by_hand.workspace(folder)
    known = {account: {"account_manager": "Li"} for account in accounts}
    info = published_by_hand.publish(ws, AS_OF, [], known)
    path = ws.published_path / info.file
    with duckdb.connect(str(path)) as connection:
        connection.execute(_TABLES)
        rows = [row for spell in spells for row in spell.rows()]
        marks = ", ".join("?" * 19)
        connection.executemany(f"insert into marts.fct_alert_conditions values ({marks})", rows)
        for account, day in lost.items():
            connection.execute(
                "update marts.dim_accounts set notice_given_on = ? where account_id = ?", [day, account]
            )
        connection.execute(
            "insert into marts.fct_churn_risk_weekly select account_id, week_id, false, 0, 'Li', 'A' "
            "from marts.dim_accounts, range(?, ?) as weeks (week_id)",
            [FIRST, LAST + 1],
        )
    published_by_hand.show(ws, replace(info, sha256=hashlib.sha256(path.read_bytes()).hexdigest()), AS_OF)
    return ws


def close_case(ws: Workspace, account: str, outcome: str, week: int, days_later: int) -> None:
    """An alert of silence, raised today about a week long past, that somebody closed so many days later."""
    raised = now()
    with Ledger.of(ws) as ledger, ledger.writing() as connection:
        connection.execute(
            alerts.insert().values(
                alert_id=f"{account}-{outcome}",
                alert_key=f"{account}-{outcome}",
                kind="silence",
                subject_kind="account",
                subject_id=account,
                account_id=account,
                service_dimension="",
                contact_id="",
                raised_week_id=week,
                raised_at=raised,
                as_of=EPOCH + timedelta(weeks=week + 1),
                is_fallback_owner=False,
                state="resolved",
                resolved_at=raised + timedelta(days=days_later),
                outcome=outcome,
                last_seen_week_id=week,
                version=1,
            )
        )


def change_rule(ws: Workspace, kind: str, opening: float, closing: float) -> None:
    """A copy of the seed in the workspace, with other lines for one kind."""
    from gapwatch import seeds

    source = seeds.DEFAULT_SEEDS / "alert_rules.csv"
    lines = source.read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",")
    changed = []
    for line in lines:
        cells = line.split(",")
        if cells[0] == kind:
            cells[names.index("opening_line")] = f"{opening:g}"
            cells[names.index("closing_line")] = f"{closing:g}"
        changed.append(",".join(cells))
    ws.seeds_path.mkdir(exist_ok=True)
    (ws.seeds_path / "alert_rules.csv").write_text("\n".join(changed) + "\n", encoding="utf-8")

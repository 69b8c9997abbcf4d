"""Account-weeks of a published snapshot as arrays: what was known at each week's end, and what followed.

Days and weeks count from Monday 1970-01-05; a week ends when the next one begins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb
import numpy as np
from numpy.typing import NDArray

from gapwatch import seeds, snapshots
from gapwatch.errors import UserError
from gapwatch.risk.metrics import Floats, Ints
from gapwatch.weeks import day_of

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace

NEVER = 1 << 40
#: Feature -> line and full value between which its share was taken.
Lines = dict[str, tuple[float, float]]
#: Tables and columns that an earlier version did not publish.
_NEEDED = (
    ("fct_churn_risk_weekly", "risk_score"),
    ("fct_churn_features", "share"),
    ("fct_survey_scores", "value"),
    ("fct_promises", "is_newest"),
    ("fct_alert_conditions", "is_hindsight"),
    ("dim_risk_drivers", "full_value"),
)


@dataclass(frozen=True)
class Panel:
    """n account-weeks, ordered by week, then account; those after the loss are left out.

    ``values`` (n, features) says how far each driver was beyond its line, 0..1; NaN where it was not
    known. ``scorecard``, ``nps`` and ``tickets`` are the scores of the rules and of two plain baselines,
    higher is worse; NaN unknown. ``lines`` are those of the drivers when the snapshot was built.
    """

    as_of: datetime
    snapshot_id: str
    accounts: tuple[str, ...]
    lost_day: Ints  # (accounts,), NEVER where not lost
    account: Ints
    week: Ints
    owner: Ints
    tier: NDArray[np.str_]
    features: tuple[str, ...]
    values: Floats
    scorecard: Floats
    nps: Floats
    tickets: Floats
    lines: Lines = field(default_factory=dict)

    @property
    def end_day(self) -> Ints:
        """(n,) day on which the week had ended."""
        return (self.week + 1) * 7

    @property
    def as_of_day(self) -> int:
        """Day of as_of."""
        return day_of(self.as_of)

    def newest_labelled(self, horizon_days: int) -> int:
        """The newest week whose horizon has passed at as_of."""
        return (self.as_of_day - horizon_days) // 7 - 1

    def event(self, horizon_days: int) -> Floats:
        """(n,) 1 where the account was lost within the horizon after the week's end."""
        ahead = self.lost_day[self.account] - self.end_day
        return ((ahead >= 0) & (ahead < horizon_days)).astype(np.float64)

    def owners_a_week(self) -> float:
        """Mean number of owners who had an account in a week; 1 where none is named."""
        weeks = np.unique(self.week)
        pairs = np.unique(np.stack([self.week, self.owner]), axis=1)
        return max(1.0, int(pairs.shape[1]) / max(1, len(weeks)))

    def accounts_a_week(self) -> float:
        """Mean number of accounts in a week; 0 without any."""
        return len(self.week) / max(1, len(np.unique(self.week)))


def read(ws: Workspace, snapshot_id: str | None = None) -> Panel:
    """The account-weeks of a snapshot, the newest by default.

    Raises UserError where none is published, or one from before there were features of churn.
    """
    info = snapshots.find(ws.published_path, snapshot_id)
    with snapshots.open_snapshot(ws.published_path, info.snapshot_id) as connection:
        there = set(
            connection.execute(
                "select table_name, column_name from information_schema.columns where table_schema = 'marts'"
            ).fetchall()
        )
        tables = {table for table, _ in there}
        missing = [
            f"column {column} in {table}" if table in tables else table
            for table, column in _NEEDED
            if (table, column) not in there
        ]
        if missing or info.as_of is None:
            raise UserError(
                f"The snapshot {info.snapshot_id} has no {missing[0] if missing else 'as_of'}",
                where=str(ws.published_path / info.file),
                rule="churn_features",
                next_step="gapwatch run, which builds and publishes with this version",
            )
        return _panel(connection, info.as_of, info.snapshot_id, _window_weeks(ws))


def signs(features: tuple[str, ...]) -> dict[str, int]:
    """Which way each feature may work: farther beyond its driver's line is never better."""
    return dict.fromkeys(features, 1)


def _window_weeks(ws: Workspace) -> int:
    return int(seeds.settings(ws)["window_weeks"])


def _panel(
    connection: duckdb.DuckDBPyConnection, as_of: datetime, snapshot_id: str, window_weeks: int
) -> Panel:
    connection.execute(
        """
        create temporary table account_weeks as
        select
            row_number() over (order by r.week_id, r.account_id) - 1 as row_id,
            r.account_id,
            r.week_id,
            r.risk_score,
            coalesce(r.account_manager, '') as owner,
            coalesce(r.tier, '') as tier,
            date_diff('day', date '1970-01-05', coalesce(a.notice_given_on, a.churned_on)) as lost_day
        from marts.fct_churn_risk_weekly as r
        inner join marts.dim_accounts as a on r.account_id = a.account_id
        where
            not r.is_provisional
            and coalesce(
                date_diff('day', date '1970-01-05', coalesce(a.notice_given_on, a.churned_on))
                >= (r.week_id + 1) * 7, true
            )
        """
    )
    rows = connection.execute("select * from account_weeks order by row_id").fetchnumpy()
    n = len(rows["row_id"])
    names, account = np.unique(np.asarray(rows["account_id"], dtype=str), return_inverse=True)
    _, owner = np.unique(np.asarray(rows["owner"], dtype=str), return_inverse=True)
    lost_day = np.full(len(names), NEVER)
    lost_day[account] = np.ma.filled(np.ma.asarray(rows["lost_day"], dtype=np.float64), NEVER).astype(
        np.int64
    )
    features, values = _values(connection, n)
    return Panel(
        as_of=as_of,
        snapshot_id=snapshot_id,
        accounts=tuple(str(name) for name in names),
        lost_day=lost_day,
        account=account.astype(np.int64),
        week=np.asarray(rows["week_id"], dtype=np.int64),
        owner=owner.astype(np.int64),
        tier=np.asarray(rows["tier"], dtype=str),
        features=features,
        values=values,
        scorecard=np.asarray(rows["risk_score"], dtype=np.float64),
        nps=-_of_rows(connection, n, _NPS),
        tickets=_of_rows(connection, n, _TICKETS.format(days=7 * window_weeks)),
        lines=_lines(connection, features),
    )


def _lines(connection: duckdb.DuckDBPyConnection, features: tuple[str, ...]) -> Lines:
    found = connection.execute("select driver, line, full_value from marts.dim_risk_drivers").fetchall()
    by_driver = {str(driver): (float(line), float(full)) for driver, line, full in found}
    return {feature: by_driver[feature.partition(":")[0]] for feature in features}


#: Net promoter score of the account, as it stood then.
_NPS = """
select w.row_id, s.value
from marts.fct_survey_scores as s
inner join account_weeks as w on s.cut_value = w.account_id and s.week_id = w.week_id
where s.cut = 'account' and s.measure = 'nps' and s.survey_kind = 'relationship' and s.value is not null
"""
#: Tickets opened within the window before the week's end.
_TICKETS = """
with opened as (
    select distinct account_id, subject_id, date_diff('day', date '1970-01-05', made_at::date) as day
    from marts.fct_promises
    where signal = 'resolution' and is_newest and made_at is not null
),

daily as (
    select account_id, day // 7 as week_id, count(*) as n from opened group by all
)

select w.row_id, coalesce(sum(d.n), 0)::double as value
from account_weeks as w
left join daily as d
    on w.account_id = d.account_id and d.week_id <= w.week_id and d.week_id > w.week_id - {days} // 7
group by w.row_id
"""


def _of_rows(connection: duckdb.DuckDBPyConnection, n: int, query: str) -> Floats:
    found = connection.execute(query).fetchnumpy()
    values = np.full(n, np.nan)
    values[np.asarray(found["row_id"], dtype=np.int64)] = np.asarray(found["value"], dtype=np.float64)
    return values


def _values(connection: duckdb.DuckDBPyConnection, n: int) -> tuple[tuple[str, ...], Floats]:
    """(n, features), features in alphabetic order; one feature at a time, since the long table is large."""
    features = tuple(
        str(name)
        for (name,) in connection.execute(
            "select distinct feature from marts.fct_churn_features order by 1"
        ).fetchall()
    )
    values = np.full((n, len(features)), np.nan)
    for column, feature in enumerate(features):
        found = connection.execute(
            "select w.row_id, f.share from marts.fct_churn_features as f inner join account_weeks as w "
            "on f.account_id = w.account_id and f.week_id = w.week_id where f.feature = ? and f.is_known",
            [feature],
        ).fetchnumpy()
        values[np.asarray(found["row_id"], dtype=np.int64), column] = found["share"]
    return features, values

"""What the pages ask about risk: who may leave, why, since when, and whom we lost."""

from __future__ import annotations

from typing import Any

from dashboards.at_risk import (
    Culprit,
    Driver,
    Evidence,
    Lines,
    RenewalCounts,
    Risk,
    RiskCounts,
    RiskPoint,
    RiskRow,
)
from dashboards.queries.attached import cached, columns, fetch, select
from dashboards.rows import Filters, Snapshot, Standing

_TABLES = "marts.fct_churn_risk_weekly, marts.rpt_portfolio_worklist"

# The clients of a week under the filters, each with its standing on the culprit's dimension, or on
# the widest where the culprit belongs to none.
_LISTED = """
    with standings as (
        select w.*, row_number() over (
                   partition by w.account_id
                   order by w.service_dimension = coalesce($dim, r.culprit_dimension) desc nulls last,
                            w.widest_rank nulls last, w.perception_shrunk_score nulls last, d.sort_order
               ) as choice
        from marts.rpt_portfolio_worklist as w
        join marts.dim_service_dimensions as d on d.service_dimension = w.service_dimension
        left join marts.fct_churn_risk_weekly as r
          on r.account_id = w.account_id and r.week_id = w.week_id
        where w.week_id = $week
    ),
    filtered as (
        select r.*, r.risk_band in ('high', 'medium') as is_at_risk
        from marts.fct_churn_risk_weekly as r
        where r.week_id = $week
          and ($tier is null or r.tier = $tier)
          and ($region is null or r.region = $region)
          and ($owner is null or r.account_manager = $owner)
    ),
    clients as (select * from filtered where risk_rank is not null),
    chosen as (
        select c.*, coalesce(s.account_n_contacts, 0) = 0 as is_silent
        from clients as c
        left join standings as s on s.account_id = c.account_id and s.choice = 1
        where $dim is null or $dim in (c.culprit_dimension, c.second_dimension)
    )
"""
_ORDERS = {
    "risk": "c.risk_rank",
    "silent": "c.is_silent desc, c.risk_rank",
    "renewal": "c.days_to_renewal < 0, c.days_to_renewal nulls last, c.risk_rank",
}


@cached(max_entries=500)
def counts(snapshot: Snapshot, week_id: int, dim: str | None, filters: Filters) -> RiskCounts:
    """How many clients are in view, at risk (because of ``dim``, where given), silent."""
    return select(
        RiskCounts,
        snapshot,
        _TABLES,
        """from (select (select count(*) from clients) as n_clients,
                        (select count(*) from filtered where risk_rank is null) as n_given_notice,
                        (select count(*) from chosen where is_at_risk) as n_at_risk,
                        (select count(*) from chosen where is_silent) as n_silent)""",
        before=_LISTED,
        **_where(week_id, dim, filters),
    )[0]


@cached(max_entries=500)
def renewals(snapshot: Snapshot, week_id: int, dim: str | None, filters: Filters, days: int) -> RenewalCounts:
    """How many clients in view renew within so many days, and how many of those are at risk."""
    return select(
        RenewalCounts,
        snapshot,
        _TABLES,
        """from (select count(*) as n_clients, count(*) filter (where is_near) as n_renewing,
                        count(*) filter (where is_near and is_at_risk) as n_at_risk
                 from (select *, days_to_renewal between 0 and $days as is_near from chosen))""",
        before=_LISTED,
        days=days,
        **_where(week_id, dim, filters),
    )[0]


@cached(max_entries=500)
def culprits(snapshot: Snapshot, week_id: int, filters: Filters) -> list[Culprit]:
    """Which dimension is the culprit in how many of the clients at risk, most first."""
    return select(
        Culprit,
        snapshot,
        _TABLES,
        """from (select service_dimension, count(distinct account_id) as n_clients
                 from (select account_id, unnest([culprit_dimension, second_dimension]) as service_dimension
                       from chosen where is_at_risk)
                 where service_dimension is not null group by service_dimension)
           left join marts.dim_service_dimensions as d using (service_dimension)
           order by n_clients desc, d.sort_order nulls last""",
        before=_LISTED,
        **_where(week_id, None, filters),
    )


@cached(max_entries=500)
def worklist(
    snapshot: Snapshot,
    week_id: int,
    dim: str | None,
    filters: Filters,
    order: str,
    limit: int,
    *,
    among: str,
) -> list[RiskRow]:
    """The clients of a week in this order (a key of ``_ORDERS``), with what to do first.

    ``among`` is ``risk`` (those at risk), ``first`` (those and the tenth that ranks first) or ``all``.
    """
    risk, standing = columns(Risk), columns(Standing)
    rows = fetch(
        snapshot,
        _TABLES + ", marts.fct_churn_risk_drivers",
        f"""{_LISTED}
        select a.account_name, p.play_en, p.play_zh, s.account_id is not null,
               {", ".join(f"c.{name}" for name in risk)}, {", ".join(f"s.{name}" for name in standing)}
        from chosen as c
        left join marts.dim_accounts as a on a.account_id = c.account_id
        left join standings as s on s.account_id = c.account_id and s.choice = 1
        left join marts.fct_churn_risk_drivers as p
          on p.account_id = c.account_id and p.week_id = c.week_id
         and p.driver = c.culprit_driver and p.service_dimension = c.culprit_dimension
        where case $among when 'risk' then c.is_at_risk
                          when 'first' then c.is_at_risk or c.is_in_top_decile else true end
        order by {_ORDERS[order]}, c.account_id limit $limit""",
        among=among,
        limit=limit,
        **_where(week_id, dim, filters),
    )
    return [
        RiskRow(
            Risk(*values[: len(risk)]),
            name,
            play_en,
            play_zh,
            Standing(*values[len(risk) :]) if known else None,
        )
        for name, play_en, play_zh, known, *values in rows
    ]


@cached(max_entries=500)
def client_risk(snapshot: Snapshot, account_id: str, week_id: int) -> Risk | None:
    """One client's risk in a week, or None where it was not active."""
    rows = select(
        Risk,
        snapshot,
        "marts.fct_churn_risk_weekly",
        "from marts.fct_churn_risk_weekly where account_id = $account and week_id = $week",
        account=account_id,
        week=week_id,
    )
    return rows[0] if rows else None


@cached(max_entries=500)
def drivers(snapshot: Snapshot, account_id: str, week_id: int) -> list[Driver]:
    """What one client's risk is made of, most points first."""
    own = ("label_en", "label_zh", "cap")
    return select(
        Driver,
        snapshot,
        "marts.fct_churn_risk_drivers, marts.dim_risk_drivers",
        """from marts.fct_churn_risk_drivers as d left join marts.dim_risk_drivers as k using (driver)
           where d.account_id = $account and d.week_id = $week
           order by d.points desc, abs(d.log_odds) desc nulls last, k.sort_order, d.service_dimension""",
        renamed={
            name: f"coalesce(k.{name}, d.driver)" if name.startswith("label") else f"k.{name}" for name in own
        }
        | {name: f"d.{name}" for name in columns(Driver) if name not in own},
        account=account_id,
        week=week_id,
    )


@cached(max_entries=500)
def history(snapshot: Snapshot, account_id: str, week_id: int) -> list[RiskPoint]:
    """One client's risk week by week, oldest first."""
    return select(
        RiskPoint,
        snapshot,
        "marts.fct_churn_risk_weekly",
        """from marts.fct_churn_risk_weekly where account_id = $account and week_id <= $week
           order by week_id""",
        account=account_id,
        week=week_id,
    )


@cached(max_entries=100)
def lines(snapshot: Snapshot) -> Lines | None:
    """Where the bands of the risk begin: the lines at which its alert closes and opens."""
    rows = fetch(
        snapshot,
        "marts.dim_alert_rules",
        "select closing_line, opening_line from marts.dim_alert_rules where kind = 'churn_risk'",
    )
    return Lines(*rows[0]) if rows else None


@cached(max_entries=500)
def evidence(snapshot: Snapshot, account_id: str) -> list[Evidence]:
    """What happened at a client, newest first."""
    return select(
        Evidence,
        snapshot,
        "marts.rpt_client_evidence",
        "from marts.rpt_client_evidence where account_id = $account order by occurred_on desc, evidence_id",
        account=account_id,
    )


@cached(max_entries=100)
def driver_labels(snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """English and Chinese name of every driver, in the order of lists."""
    rows = fetch(
        snapshot,
        "marts.dim_risk_drivers",
        "select driver, label_en, label_zh from marts.dim_risk_drivers order by sort_order, driver",
    )
    return {driver: (english, chinese) for driver, english, chinese in rows}


@cached(max_entries=100)
def alert_labels(snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """English and Chinese name of every kind of alert."""
    rows = fetch(
        snapshot,
        "marts.dim_alert_rules",
        "select kind, label_en, label_zh from marts.dim_alert_rules order by kind",
    )
    return {kind: (english, chinese) for kind, english, chinese in rows}


@cached(max_entries=100)
def unpublished_reason(snapshot: Snapshot) -> str | None:
    """Why the newest fitted model is not published; None where none was tried."""
    rows = fetch(
        snapshot,
        "marts.fct_backtest",
        """select null_reason from marts.fct_backtest
           where model = 'fitted' and metric = 'is_published' and cut = 'overall' and value = 0""",
    )
    return str(rows[0][0]) if rows and rows[0][0] is not None else None


def _where(week_id: int, dim: str | None, filters: Filters) -> dict[str, Any]:
    return {
        "week": week_id,
        "dim": dim,
        "tier": filters.tier,
        "region": filters.region,
        "owner": filters.owner,
    }

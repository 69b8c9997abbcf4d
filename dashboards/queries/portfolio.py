"""What the clients page asks: the worklist of a week, its counts, the portfolio by dimension."""

from __future__ import annotations

from typing import Any

from dashboards.measured import ControlPoint
from dashboards.queries.attached import SHADES, by_dimension, cached, columns, fetch, select
from dashboards.rows import (
    Filters,
    GapPoint,
    Headline,
    PortfolioRow,
    Snapshot,
    Standing,
    WideDimension,
    WorkRow,
)

# One row per client of the week: its widest service dimension (without a gap, that of the lowest perception),
# or the one asked for.
_LISTED = """
    with listed as (
        select w.*, a.account_name, a.tier, a.region, a.account_manager, a.contract_ends_on,
               case when $dim is null then w.rank else w.dimension_rank end as place,
               row_number() over (
                   partition by w.account_id
                   order by w.rank nulls last, w.perception_shrunk_score nulls last, d.sort_order
               ) as choice
        from marts.rpt_portfolio_worklist as w
        join marts.dim_accounts as a on a.account_id = w.account_id
        join marts.dim_service_dimensions as d on d.service_dimension = w.service_dimension
        where w.week_id = $week
          and ($dim is null or w.service_dimension = $dim)
          and ($tier is null or a.tier = $tier)
          and ($region is null or a.region = $region)
          and ($owner is null or a.account_manager = $owner)
    ),
    clients as (select * from listed where choice = 1)
"""


@cached(max_entries=500)
def headline(snapshot: Snapshot, week_id: int, dim: str | None, filters: Filters) -> Headline:
    """How many clients are in view, have a gap, have a wide one, were heard."""
    return select(
        Headline,
        snapshot,
        "marts.rpt_portfolio_worklist",
        """from (select count(*) as n_clients, count(satisfaction_gap) as n_with_gap,
                        coalesce(sum(cast(is_wide as integer)), 0) as n_wide,
                        coalesce(sum(cast(account_n_contacts > 0 as integer)), 0) as n_heard from clients)""",
        before=_LISTED,
        **_where(week_id, dim, filters),
    )[0]


@cached(max_entries=500)
def wide_dimensions(snapshot: Snapshot, week_id: int, filters: Filters) -> list[WideDimension]:
    """Which dimension is widest in how many of the clients with a wide gap; ties count in each."""
    return select(
        WideDimension,
        snapshot,
        "marts.rpt_portfolio_worklist",
        """from (select w.service_dimension, count(*) as n_clients, min(d.sort_order) as sort_order
                 from marts.rpt_portfolio_worklist as w
                 join clients as c on c.account_id = w.account_id and c.is_wide
                 join marts.dim_service_dimensions as d on d.service_dimension = w.service_dimension
                 where w.week_id = $week and w.widest_rank = 1
                 group by w.service_dimension) order by n_clients desc, sort_order""",
        before=_LISTED,
        **_where(week_id, None, filters),
    )


@cached(max_entries=500)
def worklist(
    snapshot: Snapshot, week_id: int, dim: str | None, filters: Filters, limit: int
) -> list[WorkRow]:
    """The clients of a week, widest gap first, those without a gap last."""
    standing = [f"c.{name}" for name in columns(Standing)]
    rows = fetch(
        snapshot,
        "marts.rpt_portfolio_worklist",
        f"""{_LISTED}
        select c.account_name, c.tier, c.region, c.account_manager, c.contract_ends_on,
               (select list(t.service_dimension order by d.sort_order)
                from marts.rpt_portfolio_worklist as t
                join marts.dim_service_dimensions as d on d.service_dimension = t.service_dimension
                where t.week_id = $week and t.account_id = c.account_id and t.widest_rank = 1
                  and t.satisfaction_gap is not null) as widest,
               {", ".join(standing)}
        from clients as c order by c.place nulls last, c.account_name, c.account_id limit $limit""",
        limit=limit,
        **_where(week_id, dim, filters),
    )
    return [
        WorkRow(Standing(*standing), name, tier, region, owner, ends, [dim] if dim else list(widest or []))
        for name, tier, region, owner, ends, widest, *standing in rows
    ]


@cached(max_entries=500)
def gap_histories(
    snapshot: Snapshot, pairs: tuple[tuple[str, str], ...], week_id: int, n_weeks: int
) -> dict[tuple[str, str], list[float | None]]:
    """The gap of each (client, service dimension) over the last weeks, oldest first."""
    rows = fetch(
        snapshot,
        "marts.fct_satisfaction_weekly",
        """select s.account_id, s.service_dimension, s.gap_shrunk
           from marts.fct_satisfaction_weekly as s
           join (select unnest($accounts) as account_id, unnest($dims) as service_dimension) as k
             on k.account_id = s.account_id and k.service_dimension = s.service_dimension
           where s.week_id > $week - $n_weeks and s.week_id <= $week order by s.week_id""",
        accounts=[account for account, _ in pairs],
        dims=[dim for _, dim in pairs],
        week=week_id,
        n_weeks=n_weeks,
    )
    histories: dict[tuple[str, str], list[float | None]] = {pair: [] for pair in pairs}
    for account, dim, gap in rows:
        histories[account, dim].append(gap)
    return histories


@cached(max_entries=500)
def portfolio(snapshot: Snapshot, week_id: int, cut: str, value: str) -> dict[str, PortfolioRow]:
    """The portfolio of a cut in a week, by service dimension and ``overall``."""
    rows = select(
        PortfolioRow,
        snapshot,
        "marts.rpt_portfolio_weekly",
        "from marts.rpt_portfolio_weekly where week_id = $week and cut = $cut and cut_value = $value",
        week=week_id,
        cut=cut,
        value=value,
    )
    return {row.service_dimension: row for row in rows}


@cached(max_entries=500)
def portfolio_history(snapshot: Snapshot, week_id: int, cut: str, value: str) -> dict[str, list[GapPoint]]:
    """P, E and gap of a cut by service dimension, oldest week first; perception and expectation paired.

    Where no week has an expectation, the perception is that of all who were heard.
    """
    is_paired = "count(expectation_score) over (partition by service_dimension) > 0"
    points = select(
        GapPoint,
        snapshot,
        "marts.rpt_portfolio_weekly",
        f"""from (
                select service_dimension, week_id, week_start_on,
                       case when {is_paired} then paired_perception_score else perception_score end
                           as perception_score,
                       expectation_score, cast(null as double) as minimum_score, satisfaction_gap,
                       case when {is_paired} then n_accounts_paired else n_accounts_heard end as n,
                       {SHADES.format(p="paired_perception_score")},
                       cast(null as double) as perception_low_score,
                       cast(null as double) as perception_high_score
                from marts.rpt_portfolio_weekly
                where week_id <= $week and cut = $cut and cut_value = $value
            ) order by week_id""",
        week=week_id,
        cut=cut,
        value=value,
    )
    return by_dimension(points)


@cached(max_entries=500)
def control_history(snapshot: Snapshot, week_id: int, n_weeks: int) -> dict[str, list[ControlPoint]]:
    """The control chart of the whole portfolio by service dimension, oldest week first."""
    points = select(
        ControlPoint,
        snapshot,
        "marts.rpt_portfolio_weekly",
        """from marts.rpt_portfolio_weekly
           where cut = 'all' and week_id <= $week and week_id > $week - $n_weeks order by week_id""",
        week=week_id,
        n_weeks=n_weeks,
    )
    found: dict[str, list[ControlPoint]] = {}
    for point in points:
        found.setdefault(point.service_dimension, []).append(point)
    return found


def _where(week_id: int, dim: str | None, filters: Filters) -> dict[str, Any]:
    return {
        "week": week_id,
        "dim": dim,
        "tier": filters.tier,
        "region": filters.region,
        "owner": filters.owner,
    }

"""What the felt and factual page asks: every client's situation, and what counts for how much."""

from __future__ import annotations

from dashboards.queries.attached import cached, columns, fetch, select, shared_by_all
from dashboards.rows import Filters, Snapshot
from dashboards.situations import FeltPoint, Importance

_IN_VIEW = """
    from marts.fct_felt_and_factual_weekly as f
    join marts.dim_accounts as a using (account_id)
    where f.week_id = $week and ($tier is null or a.tier = $tier) and ($region is null or a.region = $region)
      and ($owner is null or a.account_manager = $owner)
"""


@shared_by_all(max_entries=50)
def points(snapshot: Snapshot, week_id: int, dim: str, filters: Filters) -> tuple[FeltPoint, ...]:
    """Clients on a service dimension: the worst kept promises first, then the lowest perception."""
    weekly = ("perception_low_score", "perception_high_score", "n_contacts", "n_eligible")
    named = ("account_name", "tier", "region")
    rows = select(
        FeltPoint,
        snapshot,
        "marts.fct_felt_and_factual_weekly, marts.fct_satisfaction_weekly, marts.dim_accounts",
        f"""from (select f.*, a.account_name, a.tier, a.region {_IN_VIEW} and f.service_dimension = $dim) as f
            join marts.fct_satisfaction_weekly as s using (account_id, service_dimension, week_id)
            order by f.promise_gap nulls last, f.perception_shrunk_score nulls last, account_id""",
        renamed={
            name: f"{'s' if name in weekly else 'f'}.{name}"
            for name in columns(FeltPoint)
            if name not in ("account_id", *named)
        },
        dim=dim,
        **_who(week_id, filters),
    )
    return tuple(rows)


@cached(max_entries=500)
def unfelt(snapshot: Snapshot, week_id: int, filters: Filters) -> dict[str, int]:
    """In how many clients each service dimension has broken promises that are not felt; the most first.

    Where that is alike, those with most clients whose promises are broken and who were not heard.
    """
    rows = fetch(
        snapshot,
        "marts.fct_felt_and_factual_weekly",
        f"""select service_dimension, count(case when situation = 'factual_bad' then 1 end) as n,
                count(case when situation = 'felt_unknown' and not is_factual_good then 1 end) as n_unheard
            from (select f.* {_IN_VIEW}) join marts.dim_service_dimensions as d using (service_dimension)
            group by service_dimension, d.sort_order
            order by n desc, n_unheard desc, d.sort_order""",
        **_who(week_id, filters),
    )
    return {code: n for code, n, _ in rows}


@cached(max_entries=500)
def importance(snapshot: Snapshot, week_id: int) -> list[Importance]:
    """What counts for how much in a week: most important first, by answers, else by words."""
    weight = "max(case when basis = '{0}' then w.weight end) as {0}_weight"
    return select(
        Importance,
        snapshot,
        "marts.fct_dimension_weights_weekly",
        f"""from (
                select service_dimension, d.sort_order, {weight.format("default")}, {weight.format("stated")},
                       {weight.format("derived")},
                       max(case when basis = 'stated' then n_responses end) as n_stated,
                       max(case when basis = 'derived' then n_responses end) as n_derived
                from marts.fct_dimension_weights_weekly as w
                join marts.dim_service_dimensions as d using (service_dimension)
                where week_id = $week group by service_dimension, d.sort_order
            ) order by coalesce(derived_weight, stated_weight, default_weight) desc, sort_order""",
        week=week_id,
    )


def _who(week_id: int, filters: Filters) -> dict[str, int | str | None]:
    return {"week": week_id, "tier": filters.tier, "region": filters.region, "owner": filters.owner}

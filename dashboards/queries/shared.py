"""What every page asks: the snapshot, its sources, dimensions, weeks, and values to filter by."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dashboards.queries.attached import cached, fetch, select, shared_by_all
from dashboards.rows import Choices, Dimension, Published, Setting, Snapshot, SourceAge, Week


@cached(max_entries=100)
def published(snapshot: Snapshot) -> Published:
    """The snapshot's own description."""
    return select(Published, snapshot, "meta.snapshot", "from meta.snapshot")[0]


@cached(max_entries=100)
def settings(snapshot: Snapshot) -> list[Setting]:
    """The thresholds the numbers were made with, by name."""
    return select(Setting, snapshot, "meta.settings", "from meta.settings order by name")


@cached(max_entries=100)
def sources(snapshot: Snapshot) -> list[SourceAge]:
    """The age of every source that delivered anything."""
    return select(
        SourceAge,
        snapshot,
        "marts.fct_source_freshness",
        "from marts.fct_source_freshness order by contract, source",
    )


@cached(max_entries=100)
def dimensions(snapshot: Snapshot) -> list[Dimension]:
    """The service dimensions in display order."""
    return select(
        Dimension,
        snapshot,
        "marts.dim_service_dimensions",
        "from marts.dim_service_dimensions order by sort_order, service_dimension",
    )


@cached(max_entries=100)
def weeks(snapshot: Snapshot) -> list[Week]:
    """The weeks the worklist knows, newest first."""
    return select(
        Week,
        snapshot,
        "marts.dim_weeks, marts.rpt_portfolio_worklist",
        """from marts.dim_weeks where week_id in (select week_id from marts.rpt_portfolio_worklist)
           order by week_id desc""",
    )


@cached(max_entries=100)
def choices(snapshot: Snapshot) -> Choices:
    """Tiers, regions and owners that active clients have."""
    tables = "marts.dim_accounts"
    active = "from marts.dim_accounts where is_active and {0} is not null order by {0}"
    tiers = [row[0] for row in fetch(snapshot, tables, "select distinct tier " + active.format("tier"))]
    known = [tier for tier in ("S", "A", "B", "C") if tier in tiers]
    return Choices(
        tiers=known + [tier for tier in tiers if tier not in known],
        regions=[r[0] for r in fetch(snapshot, tables, "select distinct region " + active.format("region"))],
        owners=[
            r[0]
            for r in fetch(
                snapshot, tables, "select distinct account_manager " + active.format("account_manager")
            )
        ],
    )


@shared_by_all(max_entries=20)
def clients(snapshot: Snapshot) -> Mapping[str, str]:
    """Name of every active client by id, in the order of the names."""
    rows = fetch(
        snapshot,
        "marts.dim_accounts",
        """select account_id, coalesce(account_name, account_id) as name from marts.dim_accounts
           where is_active order by name, account_id""",
    )
    return MappingProxyType(dict(rows))

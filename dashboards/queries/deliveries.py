"""What the data quality page asks: sources, what rests on them, rows outside, and days at the gate."""

from __future__ import annotations

from dashboards.delivered import GateDay, Reach, Source, Stopped
from dashboards.queries.attached import cached, fetch, select
from dashboards.rows import Snapshot, Week


@cached(max_entries=100)
def sources(snapshot: Snapshot) -> list[Source]:
    """Every source: what is not let in first, then what is late, then by contract."""
    return select(
        Source,
        snapshot,
        "marts.rpt_source_quality",
        """from marts.rpt_source_quality
           order by case state when 'crashed' then 1 when 'held' then 2 when 'late' then 3 when 'empty' then 4
                               when 'never' then 5 else 6 end, contract, source""",
    )


@cached(max_entries=100)
def reach(snapshot: Snapshot) -> list[Reach]:
    """What rests on each source; the dimensions in display order, then any of them."""
    return select(
        Reach,
        snapshot,
        "marts.rpt_source_reach",
        """from marts.rpt_source_reach left join marts.dim_service_dimensions as d using (service_dimension)
           order by source, side, d.sort_order nulls last""",
    )


@cached(max_entries=100)
def stopped(snapshot: Snapshot) -> list[Stopped]:
    """Rows outside by rule: those a person has to look at first, most first."""
    return select(
        Stopped,
        snapshot,
        "marts.rpt_quarantine_rules",
        "from marts.rpt_quarantine_rules order by status, n_rows desc, source, rule, column_name",
    )


@cached(max_entries=100)
def gate_days(snapshot: Snapshot) -> dict[str, list[GateDay]]:
    """The last days of each source at the gate, oldest first."""
    found: dict[str, list[GateDay]] = {}
    for day in select(
        GateDay, snapshot, "marts.fct_gate_days", "from marts.fct_gate_days order by source, delivered_on"
    ):
        found.setdefault(day.source, []).append(day)
    return found


@cached(max_entries=100)
def newest_week(snapshot: Snapshot) -> Week | None:
    """The newest stored week."""
    rows = fetch(
        snapshot,
        "marts.dim_weeks",
        "select week_id, week_start_on, is_provisional from marts.dim_weeks order by week_id desc limit 1",
    )
    return Week(*rows[0]) if rows else None

"""What a run leaves behind, in a few numbers: read from the snapshot that it published."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gapwatch import snapshots
from gapwatch.status import alert_counts, reasons

if TYPE_CHECKING:
    import duckdb

    from gapwatch.workspace import Workspace

WIDEST = 5


@dataclass(frozen=True)
class Gap:
    """One client's widest gap in the newest week; scores and gaps in points (0-100), ``n`` contacts paired.

    ``gap_shrunk`` is what the list is ranked by: the gap drawn towards everybody's mean, the more
    the fewer voices.
    """

    account_id: str
    account_name: str
    service_dimension: str
    perception_score: float
    expectation_score: float
    satisfaction_gap: float
    gap_shrunk: float
    n: int


@dataclass(frozen=True)
class Summary:
    """Counts over all batches so far, and the newest week's widest gaps.

    ``reasons`` maps a rule to the rows that it keeps in quarantine or waiting; ``held`` are the messages of
    batches that are not let in, and of files that are not taken. ``alerts`` are counts of those in the
    ledger.
    """

    workspace: str
    sources: int
    batches: int
    rows_accepted: int
    rows_quarantined: int
    rows_waiting: int
    rows_held: int
    batches_held: int
    reasons: dict[str, int]
    held: list[str]
    clients: int
    weeks: int
    service_dimensions: list[str]
    widest_gaps: list[Gap]
    snapshot_id: str
    as_of: datetime | None
    alerts: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values (instants as ISO text)."""
        return {**asdict(self), "as_of": self.as_of.isoformat() if self.as_of else None}


def summarise(ws: Workspace, *, exit_code: int = 0, seconds: dict[str, float] | None = None) -> Summary:
    """Read the current snapshot; raises SnapshotMissingError before the first publish."""
    info = snapshots.find(ws.published_path)
    with snapshots.open_snapshot(ws.published_path, info.snapshot_id) as connection:
        totals = _row(connection, _TOTALS)
        return Summary(
            workspace=ws.name,
            sources=len(ws.sources),
            batches=totals["batches"],
            rows_accepted=totals["accepted"],
            rows_quarantined=totals["quarantined"],
            rows_waiting=totals["waiting"],
            rows_held=totals["held"],
            batches_held=totals["batches_held"],
            reasons=reasons(ws),
            held=[f"{source}: {message}" for source, message in connection.execute(_HELD).fetchall()],
            clients=_row(connection, "select count(*) as n from marts.dim_accounts")["n"],
            weeks=_row(connection, "select count(*) as n from marts.dim_weeks")["n"],
            service_dimensions=[
                name
                for (name,) in connection.execute(
                    "select service_dimension from marts.dim_service_dimensions order by sort_order"
                ).fetchall()
            ],
            widest_gaps=[Gap(*values) for values in connection.execute(_WIDEST, [WIDEST]).fetchall()],
            snapshot_id=info.snapshot_id,
            as_of=info.as_of,
            alerts=alert_counts(ws).as_dict(),
            exit_code=exit_code,
            seconds=seconds or {},
        )


_TOTALS = """
select
    count(*) as batches,
    coalesce(sum(accepted_rows), 0)::bigint as accepted,
    coalesce(sum(quarantined_rows), 0)::bigint as quarantined,
    coalesce(sum(waiting_rows), 0)::bigint as waiting,
    coalesce(sum(n_rows) filter (where outcome not in ('pass', 'quarantine')), 0)::bigint as held,
    count(*) filter (where outcome not in ('pass', 'quarantine')) as batches_held
from marts.fct_batches
"""
_HELD = """
select source, message from marts.fct_batches
where outcome not in ('pass', 'quarantine')
order by source, message
"""
_WIDEST = """
select
    listed.account_id, accounts.account_name, listed.service_dimension, listed.perception_score,
    listed.expectation_score, listed.satisfaction_gap, listed.gap_shrunk, listed.n_paired
from marts.rpt_portfolio_worklist as listed
left join marts.dim_accounts as accounts on listed.account_id = accounts.account_id
where listed.week_id = (select max(week_id) from marts.rpt_portfolio_worklist) and listed.rank is not null
order by listed.rank
limit ?
"""


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    values = cursor.fetchone()
    return dict(zip(names, values or [None] * len(names), strict=True))

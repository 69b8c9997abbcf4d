"""What the method page asks: one client whose overall gap can be shown step by step."""

from __future__ import annotations

from dashboards.delivered import Worked
from dashboards.queries.attached import cached, columns, fetch, select
from dashboards.rows import Snapshot


@cached(max_entries=100)
def example(snapshot: Snapshot) -> str | None:
    """The client who shows most: every dimension has a gap and a promise, several voices, widest gap."""
    rows = fetch(
        snapshot,
        "marts.rpt_gap_worked",
        """select account_id from marts.rpt_gap_worked group by account_id
           having count(satisfaction_gap) > 0
           order by count(*) - count(satisfaction_gap), count(*) - count(promise_gap),
                    min(n_paired) < 2, min(gap_shrunk), account_id limit 1""",
    )
    return str(rows[0][0]) if rows else None


@cached(max_entries=100)
def worked(snapshot: Snapshot, account_id: str) -> list[Worked]:
    """The steps of a client's overall gap, in display order; none where no gap is known."""
    return select(
        Worked,
        snapshot,
        "marts.rpt_gap_worked, marts.fct_felt_and_factual_weekly",
        """from marts.rpt_gap_worked as w
           join marts.dim_service_dimensions as d using (service_dimension)
           left join marts.fct_felt_and_factual_weekly as f using (account_id, service_dimension, week_id)
           where w.account_id = $account order by d.sort_order""",
        renamed={name: "f.situation" if name == "situation" else f"w.{name}" for name in columns(Worked)},
        account=account_id,
    )

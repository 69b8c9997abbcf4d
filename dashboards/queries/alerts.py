"""What the alerts page asks of the snapshot: the clients, how near to leaving, and each rule's record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dashboards.alerted import AlertClient, RuleRecord
from dashboards.queries.attached import cached, fetch, select, shared_by_all
from dashboards.rows import Snapshot


@shared_by_all(max_entries=20)
def clients(snapshot: Snapshot) -> Mapping[str, AlertClient]:
    """Every client that the viewer may see, those that left too, with its risk band of the newest week."""
    rows = select(
        AlertClient,
        snapshot,
        "marts.dim_accounts, marts.fct_churn_risk_weekly",
        """from marts.dim_accounts as a left join (
               select account_id, risk_band from marts.fct_churn_risk_weekly
               where week_id = (select max(week_id) from marts.fct_churn_risk_weekly)
           ) as r using (account_id)""",
    )
    return MappingProxyType({row.account_id: row for row in rows})


@cached(max_entries=100)
def rule_records(snapshot: Snapshot) -> list[RuleRecord]:
    """How often each rule was right when history was replayed, the most precise first."""
    return select(
        RuleRecord,
        snapshot,
        "marts.fct_rule_records",
        "from marts.fct_rule_records order by precision desc nulls last, kind",
    )


@cached(max_entries=100)
def replayed_weeks(snapshot: Snapshot) -> int | None:
    """How many weeks were replayed; None where nothing was."""
    ((n,),) = fetch(
        snapshot,
        "marts.fct_rule_records",
        "select max(to_week) - min(from_week) + 1 from marts.fct_rule_records",
    )
    return n

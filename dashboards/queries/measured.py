"""How far to believe a client's numbers and why they moved, and what tells clients apart."""

from __future__ import annotations

from dashboards.measured import Belief, Change, Overall, PortfolioChange
from dashboards.queries.attached import cached, columns, fetch, select
from dashboards.rows import Snapshot


@cached(max_entries=500)
def beliefs(snapshot: Snapshot, account_id: str, week_id: int) -> dict[str, Belief]:
    """The client on every service dimension in a week, felt and factual."""
    factual = ("promise_gap", "n_promises", "situation")
    rows = select(
        Belief,
        snapshot,
        "marts.fct_satisfaction_weekly, marts.fct_felt_and_factual_weekly",
        """from marts.fct_satisfaction_weekly as s
           join marts.dim_service_dimensions as d using (service_dimension)
           left join marts.fct_felt_and_factual_weekly as f using (account_id, service_dimension, week_id)
           where s.account_id = $account and s.week_id = $week order by d.sort_order""",
        renamed={name: f"{'f' if name in factual else 's'}.{name}" for name in columns(Belief)},
        account=account_id,
        week=week_id,
    )
    return {row.service_dimension: row for row in rows}


@cached(max_entries=500)
def overall(snapshot: Snapshot, account_id: str, week_id: int) -> Overall | None:
    """The client over all service dimensions, and why a weighting of them is not known."""
    reason = """(select max(null_reason) from marts.fct_dimension_weights_weekly
                 where week_id = $week and basis = '{}')"""
    rows = select(
        Overall,
        snapshot,
        "marts.fct_satisfaction_weekly, marts.fct_dimension_weights_weekly",
        """from marts.fct_satisfaction_weekly
           where account_id = $account and week_id = $week and service_dimension = 'overall'""",
        renamed={f"{basis}_null_reason": reason.format(basis) for basis in ("stated", "derived")},
        account=account_id,
        week=week_id,
    )
    return rows[0] if rows else None


@cached(max_entries=500)
def changes(snapshot: Snapshot, account_id: str, week_id: int) -> list[Change]:
    """Why the client's gap moved: every service dimension and ``overall``, nearest comparison first."""
    return select(
        Change,
        snapshot,
        "marts.fct_satisfaction_change",
        """from marts.fct_satisfaction_change
           where account_id = $account and week_id = $week order by weeks_before, service_dimension""",
        account=account_id,
        week=week_id,
    )


@cached(max_entries=500)
def portfolio_changes(snapshot: Snapshot, week_id: int, cut: str, value: str) -> list[PortfolioChange]:
    """Why the mean gap of a cut moved, nearest comparison first."""
    return select(
        PortfolioChange,
        snapshot,
        "marts.fct_portfolio_change",
        """from marts.fct_portfolio_change
           where week_id = $week and cut = $cut and cut_value = $value
           order by weeks_before, service_dimension""",
        week=week_id,
        cut=cut,
        value=value,
    )


@cached(max_entries=500)
def alike(snapshot: Snapshot, week_id: int) -> list[str]:
    """Service dimensions on whose gap the answers cannot tell clients apart, in display order."""
    rows = fetch(
        snapshot,
        "marts.fct_priors_weekly",
        """select service_dimension from marts.fct_priors_weekly
           join marts.dim_service_dimensions using (service_dimension)
           where week_id = $week and measure = 'gap' and are_accounts_alike order by sort_order""",
        week=week_id,
    )
    return [str(row[0]) for row in rows]

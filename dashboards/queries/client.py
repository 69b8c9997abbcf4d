"""What the client page asks: one client's standings, history, promises, answers and contacts."""

from __future__ import annotations

from dashboards.queries.attached import SHADES, by_dimension, cached, select
from dashboards.rows import Client, Contact, FeltFactual, GapPoint, Promise, Rating, Snapshot, Standing


@cached(max_entries=500)
def client(snapshot: Snapshot, account_id: str) -> Client | None:
    """Who the client is, or None."""
    rows = select(
        Client,
        snapshot,
        "marts.dim_accounts",
        "from marts.dim_accounts where account_id = $account",
        account=account_id,
    )
    return rows[0] if rows else None


@cached(max_entries=500)
def standings(snapshot: Snapshot, account_id: str, week_id: int) -> list[Standing]:
    """The client on every service dimension in a week, widest gap first."""
    return select(
        Standing,
        snapshot,
        "marts.rpt_portfolio_worklist",
        """from marts.rpt_portfolio_worklist join marts.dim_service_dimensions using (service_dimension)
           where account_id = $account and week_id = $week
           order by satisfaction_gap is null, widest_rank, sort_order""",
        account=account_id,
        week=week_id,
    )


@cached(max_entries=500)
def client_history(snapshot: Snapshot, account_id: str, week_id: int) -> dict[str, list[GapPoint]]:
    """P, E, minimum and gap of a client by service dimension, oldest week first.

    Perception is the paired one, so that the distance between the lines is the gap; a dimension
    that never had a pair shows perception alone.
    """
    points = select(
        GapPoint,
        snapshot,
        "marts.fct_satisfaction_weekly",
        f"""from (
                select service_dimension, week_id, week_start_on, p as perception_score, expectation_score,
                       minimum_score, satisfaction_gap, n,
                       case when p is not null then perception_low_score end as perception_low_score,
                       case when p is not null then perception_high_score end as perception_high_score,
                       {SHADES.format(p="p")}
                from (select *,
                             case when is_paired then paired_perception_score else perception_score end as p,
                             case when is_paired then n_paired else n_contacts end as n
                      from (select *, bool_or(n_paired > 0) over (partition by service_dimension) as is_paired
                            from marts.fct_satisfaction_weekly
                            where account_id = $account and week_id <= $week
                              and service_dimension <> 'overall'))
            ) order by week_id""",
        account=account_id,
        week=week_id,
    )
    return by_dimension(points)


@cached(max_entries=500)
def felt_factual(snapshot: Snapshot, account_id: str, dim: str, week_id: int) -> list[FeltFactual]:
    """The felt gap beside the factual one, oldest week first."""
    return select(
        FeltFactual,
        snapshot,
        "marts.fct_satisfaction_weekly, marts.fct_promise_gap_weekly",
        """from marts.fct_satisfaction_weekly as f
           left join marts.fct_promise_gap_weekly as p using (account_id, service_dimension, week_id)
           where f.account_id = $account and f.service_dimension = $dim and f.week_id <= $week
           order by f.week_id""",
        renamed={"week_start_on": "f.week_start_on"},
        account=account_id,
        dim=dim,
        week=week_id,
    )


@cached(max_entries=500)
def promises(snapshot: Snapshot, account_id: str, limit: int) -> list[Promise]:
    """The client's promises: overdue ones first, longest first, then the newest."""
    return select(
        Promise,
        snapshot,
        "marts.fct_promises, marts.dim_signals",
        """from marts.fct_promises as p left join marts.dim_signals as s using (signal)
           where p.is_newest and p.is_scored and p.account_id = $account
           order by case when p.kind not in ('count', 'verdict') then p.overdue_days end desc nulls last,
                    p.falls_due_at desc nulls last, p.promise_id limit $limit""",
        renamed={name: f"p.{name}" for name in ("service_dimension", "kind", "allowed_count")},
        account=account_id,
        limit=limit,
    )


@cached(max_entries=500)
def ratings(snapshot: Snapshot, account_id: str, limit: int) -> list[Rating]:
    """The client's newest answers, by response and service dimension."""
    return select(
        Rating,
        snapshot,
        "marts.fct_ratings, marts.dim_contacts, marts.dim_service_dimensions",
        """from marts.fct_ratings as r left join marts.dim_contacts as c
             on c.contact_id = r.contact_id and c.account_id = r.account_id
           where r.account_id = $account
           order by r.submitted_at desc, r.response_id,
                    (select sort_order from marts.dim_service_dimensions as d
                     where d.service_dimension = r.service_dimension) limit $limit""",
        renamed={"perception_score": "coalesce(r.paired_perception_score, r.perception_score)"},
        account=account_id,
        limit=limit,
    )


@cached(max_entries=500)
def contacts(snapshot: Snapshot, account_id: str) -> list[Contact]:
    """The client's contacts: whom to ask next first, then those heard, then the longest silent."""
    return select(
        Contact,
        snapshot,
        "marts.rpt_client_contacts, marts.rpt_survey_plan",
        """from marts.rpt_client_contacts as c
           left join marts.rpt_survey_plan as p using (account_id, contact_id)
           where account_id = $account
           order by p.priority nulls last, is_heard desc, c.last_answered_on desc nulls last, contact_id""",
        renamed={
            name: f"c.{name}"
            for name in ("job_title", "relationship", "is_decision_maker", "last_answered_on", "is_heard")
        },
        account=account_id,
    )

"""What the page of lost clients asks: whom we lost, what turned first, and what happened before."""

from __future__ import annotations

from datetime import date

from dashboards.at_risk import Culprit, Loss, LossEvent
from dashboards.queries.attached import cached, columns, fetch, select
from dashboards.rows import Filters, Snapshot

_CHOSEN = """
    with chosen as (
        select l.*, coalesce(l.culprit_dimension, l.cause_kind) as cause, a.account_name, a.account_manager
        from marts.fct_losses as l left join marts.dim_accounts as a on a.account_id = l.account_id
        where l.lost_on > $since and l.lost_on <= $until
          and ($dim is null or coalesce(l.culprit_dimension, l.cause_kind) = $dim)
          and ($tier is null or l.tier = $tier)
          and ($region is null or l.region = $region)
          and ($owner is null or a.account_manager = $owner)
    )
"""


@cached(max_entries=200)
def losses(snapshot: Snapshot, since: date, until: date, dim: str | None, filters: Filters) -> list[Loss]:
    """The clients lost in these days, the newest loss first."""
    return select(
        Loss,
        snapshot,
        "marts.fct_losses",
        "from chosen order by lost_on desc, account_id",
        before=_CHOSEN,
        **_where(since, until, dim, filters),
    )


@cached(max_entries=200)
def causes(snapshot: Snapshot, since: date, until: date, filters: Filters) -> list[Culprit]:
    """What turned first in how many of the losses; ``outside`` and ``unknown`` where nothing of ours did."""
    return select(
        Culprit,
        snapshot,
        "marts.fct_losses",
        """from (select cause as service_dimension, count(*) as n_clients from chosen group by cause)
           left join marts.dim_service_dimensions as d using (service_dimension)
           order by service_dimension in ('outside', 'unknown'), n_clients desc, d.sort_order nulls last""",
        before=_CHOSEN,
        **_where(since, until, None, filters),
    )


@cached(max_entries=200)
def middle_weeks(
    snapshot: Snapshot, since: date, until: date, dim: str | None, filters: Filters
) -> int | None:
    """Weeks before notice that half of these losses turned at or before: one of theirs, not a mean."""
    rows = fetch(
        snapshot,
        "marts.fct_losses",
        f"{_CHOSEN} select quantile_disc(weeks_before_notice, 0.5) from chosen",
        **_where(since, until, dim, filters),
    )
    return int(rows[0][0]) if rows and rows[0][0] is not None else None


@cached(max_entries=100)
def last_loss(snapshot: Snapshot) -> date | None:
    """The day of the newest loss of all."""
    found: date | None = fetch(snapshot, "marts.fct_losses", "select max(lost_on) from marts.fct_losses")[0][
        0
    ]
    return found


@cached(max_entries=200)
def loss_of(snapshot: Snapshot, account_id: str) -> Loss | None:
    """One client's loss, or None."""
    rows = select(
        Loss,
        snapshot,
        "marts.fct_losses, marts.dim_accounts",
        """from marts.fct_losses as l left join marts.dim_accounts as a on a.account_id = l.account_id
           where l.account_id = $account""",
        renamed={name: f"{'a' if name == 'account_name' else 'l'}.{name}" for name in columns(Loss)},
        account=account_id,
    )
    return rows[0] if rows else None


@cached(max_entries=200)
def timelines(snapshot: Snapshot, accounts: tuple[str, ...]) -> dict[str, list[LossEvent]]:
    """What happened before each of these losses, oldest first."""
    rows = select(
        LossEvent,
        snapshot,
        "marts.fct_loss_timeline",
        """from marts.fct_loss_timeline where account_id in (select unnest($accounts))
           order by occurred_on, event, service_dimension, driver""",
        accounts=list(accounts),
    )
    found: dict[str, list[LossEvent]] = {account: [] for account in accounts}
    for row in rows:
        found[row.account_id].append(row)
    return found


def _where(since: date, until: date, dim: str | None, filters: Filters) -> dict[str, object]:
    return {
        "since": since,
        "until": until,
        "dim": dim,
        "tier": filters.tier,
        "region": filters.region,
        "owner": filters.owner,
    }

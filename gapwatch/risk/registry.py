"""Models, replays and records of rules in the ledger: written once, never changed, newest counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, func, insert, select

from gapwatch.ledger import Ledger, now
from gapwatch.ledger_tables import (
    alerts,
    backtests,
    calibrations,
    churn_coefficients,
    churn_models,
    replays,
    rule_records,
)
from gapwatch.weeks import day_of, in_data_time

if TYPE_CHECKING:
    from gapwatch.risk.backtest import Backtest
    from gapwatch.risk.train import Training
    from gapwatch.workspace import Workspace

Rows = Sequence[Sequence[Any]]

#: Of a feature that is a plain value.
_NO_LINES = (None, None)
#: Outcomes that say the alert was right.
CONFIRMED = ("confirmed", "saved", "lost")


def record_model(ws: Workspace, training: Training) -> bool:
    """Write a model and its coefficients; False where this very model is written already."""
    assert training.model is not None
    known = select(churn_models.c.model_id).where(churn_models.c.model_id == training.model_id)
    with Ledger.of(ws) as ledger, ledger.writing() as connection:
        if connection.execute(known).first() is not None:
            return False
        connection.execute(
            insert(churn_models).values(
                model_id=training.model_id,
                trained_at=now(),
                snapshot_id=training.snapshot_id,
                trained_through_week=training.trained_through_week,
                horizon_days=training.terms.horizon_days,
                intercept=training.model.intercept,
                is_published=training.is_published,
                reason=training.reason,
                n_train=training.n_train,
                n_events=training.n_events,
                n_test_losses=training.n_test_losses,
            )
        )
        connection.execute(
            insert(churn_coefficients),
            [
                {
                    "model_id": training.model_id,
                    "feature": c.feature,
                    "mean": c.mean,
                    "scale": c.scale,
                    "fill_value": c.fill_value,
                    "coefficient": c.coefficient,
                    "is_dropped": c.drop_reason is not None,
                    "drop_reason": c.drop_reason,
                    "line": training.lines.get(c.feature, _NO_LINES)[0],
                    "full_value": training.lines.get(c.feature, _NO_LINES)[1],
                }
                for c in training.model.coefficients
            ],
        )
    return True


def record_replay(ws: Workspace, found: Backtest) -> None:
    """Write a whole replay; from the next build on it is the one that the marts show."""
    with Ledger.of(ws) as ledger, ledger.writing() as connection:
        newest = connection.execute(select(func.max(replays.c.replay_id))).scalar()
        replay_id = (newest or 0) + 1
        about = {"replay_id": replay_id}
        connection.execute(
            insert(replays).values(
                **about, computed_at=now(), snapshot_id=found.snapshot_id, computed_as_of=found.as_of
            )
        )
        for table, rows in (
            (backtests, found.metric_rows()),
            (calibrations, found.calibration_rows()),
            (rule_records, found.rule_rows()),
        ):
            if rows:
                connection.execute(insert(table), [{**about, **row} for row in rows])


def newest_verdict(ws: Workspace) -> str | None:
    """Why the newest fitted model was published, or was not; None before the first one."""
    if not Ledger.is_made(ws):
        return None
    c = churn_models.c
    newest = select(c.reason).order_by(c.trained_at.desc(), c.model_id).limit(1)
    with Ledger.of(ws) as ledger, ledger.reading() as connection:
        return connection.execute(newest).scalar()


def confirmed_cases(ws: Workspace) -> dict[tuple[str, str], list[int]]:
    """(kind, account) -> days of the data, from Monday 1970-01-05, on which a case was closed as confirmed
    or saved.
    """
    found: dict[tuple[str, str], list[int]] = {}
    if Ledger.is_made(ws):
        c = alerts.c
        query = select(c.kind, c.account_id, c.resolved_at, c.raised_at, c.as_of).where(
            c.outcome.in_(CONFIRMED), c.account_id.is_not(None), c.resolved_at.is_not(None)
        )
        with Ledger.of(ws) as ledger, ledger.reading() as connection:
            for row in connection.execute(query).mappings():
                closed = in_data_time(row["resolved_at"], row["raised_at"], row["as_of"])
                found.setdefault((row["kind"], row["account_id"]), []).append(day_of(closed))
    return found


def models(connection: Connection) -> Rows:
    """Rows of ``raw._churn_models``."""
    c = churn_models.c
    columns = (c.model_id, c.trained_at, c.trained_through_week, c.horizon_days, c.intercept, c.is_published)
    query = select(*columns, c.reason, c.n_train, c.n_events, c.n_test_losses).order_by(c.model_id)
    return [tuple(row) for row in connection.execute(query)]


def coefficients(connection: Connection) -> Rows:
    """Rows of ``raw._churn_coefficients``."""
    return _without_id(connection, churn_coefficients, select(*churn_coefficients.c))


def metric_rows(connection: Connection) -> Rows:
    """Rows of ``raw._backtests``: the newest replay."""
    return _newest(connection, backtests)


def calibration_rows(connection: Connection) -> Rows:
    """Rows of ``raw._calibrations``: the newest replay."""
    return _newest(connection, calibrations)


def rule_rows(connection: Connection) -> Rows:
    """Rows of ``raw._rule_records``: the newest replay."""
    return _newest(connection, rule_records)


def _newest(connection: Connection, table: Table) -> Rows:
    newest = connection.execute(select(func.max(replays.c.replay_id))).scalar()
    columns = [column for column in table.c if column.name != "replay_id"]
    query = (
        select(*columns, replays.c.computed_as_of)
        .join(replays, replays.c.replay_id == table.c.replay_id)
        .where(table.c.replay_id == newest)
        .order_by(*table.primary_key)
    )
    return [tuple(row) for row in connection.execute(query)]


def _without_id(connection: Connection, table: Table, query: Any) -> Rows:
    return [tuple(row) for row in connection.execute(query.order_by(*table.primary_key))]

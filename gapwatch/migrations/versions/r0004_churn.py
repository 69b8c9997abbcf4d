"""Fitted churn models, replays of history, and the records of the alert rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "churn_models",
        sa.Column("model_id", sa.String, primary_key=True),
        sa.Column("trained_at", sa.DateTime, nullable=False),
        sa.Column("snapshot_id", sa.String, nullable=False),
        sa.Column("trained_through_week", sa.Integer, nullable=False),
        sa.Column("horizon_days", sa.Integer, nullable=False),
        sa.Column("intercept", sa.Double, nullable=False),
        sa.Column("is_published", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("n_train", sa.Integer, nullable=False),
        sa.Column("n_events", sa.Integer, nullable=False),
        sa.Column("n_test_losses", sa.Integer, nullable=False),
    )
    op.create_table(
        "churn_coefficients",
        sa.Column("model_id", sa.String, primary_key=True),
        sa.Column("feature", sa.String, primary_key=True),
        sa.Column("mean", sa.Double, nullable=False),
        sa.Column("scale", sa.Double, nullable=False),
        sa.Column("fill_value", sa.Double, nullable=False),
        sa.Column("coefficient", sa.Double, nullable=False),
        sa.Column("is_dropped", sa.Boolean, nullable=False),
        sa.Column("drop_reason", sa.String),
    )
    op.create_table(
        "replays",
        sa.Column("replay_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("computed_at", sa.DateTime, nullable=False),
        sa.Column("snapshot_id", sa.String, nullable=False),
        sa.Column("computed_as_of", sa.DateTime, nullable=False),
    )
    op.create_table(
        "backtests",
        sa.Column("replay_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("model", sa.String, primary_key=True),
        sa.Column("metric", sa.String, primary_key=True),
        sa.Column("cut", sa.String, primary_key=True),
        sa.Column("value", sa.Double),
        sa.Column("low", sa.Double),
        sa.Column("high", sa.Double),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("null_reason", sa.String),
        sa.Column("from_week", sa.Integer, nullable=False),
        sa.Column("to_week", sa.Integer, nullable=False),
    )
    op.create_table(
        "calibrations",
        sa.Column("replay_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("model", sa.String, primary_key=True),
        sa.Column("bin", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("n_events", sa.Integer, nullable=False),
        sa.Column("mean_probability", sa.Double, nullable=False),
        sa.Column("event_share", sa.Double, nullable=False),
        sa.Column("low", sa.Double, nullable=False),
        sa.Column("high", sa.Double, nullable=False),
    )
    op.create_table(
        "rule_records",
        sa.Column("replay_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("rule_version", sa.String, nullable=False),
        sa.Column("n_raised", sa.Integer, nullable=False),
        sa.Column("n_judged", sa.Integer, nullable=False),
        sa.Column("n_hits", sa.Integer, nullable=False),
        sa.Column("precision", sa.Double),
        sa.Column("precision_low", sa.Double),
        sa.Column("precision_high", sa.Double),
        sa.Column("base_rate", sa.Double),
        sa.Column("median_lead_days", sa.Double),
        sa.Column("false_per_owner_month", sa.Double),
        sa.Column("from_week", sa.Integer, nullable=False),
        sa.Column("to_week", sa.Integer, nullable=False),
        sa.Column("null_reason", sa.String),
    )

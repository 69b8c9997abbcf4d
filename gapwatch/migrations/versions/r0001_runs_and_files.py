"""Runs, steps and files: the ledger before it had migrations. Ledgers of that time are stamped, not made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("command", sa.String, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("finished_at", sa.DateTime),
        sa.Column("exit_code", sa.Integer),
        sa.Column("message", sa.Text),
    )
    op.create_table(
        "steps",
        sa.Column("step_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("step", sa.String, nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("finished_at", sa.DateTime, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("report", sa.Text),
    )
    op.create_index("ix_steps_run_id", "steps", ["run_id"])
    op.create_table(
        "file_versions",
        sa.Column("file_version_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("file", sa.String, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("ctime_ns", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("dialect_fingerprint", sa.String, nullable=False),
        sa.Column("batch_id", sa.String),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("rule", sa.String),
        sa.Column("message", sa.Text),
        sa.Column("records", sa.BigInteger),
        sa.Column("seen_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("source", "file", "sha256", "dialect_fingerprint"),
    )

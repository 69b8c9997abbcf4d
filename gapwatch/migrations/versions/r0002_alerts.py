"""Alerts, their audit, overrides by hand, and the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and have the database itself refuse to change the audit."""
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String, primary_key=True),
        sa.Column("alert_key", sa.String, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject_kind", sa.String, nullable=False),
        sa.Column("subject_id", sa.String, nullable=False),
        sa.Column("account_id", sa.String),
        sa.Column("service_dimension", sa.String, nullable=False),
        sa.Column("contact_id", sa.String, nullable=False),
        sa.Column("driver", sa.String),
        sa.Column("raised_week_id", sa.Integer, nullable=False),
        sa.Column("raised_at", sa.DateTime, nullable=False),
        sa.Column("as_of", sa.DateTime, nullable=False),
        sa.Column("snapshot_id", sa.String),
        sa.Column("owner_role", sa.String),
        sa.Column("owner", sa.String),
        sa.Column("is_fallback_owner", sa.Boolean, nullable=False),
        sa.Column("tier", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("suppression_reason", sa.String),
        sa.Column("value", sa.Double),
        sa.Column("badness", sa.Double),
        sa.Column("opening_line", sa.Double),
        sa.Column("risk_score", sa.Double),
        sa.Column("since_on", sa.Date),
        sa.Column("n", sa.Integer),
        sa.Column("evidence_kind", sa.String),
        sa.Column("evidence_keys", sa.Text),
        sa.Column("due_on", sa.Date),
        sa.Column("last_seen_week_id", sa.Integer, nullable=False),
        sa.Column("ended_week_id", sa.Integer),
        sa.Column("rearm_of", sa.String),
        sa.Column("snoozed_until", sa.DateTime),
        sa.Column("snooze_reason", sa.Text),
        sa.Column("acknowledged_at", sa.DateTime),
        sa.Column("acknowledged_by", sa.String),
        sa.Column("resolved_at", sa.DateTime),
        sa.Column("resolved_by", sa.String),
        sa.Column("cause", sa.Text),
        sa.Column("outcome", sa.String),
        sa.Column("note", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
    )
    for column in ("account_id", "owner", "state"):
        op.create_index(f"ix_alerts_{column}", "alerts", [column])
    op.create_table(
        "audit",
        sa.Column("event_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("subject_kind", sa.String, nullable=False),
        sa.Column("subject_id", sa.String, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    op.create_index("ix_audit_subject_id", "audit", ["subject_id"])
    _refuse_changes("audit")
    op.create_table(
        "overrides",
        sa.Column("override_id", sa.String, primary_key=True),
        sa.Column("account_id", sa.String, nullable=False),
        sa.Column("service_dimension", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("value", sa.String),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("expires_on", sa.Date, nullable=False),
        sa.Column("revoked_at", sa.DateTime),
        sa.Column("revoked_by", sa.String),
    )
    op.create_index("ix_overrides_account_id", "overrides", ["account_id"])
    op.create_table(
        "outbox",
        sa.Column("delivery_id", sa.String, primary_key=True),
        sa.Column("alert_id", sa.String),
        sa.Column("digest_on", sa.Date),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("idempotency_key", sa.String, nullable=False, unique=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.DateTime),
        sa.Column("leased_until", sa.DateTime),
        sa.Column("leased_by", sa.String),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("sent_at", sa.DateTime),
        sa.Column("payload", sa.Text, nullable=False),
    )
    for column in ("alert_id", "state"):
        op.create_index(f"ix_outbox_{column}", "outbox", [column])
    op.create_table(
        "delivery_attempts",
        sa.Column("attempt_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("delivery_id", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("is_ok", sa.Boolean, nullable=False),
        sa.Column("status", sa.String),
        sa.Column("error", sa.Text),
        sa.Column("seconds", sa.Double),
    )
    op.create_index("ix_delivery_attempts_delivery_id", "delivery_attempts", ["delivery_id"])


def _refuse_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("update", "delete"):
            op.execute(
                f"create trigger {table}_no_{change} before {change} on {table} "
                f"begin select raise(abort, 'the audit is append-only'); end"
            )
        return
    op.execute(
        f"create function {table}_is_append_only() returns trigger language plpgsql as "
        "$$ begin raise exception 'the audit is append-only'; end $$"
    )
    op.execute(
        f"create trigger {table}_no_change before update or delete or truncate on {table} "
        f"for each statement execute function {table}_is_append_only()"
    )

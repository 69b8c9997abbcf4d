"""The tables of the ledger, the same on SQLite and PostgreSQL. Instants are naive UTC, lists are JSON text.

What is declared here is made by the migrations in ``gapwatch/migrations``; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

#: The newest migration: what a ledger's ``alembic_version`` has to say.
REVISION = "0005"

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("command", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("host", String, nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("finished_at", DateTime),
    Column("exit_code", Integer),
    Column("message", Text),
)

steps = Table(
    "steps",
    metadata,
    Column("step_id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String, nullable=False, index=True),
    Column("step", String, nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("finished_at", DateTime, nullable=False),
    Column("outcome", String, nullable=False),
    Column("message", Text),
    Column("report", Text),
)

file_versions = Table(
    "file_versions",
    metadata,
    Column("file_version_id", Integer, primary_key=True, autoincrement=True),
    Column("source", String, nullable=False),
    Column("file", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False),
    # Empty where a file was held before it was read to its end.
    Column("sha256", String, nullable=False),
    Column("dialect_fingerprint", String, nullable=False),
    Column("batch_id", String),
    Column("outcome", String, nullable=False),
    Column("rule", String),
    Column("message", Text),
    Column("records", BigInteger),
    Column("seen_at", DateTime, nullable=False),
    UniqueConstraint("source", "file", "sha256", "dialect_fingerprint"),
)

#: One row per alert: what was true when it was raised (never changed), then what became of it.
alerts = Table(
    "alerts",
    metadata,
    # Made from the key, so that a replay gives the same ids.
    Column("alert_id", String, primary_key=True),
    Column("alert_key", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("subject_kind", String, nullable=False),
    Column("subject_id", String, nullable=False),
    Column("account_id", String, index=True),
    Column("service_dimension", String, nullable=False),
    Column("contact_id", String, nullable=False),
    Column("driver", String),
    Column("raised_week_id", Integer, nullable=False),
    Column("raised_at", DateTime, nullable=False),
    Column("as_of", DateTime, nullable=False),
    Column("snapshot_id", String),
    Column("owner_role", String),
    Column("owner", String, index=True),
    Column("is_fallback_owner", Boolean, nullable=False),
    Column("tier", String),
    Column("state", String, nullable=False, index=True),
    Column("suppression_reason", String),
    Column("value", Double),
    Column("badness", Double),
    Column("opening_line", Double),
    Column("risk_score", Double),
    Column("since_on", Date),
    Column("n", Integer),
    Column("evidence_kind", String),
    Column("evidence_keys", Text),
    Column("due_on", Date),
    Column("last_seen_week_id", Integer, nullable=False),
    # The first week in which the condition no longer held.
    Column("ended_week_id", Integer),
    Column("rearm_of", String),
    Column("snoozed_until", DateTime),
    Column("snooze_reason", Text),
    Column("acknowledged_at", DateTime),
    Column("acknowledged_by", String),
    Column("resolved_at", DateTime),
    Column("resolved_by", String),
    Column("cause", Text),
    Column("outcome", String),
    Column("note", Text),
    # Counts what people did to it: who does the next thing names the version that was seen.
    Column("version", Integer, nullable=False),
)

#: One row per thing that was done, by whom; the database refuses to change or delete one.
audit = Table(
    "audit",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject_kind", String, nullable=False),
    Column("subject_id", String, nullable=False, index=True),
    Column("details", Text, nullable=False),
    Column("previous_hash", String, nullable=False),
    Column("hash", String, nullable=False),
)

#: One row per judgement by hand, which always has a reason and an end.
overrides = Table(
    "overrides",
    metadata,
    Column("override_id", String, primary_key=True),
    Column("account_id", String, nullable=False, index=True),
    Column("service_dimension", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("value", String),
    Column("reason", Text, nullable=False),
    Column("made_by", String, nullable=False),
    Column("made_at", DateTime, nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("revoked_at", DateTime),
    Column("revoked_by", String),
)

#: One row per message to be sent: an alert (or a day's digest) to one person through one channel.
outbox = Table(
    "outbox",
    metadata,
    Column("delivery_id", String, primary_key=True),
    Column("alert_id", String, index=True),
    Column("digest_on", Date),
    Column("recipient", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("idempotency_key", String, nullable=False, unique=True),
    Column("state", String, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", DateTime),
    Column("leased_until", DateTime),
    Column("leased_by", String),
    Column("last_error", Text),
    Column("created_at", DateTime, nullable=False),
    Column("sent_at", DateTime),
    Column("payload", Text, nullable=False),
)

#: One row per try to send a message to one of its channel's receivers; ``target`` tells nothing secret.
delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("attempt_id", Integer, primary_key=True, autoincrement=True),
    Column("delivery_id", String, nullable=False, index=True),
    Column("at", DateTime, nullable=False),
    Column("is_ok", Boolean, nullable=False),
    Column("status", String),
    Column("error", Text),
    Column("seconds", Double),
    Column("target", String),
)

#: One row per fitted model, published or refused with the reason; a build scores with the published ones.
churn_models = Table(
    "churn_models",
    metadata,
    Column("model_id", String, primary_key=True),
    Column("trained_at", DateTime, nullable=False),
    Column("snapshot_id", String, nullable=False),
    # The newest week that was known when it was made: only later ones are scored with it.
    Column("trained_through_week", Integer, nullable=False),
    Column("horizon_days", Integer, nullable=False),
    Column("intercept", Double, nullable=False),
    Column("is_published", Boolean, nullable=False),
    Column("reason", String, nullable=False),
    Column("n_train", Integer, nullable=False),
    Column("n_events", Integer, nullable=False),
    Column("n_test_losses", Integer, nullable=False),
)

#: One row per model and feature: log-odds = intercept + sum(coefficient * (share - mean) / scale), where the
#: share is how far a value is from the line (0) to the full value (1); without these it is the value itself.
churn_coefficients = Table(
    "churn_coefficients",
    metadata,
    Column("model_id", String, primary_key=True),
    Column("feature", String, primary_key=True),
    Column("mean", Double, nullable=False),
    Column("scale", Double, nullable=False),
    Column("fill_value", Double, nullable=False),
    Column("coefficient", Double, nullable=False),
    Column("is_dropped", Boolean, nullable=False),
    Column("drop_reason", String),
    Column("line", Double),
    Column("full_value", Double),
)

#: One row per replay of history; of its results the newest replay's are shown.
replays = Table(
    "replays",
    metadata,
    Column("replay_id", Integer, primary_key=True, autoincrement=False),
    Column("computed_at", DateTime, nullable=False),
    Column("snapshot_id", String, nullable=False),
    Column("computed_as_of", DateTime, nullable=False),
)

backtests = Table(
    "backtests",
    metadata,
    Column("replay_id", Integer, primary_key=True, autoincrement=False),
    Column("model", String, primary_key=True),
    Column("metric", String, primary_key=True),
    Column("cut", String, primary_key=True),
    Column("value", Double),
    Column("low", Double),
    Column("high", Double),
    Column("n", Integer, nullable=False),
    Column("null_reason", String),
    Column("from_week", Integer, nullable=False),
    Column("to_week", Integer, nullable=False),
)

calibrations = Table(
    "calibrations",
    metadata,
    Column("replay_id", Integer, primary_key=True, autoincrement=False),
    Column("model", String, primary_key=True),
    Column("bin", Integer, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
    Column("n_events", Integer, nullable=False),
    Column("mean_probability", Double, nullable=False),
    Column("event_share", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
)

rule_records = Table(
    "rule_records",
    metadata,
    Column("replay_id", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Column("rule_version", String, nullable=False),
    Column("n_raised", Integer, nullable=False),
    Column("n_judged", Integer, nullable=False),
    Column("n_hits", Integer, nullable=False),
    Column("precision", Double),
    Column("precision_low", Double),
    Column("precision_high", Double),
    Column("base_rate", Double),
    Column("median_lead_days", Double),
    Column("false_per_owner_month", Double),
    Column("from_week", Integer, nullable=False),
    Column("to_week", Integer, nullable=False),
    Column("null_reason", String),
)

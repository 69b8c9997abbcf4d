"""Alembic's entry: runs the migrations inside the transaction that :mod:`gapwatch.ledger_database` began."""

from __future__ import annotations

from alembic import context

from gapwatch.ledger_tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()

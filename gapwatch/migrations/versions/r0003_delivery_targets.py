"""Which receiver an attempt was for: each of a channel's receivers confirms by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; attempts of before have none."""
    op.add_column("delivery_attempts", sa.Column("target", sa.String))

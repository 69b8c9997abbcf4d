"""The lines between which the features of a churn model were taken: seeds may move theirs later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; models from before were fitted on plain values and have none."""
    op.add_column("churn_coefficients", sa.Column("line", sa.Double))
    op.add_column("churn_coefficients", sa.Column("full_value", sa.Double))

"""Refusals are judged when an issue has been sent; those of issues sent before are left alone."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("issues", sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "issues", sa.Column("suppressed", sa.Integer(), nullable=False, server_default="0")
    )
    op.execute("UPDATE issues SET judged_at = finished_at")


def downgrade() -> None:
    op.drop_column("issues", "suppressed")
    op.drop_column("issues", "judged_at")

"""Relays that are away, as each worker finds them."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "relay_troubles",
        sa.Column("relay", sa.String(length=300), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("relay", "worker", name="pk_relay_troubles"),
    )


def downgrade() -> None:
    op.drop_table("relay_troubles")

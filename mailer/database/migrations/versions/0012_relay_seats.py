"""Connections to a relay, shared out among workers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "relay_seats",
        sa.Column("relay", sa.String(length=300), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("relay", "worker", name="pk_relay_seats"),
    )


def downgrade() -> None:
    op.drop_table("relay_seats")

"""Quotas hold in every window, not in those of the clock: what was given out is kept by slots."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

# As if all of it had been given out just now: rather an hour too late than twice the quota.
_KEEP = {
    "sqlite": "UPDATE sending_meters SET slots = '[' || used || ']', until = CURRENT_TIMESTAMP "
    "WHERE used > 0",
    "postgresql": "UPDATE sending_meters SET slots = json_build_array(used), "
    "until = CURRENT_TIMESTAMP WHERE used > 0",
}


def upgrade() -> None:
    op.add_column(
        "sending_meters", sa.Column("slots", sa.JSON(), nullable=False, server_default="[]")
    )
    op.execute(_KEEP[op.get_bind().dialect.name])
    op.drop_column("sending_meters", "used")


def downgrade() -> None:
    op.add_column(
        "sending_meters", sa.Column("used", sa.Integer(), nullable=False, server_default="0")
    )
    op.drop_column("sending_meters", "slots")

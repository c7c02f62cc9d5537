"""Since when a picture is shown nowhere, so that it can be removed in time."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("pictures", sa.Column("unused_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("pictures", "unused_since")

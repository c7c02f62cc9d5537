"""A version knows whose account wrote it: who approves an issue has to be somebody else."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0016"


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("issue_versions", sa.Column("by_id", number, nullable=True))


def downgrade() -> None:
    op.drop_column("issue_versions", "by_id")

"""Rules of retention that people set on a page or by command, with who set them."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0027"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "retention_changes",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("rule", sa.String(20), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.String(320), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_changes")),
    )


def downgrade() -> None:
    op.drop_table("retention_changes")

"""Retention: totals of deliveries that are no longer kept, and how far clicks were cut loose."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "delivery_totals",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("fate", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("count", _id, nullable=False),
        sa.Column("uncertain", _id, nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issues.id"],
            name=op.f("fk_delivery_totals_issue_id_issues"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issue_id", "fate", "reason", name=op.f("pk_delivery_totals")),
    )
    op.create_table(
        "retentions",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("up_to", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issues.id"],
            name=op.f("fk_retentions_issue_id_issues"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("pk_retentions")),
    )


def downgrade() -> None:
    op.drop_table("retentions")
    op.drop_table("delivery_totals")

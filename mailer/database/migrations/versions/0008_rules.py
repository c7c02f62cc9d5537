"""How issues start, when they stop by themselves, and what workers share out among them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("issues", sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_issues_state_scheduled_at", "issues")
    op.create_index("ix_issues_state_starts_at", "issues", ["state", "starts_at"])
    op.execute("UPDATE issues SET starts_at = scheduled_at WHERE state = 'scheduled'")
    op.create_index("ix_batches_issue_id", "batches", ["issue_id"])
    op.create_table(
        "tallies",
        sa.Column("id", _id, nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name="fk_tallies_issue_id_issues", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tallies"),
    )
    op.create_index("ix_tallies_issue_id_id", "tallies", ["issue_id", "id"])
    op.create_table(
        "warm_ups",
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name="pk_warm_ups"),
    )


def downgrade() -> None:
    op.drop_table("warm_ups")
    op.drop_table("tallies")
    op.drop_index("ix_batches_issue_id", "batches")
    op.drop_index("ix_issues_state_starts_at", "issues")
    op.drop_column("issues", "starts_at")
    op.create_index("ix_issues_state_scheduled_at", "issues", ["state", "scheduled_at"])

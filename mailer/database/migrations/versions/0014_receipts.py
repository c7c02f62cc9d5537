"""Who got an issue, 64 people a row: "received" in rules looks at no deliveries of ended issues."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "receipts",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("word", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issues.id"],
            name=op.f("fk_receipts_issue_id_issues"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issue_id", "word", name=op.f("pk_receipts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "gatherings",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issues.id"],
            name=op.f("fk_gatherings_issue_id_issues"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("pk_gatherings")),
    )


def downgrade() -> None:
    op.drop_table("gatherings")
    op.drop_table("receipts")

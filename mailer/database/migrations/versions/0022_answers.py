"""Who opened, clicked and acted, 64 people a row: rules look at few clicks and opens themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("deed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("word", _NUMBER, nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issues.id"],
            name=op.f("fk_answers_issue_id_issues"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("deed", "word", "issue_id", name=op.f("pk_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_answers_issue_id"), "answers", ["issue_id"])
    op.create_table(
        "answer_marks",
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("up_to", _NUMBER, nullable=False),
        sa.Column("settled", _NUMBER, nullable=False),
        sa.Column("seen", _NUMBER, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_answer_marks")),
    )


def downgrade() -> None:
    op.drop_table("answer_marks")
    op.drop_table("answers")

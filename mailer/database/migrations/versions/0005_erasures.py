"""Erasure: numbers are never given again, unsubscribes outlive the person, hashes are found."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", _id, nullable=False),
        sa.Column("nobody", _id, nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issues.id"],
            name=op.f("fk_erasures_issue_id_issues"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issue_id", "subscriber_id", name=op.f("pk_erasures")),
    )
    with op.batch_alter_table("unsubscribes") as batch_op:
        batch_op.drop_constraint("fk_unsubscribes_subscriber_id_subscribers", type_="foreignkey")
    if op.get_context().dialect.name == "sqlite":
        with op.batch_alter_table(
            "subscribers", recreate="always", table_kwargs={"sqlite_autoincrement": True}
        ):
            pass
    for name, mark in (("domains", "@"), ("erased", "#")):
        where = sa.text(f"target LIKE '{mark}%'")
        op.create_index(
            f"ix_suppressions_of_{name}",
            "suppressions",
            ["target"],
            sqlite_where=where,
            postgresql_where=where,
        )


def downgrade() -> None:
    for name in ("erased", "domains"):
        op.drop_index(f"ix_suppressions_of_{name}", "suppressions")
    if op.get_context().dialect.name == "sqlite":
        with op.batch_alter_table("subscribers", recreate="always"):
            pass
    op.execute("DELETE FROM unsubscribes WHERE subscriber_id NOT IN (SELECT id FROM subscribers)")
    with op.batch_alter_table("unsubscribes") as batch_op:
        batch_op.create_foreign_key(
            "fk_unsubscribes_subscriber_id_subscribers",
            "subscribers",
            ["subscriber_id"],
            ["id"],
            ondelete="CASCADE",
        )
    op.drop_table("erasures")

"""What became of the forms that came in is counted by day; no record of consent is replaced."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "form_counts",
        sa.Column("newsletter_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"],
            ["newsletters.id"],
            name=op.f("fk_form_counts_newsletter_id_newsletters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("newsletter_id", "day", "outcome", name=op.f("pk_form_counts")),
    )
    # SQLite deletes what INSERT OR REPLACE replaces without asking the triggers of 0007.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER consent_changes_once BEFORE INSERT ON consent_changes "
            "WHEN EXISTS (SELECT 1 FROM consent_changes WHERE id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'records of consent are never changed'); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER consent_changes_once")
    op.drop_table("form_counts")

"""Sign-ups, pauses; records of consent that cannot be changed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEPT = "records of consent are never changed, and go only with the person or the newsletter"


def upgrade() -> None:
    op.add_column(
        "newsletters",
        sa.Column("opt_in", sa.String(length=20), nullable=False, server_default="double"),
    )
    op.add_column(
        "newsletters", sa.Column("sign_up", sa.JSON(), nullable=False, server_default="{}")
    )
    op.add_column(
        "newsletters",
        sa.Column("never_confirmed", sa.Integer(), nullable=False, server_default="0"),
    )
    op.add_column(
        "subscribers", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_table(
        "sign_ups",
        sa.Column("id", _ID, nullable=False),
        sa.Column("newsletter_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("address_key", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["newsletter_id"],
            ["newsletters.id"],
            name=op.f("fk_sign_ups_newsletter_id_newsletters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sign_ups_at", "sign_ups", ["at"])
    op.create_index(op.f("ix_sign_ups_address_key"), "sign_ups", ["address_key"])
    op.create_table(
        "wordings",
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_shown_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_wordings")),
    )
    op.create_table(
        "spent_challenges",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_spent_challenges")),
    )
    op.create_index(op.f("ix_spent_challenges_until"), "spent_challenges", ["until"])
    op.create_table(
        "request_meters",
        sa.Column("scope", sa.String(length=100), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_request_meters")),
    )
    op.create_index(op.f("ix_request_meters_until"), "request_meters", ["until"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def _guard_on_postgresql() -> None:
    op.execute(
        f"""
        CREATE FUNCTION keep_consent_changes() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'DELETE'
             AND NOT (EXISTS (SELECT 1 FROM subscribers WHERE id = OLD.subscriber_id)
                      AND EXISTS (SELECT 1 FROM newsletters WHERE id = OLD.newsletter_id)) THEN
            RETURN OLD;
          END IF;
          RAISE EXCEPTION '{_KEPT}';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER consent_changes_stay BEFORE UPDATE OR DELETE ON consent_changes "
        "FOR EACH ROW EXECUTE FUNCTION keep_consent_changes()"
    )


def _guard_on_sqlite() -> None:
    op.execute(
        "CREATE TRIGGER consent_changes_unchanged BEFORE UPDATE ON consent_changes "
        f"BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END"
    )
    op.execute(
        "CREATE TRIGGER consent_changes_stay BEFORE DELETE ON consent_changes "
        "WHEN EXISTS (SELECT 1 FROM subscribers WHERE id = OLD.subscriber_id) "
        "AND EXISTS (SELECT 1 FROM newsletters WHERE id = OLD.newsletter_id) "
        f"BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END"
    )

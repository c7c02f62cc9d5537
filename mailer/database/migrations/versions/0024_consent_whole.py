"""Records of consent are not emptied by TRUNCATE either; SQLite has no such statement."""

from alembic import op

revision = "0024"
down_revision = "0022"

_TRIGGER = "consent_changes_stay_whole"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {_TRIGGER} BEFORE TRUNCATE ON consent_changes "
            "FOR EACH STATEMENT EXECUTE FUNCTION keep_consent_changes()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {_TRIGGER} ON consent_changes")

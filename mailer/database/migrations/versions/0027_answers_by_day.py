"""Clicks and opens are found by issue and time: of old issues, the last days' few are read alone."""

from alembic import op

revision = "0027"
down_revision = "0029"

_TABLES = ("clicks", "opens")


def upgrade() -> None:
    for table in _TABLES:
        op.create_index(f"ix_{table}_issue_id_at", table, ["issue_id", "at"])
        op.drop_index(f"ix_{table}_issue_id", table)


def downgrade() -> None:
    for table in _TABLES:
        op.create_index(f"ix_{table}_issue_id", table, ["issue_id"])
        op.drop_index(f"ix_{table}_issue_id_at", table)

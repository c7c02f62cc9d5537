"""Deliveries name their issue without a foreign key: to lock it for every row cost as much as the row.

No issue that was sent is ever deleted; only drafts are, and those have no deliveries.
"""

from alembic import op

revision = "0021"
down_revision = "0014"

_KEY = "fk_deliveries_issue_id_issues"
_OPTIONS = {"sqlite_with_rowid": False}


def upgrade() -> None:
    with op.batch_alter_table("deliveries", table_kwargs=_OPTIONS) as batch_op:
        batch_op.drop_constraint(_KEY, type_="foreignkey")


def downgrade() -> None:
    with op.batch_alter_table("deliveries", table_kwargs=_OPTIONS) as batch_op:
        batch_op.create_foreign_key(_KEY, "issues", ["issue_id"], ["id"], ondelete="CASCADE")

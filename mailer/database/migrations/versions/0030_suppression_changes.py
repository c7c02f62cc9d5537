"""Suppressions, and what takes them back, are on record as consent is; so are those there are."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0026"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLE = "suppression_changes"
_KEPT = "records of suppressions are never changed"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("target", sa.String(320), nullable=False),
        sa.Column("suppressed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression_changes")),
    )
    op.create_index(op.f("ix_suppression_changes_target"), _TABLE, ["target"])
    op.execute(
        f"INSERT INTO {_TABLE} (target, suppressed, at, source, reason, evidence) "
        "SELECT target, true, at, source, reason, '{}' FROM suppressions "
        "WHERE target NOT LIKE '#%' ORDER BY at, target"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"""
            CREATE FUNCTION keep_{_TABLE}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              RAISE EXCEPTION '{_KEPT}';
            END $$
            """
        )
        for when, each in (("UPDATE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {_TABLE}_no_{when.lower()} BEFORE {when} ON {_TABLE} "
                f"FOR EACH {each} EXECUTE FUNCTION keep_{_TABLE}()"
            )
    else:
        # OR REPLACE takes the old row out without a word to triggers of UPDATE.
        again = f"WHEN EXISTS (SELECT 1 FROM {_TABLE} WHERE id = NEW.id) "
        for when, which in (("UPDATE", ""), ("INSERT", again)):
            op.execute(
                f"CREATE TRIGGER {_TABLE}_no_{when.lower()} BEFORE {when} ON {_TABLE} {which}"
                f"BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END"
            )


def downgrade() -> None:
    op.drop_table(_TABLE)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION keep_{_TABLE}()")

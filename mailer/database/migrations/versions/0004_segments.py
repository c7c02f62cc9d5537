"""Custom fields, tags, segments, the segments an issue goes to, opens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "custom_fields",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("editable_by", sa.String(length=20), nullable=False),
        sa.Column("default", sa.JSON(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_custom_fields")),
    )
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("key", name=op.f("uq_tags_key")),
    )
    op.create_table(
        "subscriber_tags",
        sa.Column("tag_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subscriber_id", _ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["tag_id"],
            ["tags.id"],
            name=op.f("fk_subscriber_tags_tag_id_tags"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_subscriber_tags_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tag_id", "subscriber_id", name=op.f("pk_subscriber_tags")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_subscriber_tags_subscriber_id", "subscriber_tags", ["subscriber_id"])
    op.create_table(
        "segments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("key", name=op.f("uq_segments_key")),
    )
    op.create_table(
        "issue_segments",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.Column("segment_id", sa.Integer(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issues.id"],
            name=op.f("fk_issue_segments_issue_id_issues"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"],
            ["segments.id"],
            name=op.f("fk_issue_segments_segment_id_segments"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("issue_id", "name", name=op.f("pk_issue_segments")),
    )
    op.create_index(op.f("ix_issue_segments_segment_id"), "issue_segments", ["segment_id"])
    op.create_table(
        "opens",
        sa.Column("id", _ID, nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", _ID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("machine", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issues.id"],
            name=op.f("fk_opens_issue_id_issues"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opens")),
    )
    op.create_index(op.f("ix_opens_issue_id"), "opens", ["issue_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column(
            "subscribers",
            "fields",
            type_=postgresql.JSONB(),
            postgresql_using="fields::jsonb",
        )
    _move_tags()


def _move_tags() -> None:
    """Imports kept tags as a list among the fields; they get tables of their own."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        listed = (
            "SELECT s.id AS subscriber_id, CAST(t.value AS VARCHAR(100)) AS name FROM subscribers s"
            " CROSS JOIN LATERAL jsonb_array_elements_text("
            "CASE WHEN jsonb_typeof(s.fields -> 'tags') = 'array' THEN s.fields -> 'tags'"
            " ELSE '[]' END) AS t(value)"
        )
        drop = "UPDATE subscribers SET fields = fields - 'tags' WHERE fields ? 'tags'"
    else:
        listed = (
            "SELECT s.id AS subscriber_id, substr(t.value, 1, 100) AS name"
            " FROM subscribers s, json_each(s.fields, '$.tags') AS t"
            " WHERE json_type(s.fields, '$.tags') = 'array'"
        )
        drop = (
            "UPDATE subscribers SET fields = json_remove(fields, '$.tags')"
            " WHERE json_type(fields, '$.tags') IS NOT NULL"
        )
    names = connection.exec_driver_sql(f"SELECT DISTINCT name FROM ({listed}) AS l").scalars().all()  # noqa: S608  # constants
    tags: dict[str, str] = {}
    spellings: list[dict[str, str]] = []
    for name in sorted(name for name in names if name and name.strip()):
        shown = " ".join(name.split())
        tags.setdefault(shown.casefold(), shown)
        spellings.append({"name": name, "key": shown.casefold()})
    if spellings:
        connection.exec_driver_sql(
            "CREATE TEMPORARY TABLE tag_spellings (name VARCHAR(100), key VARCHAR(300))"
        )
        connection.execute(
            sa.text("INSERT INTO tag_spellings (name, key) VALUES (:name, :key)"), spellings
        )
        connection.execute(
            sa.text(
                "INSERT INTO tags (name, key, created_at) VALUES (:name, :key, CURRENT_TIMESTAMP)"
            ),
            [{"name": shown, "key": key} for key, shown in tags.items()],
        )
        connection.exec_driver_sql(
            "INSERT INTO subscriber_tags (tag_id, subscriber_id)"  # noqa: S608  # constants
            f" SELECT DISTINCT tags.id, l.subscriber_id FROM ({listed}) AS l"
            " JOIN tag_spellings ON tag_spellings.name = l.name JOIN tags ON tags.key = tag_spellings.key"
        )
        connection.exec_driver_sql("DROP TABLE tag_spellings")
    connection.exec_driver_sql(drop)

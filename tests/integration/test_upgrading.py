"""A database is brought up to date, or left alone with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, func, select, text

from mailer.database.engine import open_engine
from mailer.database.migrating import configuration
from mailer.database.tables import Base
from mailer.database.upgrading import revisions, upgrade
from mailer.errors import DatabaseTooNew, Unavailable


def test_an_upgrade_makes_the_schema_of_the_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_revisions_are_the_migrations_in_their_order(sqlite_engine: Engine) -> None:
    with sqlite_engine.connect() as connection:
        scripts = ScriptDirectory.from_config(configuration(connection))
        walked = [script.revision for script in scripts.walk_revisions()]
    assert revisions() == list(reversed(walked))


def test_a_new_file_gets_the_schema_once(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/new.db")
    assert upgrade(engine) == revisions()
    assert upgrade(engine) == []
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseTooNew, match="newer version of this program"):
        upgrade(engine)


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "not.db"
    path.write_text("these are not pages\n" * 100)
    engine = open_engine(f"sqlite:///{path}")

    with pytest.raises(Unavailable, match="not a SQLite database"):
        upgrade(engine)
    engine.dispose()


def test_an_upgrade_keeps_every_row(tmp_path: Path) -> None:
    """SQLite makes a new table to alter one; dropping the old one must not empty others."""
    engine = open_engine(f"sqlite:///{tmp_path}/old.db")
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0001")
        for statement in OLD_ROWS:
            connection.exec_driver_sql(statement)

    assert upgrade(engine) == revisions()[1:]

    with engine.connect() as connection:
        for table in (
            *("subscribers", "subscriptions", "consent_changes", "unsubscribes"),
            *("issues", "deliveries", "suppressions", "suppression_changes"),
        ):
            count = select(func.count()).select_from(Base.metadata.tables[table])
            assert connection.scalar(count) == 1, table
    engine.dispose()


OLD_ROWS = (
    "INSERT INTO newsletters (id, slug, name, from_name, from_address, language, time_zone, theme,"
    " look, postal_address, created_at) VALUES (1, 'r', 'R', 'R', 'r@x.test', 'en', 'UTC',"
    " 'default', '{}', '', '2026-01-01')",
    "INSERT INTO subscribers (id, address, address_key, name, fields, created_at)"
    " VALUES (7, 'a@x.test', 'a@x.test', '', '{}', '2026-01-01')",
    "INSERT INTO subscriptions (newsletter_id, subscriber_id, state, changed_at, source)"
    " VALUES (1, 7, 'unsubscribed', '2026-01-01', '')",
    "INSERT INTO consent_changes (newsletter_id, subscriber_id, state, at, source, evidence)"
    " VALUES (1, 7, 'unsubscribed', '2026-01-01', '', '{}')",
    "INSERT INTO unsubscribes (newsletter_id, subscriber_id, at, method)"
    " VALUES (1, 7, '2026-01-01', 'page')",
    "INSERT INTO issues (id, newsletter_id, subject, preheader, title, language, state, state_reason,"
    " version, planned, created_at, changed_at, local_time, canary_percent, canary_minutes)"
    " VALUES (3, 1, '', '', '', 'en', 'sent', '', 1, 1, '2026-01-01', '2026-01-01', 0, 0, 0)",
    "INSERT INTO deliveries (issue_id, subscriber_id, fate, attempts, at, reply)"
    " VALUES (3, 7, 1, 1, '2026-01-01', '250 Ok')",
    "INSERT INTO suppressions (target, reason, source, at) VALUES ('a@x.test', '', '', '2026-01-01')",
)

"""Brings a database to this program's schema, or says why it cannot."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from mailer.errors import ConfigurationError, DatabaseTooNew, Unavailable

_LOCK = 0x6D61696C  # "mail": one migration at a time on a PostgreSQL server


def upgrade(engine: Engine) -> list[str]:
    """Apply what is missing, all or nothing; the revisions applied, oldest first.

    ``DatabaseTooNew`` when a newer version wrote it, ``Unavailable`` when it cannot be reached.
    """
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            pending = _pending(connection)
            if pending:
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
            return pending
    except OperationalError as error:
        raise Unavailable(
            f"The database cannot be opened: {' '.join(str(error.orig).split())}."
        ) from error


def require_current(engine: Engine) -> None:
    """``ConfigurationError`` unless the database has exactly this program's schema."""
    with engine.connect() as connection:
        if _pending(connection):
            raise ConfigurationError("The database is of an older version; run `mailer upgrade`.")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _pending(connection: Connection) -> list[str]:
    scripts = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection).get_current_revision()
    try:
        missing = list(scripts.iterate_revisions("head", current or "base"))
    except CommandError as error:
        raise DatabaseTooNew(
            f"The database was made by a newer version of this program (revision {current}). "
            "Install that version; nothing was changed."
        ) from error
    return [script.revision for script in reversed(missing)]

"""Brings a database to this program's schema, or says why it cannot."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from mailer.database.engine import reading, transaction, unchecked
from mailer.errors import ConfigurationError, DatabaseTooNew

_LOCK = 0x6D61696C  # "mail": one migration at a time on a PostgreSQL server
_VERSIONS = Path(__file__).parent / "migrations" / "versions"
_DOWN = re.compile(r"^down_revision = (.+)$", re.MULTILINE)


def upgrade(engine: Engine, *, to: str | None = None) -> list[str]:
    """Apply what is missing, all or nothing; the revisions applied, oldest first.

    With *to*, no further than that revision.
    ``DatabaseTooNew`` when a newer version wrote it, ``Unavailable`` when it cannot be reached.
    """
    with reading(engine) as session:
        if not _pending(session.connection(), to):
            return []
    with unchecked(engine) as migrations, transaction(migrations) as session:
        return _migrate(session.connection(), to)


def _migrate(connection: Connection, to: str | None) -> list[str]:
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    pending = _pending(connection, to)
    if pending:
        # Loaded only here: it takes as long as everything else a command imports.
        migrating = importlib.import_module("mailer.database.migrating")
        migrating.migrate(connection, pending[-1])
    if pending and sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise ConfigurationError(
            "The database cannot be brought up to date: rows in it belong to others that do not "
            "exist. Nothing was changed; restore a backup."
        )
    return pending


def revisions() -> list[str]:
    """All revisions of this program's schema, oldest first: each file names the one before it."""
    after = {
        _DOWN.search(path.read_text(encoding="utf-8"))[1]: path.name.partition("_")[0]  # type: ignore[index]
        for path in _VERSIONS.glob("[0-9]*_*.py")
    }
    chain: list[str] = []
    while (current := f'"{chain[-1]}"' if chain else "None") in after:
        chain.append(after[current])
    return chain


def _pending(connection: Connection, to: str | None = None) -> list[str]:
    known = revisions()
    wanted = known if to is None else known[: known.index(to) + 1]
    if not inspect(connection).has_table("alembic_version"):
        return wanted
    current = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if current is None:
        return wanted
    if current not in known:
        raise DatabaseTooNew(
            f"The database was made by a newer version of this program (revision {current}). "
            "Install that version; nothing was changed."
        )
    return wanted[known.index(current) + 1 :]

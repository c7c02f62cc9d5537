"""One engine for SQLite and PostgreSQL, and the two ways to use it: a transaction, a reading."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.orm import Session

from mailer.errors import ConfigurationError, DatabaseUnavailable, InvalidInput, Unavailable
from mailer.sentences import Sentence

_BEGIN = "mailer_begin"  # execution option: how a SQLite transaction starts
ZONE = "mailer_zone"  # execution option: where the days of whoever asks begin
_BUSY_SECONDS = 30
_IDLE_SECONDS = 60
# A database host that went away without a word is noticed in a minute, not in hours.
_KEEPALIVES = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds: keepalives say nothing while an answer is owed
}


def open_engine(url: str, *, zone: tzinfo = UTC) -> Engine:
    """An engine for ``sqlite:///file.db`` or ``postgresql://…``; ``ConfigurationError``.

    *zone*: where days begin for whatever is asked of it (see `zone_of`).
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise ConfigurationError(
            "The database's address (MAILER_DATABASE_URL) must look like sqlite:///subscribers.db "
            "or postgresql://user:password@host/name."
        ) from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=5,
            execution_options={ZONE: zone},
            connect_args={
                name: value for name, value in _KEEPALIVES.items() if name not in parsed.query
            },
        )
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    if backend != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise ConfigurationError(
            "The database (MAILER_DATABASE_URL) must be a SQLite file or PostgreSQL, "
            f"not {parsed.render_as_string(hide_password=True)!r}."
        )
    engine = create_engine(
        parsed, connect_args={"timeout": _BUSY_SECONDS}, execution_options={ZONE: zone}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def unchecked(engine: Engine) -> Iterator[Engine]:
    """An engine for the same database; on SQLite it checks no foreign keys.

    For who alters tables: there one is made anew and the old one dropped, which must not take with
    it what other tables have of its rows (https://sqlite.org/lang_altertable.html). And for who
    writes a great many rows and has looked up what they refer to.
    """
    if engine.dialect.name != "sqlite":
        yield engine
        return
    made = create_engine(engine.url, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(made, "connect", _prepare_sqlite)
    event.listen(made, "connect", _leave_foreign_keys)
    event.listen(made, "begin", _begin_sqlite)
    try:
        yield made
    finally:
        made.dispose()


def database_file(engine: Engine) -> Path | None:
    """The file of a SQLite database; ``None`` for PostgreSQL."""
    name = engine.url.database
    return Path(name) if engine.dialect.name == "sqlite" and name else None


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    # The locks of a host that went away in the middle of a transaction are set free.
    connection.autocommit = True
    connection.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_SECONDS}s'")
    connection.autocommit = False


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transactions begin too late (at the first write), so that two processes
    # can read the same batch as free: we begin them ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # A power cut takes back nothing: who was mailed, who has left (https://sqlite.org/pragma.html).
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _leave_foreign_keys(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(
        f"BEGIN {connection.get_execution_options().get(_BEGIN, 'IMMEDIATE')}"
    )


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One transaction that may write: committed at the end, undone by any exception.

    ``DatabaseUnavailable`` when it does not answer, is locked, or its disk is full.
    """
    with _translated(), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One consistent view for reading; takes no write lock."""
    one_view = {"isolation_level": "REPEATABLE READ"}  # else one of its own for each statement
    options = one_view if engine.dialect.name == "postgresql" else {_BEGIN: "DEFERRED"}
    shared = engine.execution_options(**options)
    with _translated(), Session(shared, expire_on_commit=False) as session, session.begin():
        yield session


def zone_of(session: Session) -> tzinfo:
    """Where the days begin of which a query speaks: as a time zone is of a database connection.

    So every count, list and freezing of one installation goes by the same days, and none can be
    asked without.
    """
    zone: tzinfo = session.get_bind().get_execution_options().get(ZONE, UTC)
    return zone


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if "NUL" in str(error.orig) and isinstance(error, DataError):
            raise InvalidInput(_NUL) from error
        sentence = _sentence(error)
        if sentence is None:
            raise
        words = " ".join(str(error.orig).split()).rstrip(".")
        raise DatabaseUnavailable(sentence, words=words) from error
    except NoneFree as error:
        raise Unavailable(
            "The database does not answer: all connections to it are waiting. Try again."
        ) from error


_NUL = Sentence("There is a character in it that no text has (NUL). Take it out.")
_FULL = Sentence(
    "The database cannot be written: the disk is full. Nothing was changed; make room."
)
_BUSY = Sentence(
    "The database is busy: something else has been writing for long. Nothing was changed; try again."
)
_AWAY = Sentence("The database does not answer. Start it, or wait until it is back.")
_READ_ONLY = Sentence(
    "The database can only be read at the moment. Nothing was changed; try again when it can be "
    "written."
)
_CROWDED = Sentence(
    "The database takes no more connections. Try again, or have it allow more of them."
)
_OTHER_SHAPE = Sentence(
    "The database has not the tables that this version of the program knows. Start the program "
    "anew: it brings them up to date, or says why it cannot."
)
# What SQLite says when it is not the statement's fault, and what to tell a person.
_SQLITE_WORDS = {
    "full": _FULL,
    "locked": _BUSY,
    "readonly": Sentence(
        "The database cannot be written. Nothing was changed; check the permissions of its file and "
        "folder."
    ),
    "unable to open": Sentence(
        "The database cannot be opened. Check its path (MAILER_DATABASE_URL) and its permissions."
    ),
    "disk I/O": Sentence("The database cannot be read or written. Check the disk."),
    "malformed": Sentence("The database is damaged. Restore a backup."),
    "not a database": Sentence("This is not a SQLite database. Check MAILER_DATABASE_URL."),
    "no such table": _OTHER_SHAPE,
    "no such column": _OTHER_SHAPE,
    "has no column": _OTHER_SHAPE,
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL_CODES = {
    "25006": _READ_ONLY,
    "42P01": _OTHER_SHAPE,
    "42703": _OTHER_SHAPE,
    "53100": _FULL,
    "53300": _CROWDED,
    "55P03": _BUSY,
}


def _sentence(error: DBAPIError) -> Sentence | None:
    if isinstance(error.orig, sqlite3.Error):
        words = str(error.orig)
        return next((told for known, told in _SQLITE_WORDS.items() if known in words), None)
    told = _POSTGRESQL_CODES.get(getattr(error.orig, "sqlstate", None) or "")
    if told is None and (isinstance(error, OperationalError) or error.connection_invalidated):
        return _AWAY
    return told

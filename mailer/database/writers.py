"""Connections held open for many small transactions."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

_LOG = logging.getLogger(__name__)

Item = TypeVar("Item")
Write = Callable[[Connection, Sequence[Item]], None]


class Writer(Generic[Item]):
    """Writes items by one transaction on a connection of its own; for one thread."""

    def __init__(self, engine: Engine, write: Write[Item]) -> None:
        self._engine, self._write = engine, write
        self._connection: Connection | None = None

    def commit(self, items: Sequence[Item]) -> dict[int, Exception]:
        """Write all of them; those that could not be, by place. Raises when nothing was written."""
        try:
            self._write_together(items)
        except IntegrityError:
            return self._commit_singly(items)
        except Exception:
            self.disconnect()  # the next items begin with a new connection
            raise
        return {}

    def checkpoint(self) -> None:
        """Bring SQLite's write-ahead log into the database file; waits for the disk."""
        try:
            _driver(self._connected()).execute("PRAGMA wal_checkpoint(PASSIVE)")
        except (DBAPIError, sqlite3.Error) as error:
            _LOG.warning("the write-ahead log was not checkpointed: %s", error)

    def disconnect(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> Connection:
        return self._engine.connect()

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _write_together(self, items: Sequence[Item]) -> None:
        connection = self._connected()
        with connection.begin():
            self._write(connection, items)

    def _commit_singly(self, items: Sequence[Item]) -> dict[int, Exception]:
        # One item of something that was just removed must not take the others with it.
        failed: dict[int, Exception] = {}
        for index, item in enumerate(items):
            try:
                self._write_together([item])
            except IntegrityError as error:
                failed[index] = error
        return failed


class InstantWriter(Writer[Item]):
    """A writer for SQLite that never waits: neither for other writers nor for the disk.

    With synchronous=NORMAL a commit only hands its pages to the operating system; what waits for
    the disk is the checkpoint, and that is left to others.
    """

    def try_commit(self, items: Sequence[Item]) -> bool:
        """Write all of them or, with ``False``, nothing: not now, or not all of them."""
        try:
            self._write_together(items)
        except IntegrityError:
            return False
        except OperationalError as error:
            if _is_busy(error):
                return False
            self.disconnect()
            raise
        return True

    def _connect(self) -> Connection:
        connection = super()._connect()
        driver = _driver(connection)
        connection.detach()  # no other user of the pool shall get these settings
        driver.execute("PRAGMA busy_timeout=0")
        driver.execute("PRAGMA wal_autocheckpoint=0")
        return connection


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101
    return driver


def _is_busy(error: OperationalError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # extended codes stand above
    return code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

"""Commits to SQLite from within the event loop, for as long as nobody has to be waited for."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Generic

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from mailer.database.writers import Done, Item, NotWritten, Write, Writer

_CHECKPOINT_AFTER = 5000  # small items: about 3 MB of write-ahead log


class InstantWriter(Generic[Item]):
    """A writer for SQLite that waits neither for other writers nor for the disk.

    With synchronous=NORMAL, which is its own, a commit only hands its pages to the operating
    system, in less time than the way to a thread and back. What waits for the disk is the
    checkpoint, and that is left to the *slow* writer; so a power cut takes back what came since.
    """

    def __init__(self, engine: Engine, write: Write[Item], slow: Writer[Item]) -> None:
        self._engine, self._write, self._slow = engine, write, slow
        self._connection: Connection | None = None
        self._since_checkpoint = 0

    def start(self, items: Sequence[Item], done: Done) -> None:
        """Commit all of them, and call *done* before returning."""
        try:
            connection = self._connection or self._connect()
            with connection.begin():
                self._write(connection, items)
        except Exception as error:  # noqa: BLE001  # whatever it is, nobody may wait for ever
            done(self._meaning(error))
            return
        self._since_checkpoint += len(items)
        done(None)
        if self._since_checkpoint >= _CHECKPOINT_AFTER:
            self._since_checkpoint = 0
            self._slow.checkpoint()

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> Connection:
        connection = self._connection = self._engine.connect()
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101  # tells mypy
        connection.detach()  # no other user of the pool shall get these settings
        driver.execute("PRAGMA busy_timeout=0")
        driver.execute("PRAGMA wal_autocheckpoint=0")
        driver.execute("PRAGMA synchronous=NORMAL")
        return connection

    def _meaning(self, error: Exception) -> Exception:
        if isinstance(error, IntegrityError) or _is_busy(error):
            return NotWritten(str(error))
        self.close()
        return error


def _is_busy(error: Exception) -> bool:
    if not isinstance(error, OperationalError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # extended codes stand above
    return code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

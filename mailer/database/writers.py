"""Connections held open for many small transactions, each with a thread that waits for it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

_LOG = logging.getLogger(__name__)

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)
Write = Callable[[Connection, Sequence[Item]], None]
# ``None``: all is committed.
Done = Callable[[Exception | None], None]


class NotWritten(Exception):  # no error: a way that cannot be gone now
    """Nothing was written, for certain; another way may be tried."""


class Unreachable(Exception):
    """There was no connection to be had: nothing was written, and it may be had later."""


class QuickWriter(Protocol[Item_contra]):
    """Writes from within the event loop, and never keeps it waiting."""

    def start(self, items: Sequence[Item_contra], done: Done, /) -> None:
        """Have all of them committed, then call *done*: with `NotWritten`, by a `Writer` instead."""

    def close(self) -> None:
        """Give back what was held."""


class Writer(Generic[Item]):
    """Writes items by one transaction on a connection of its own, in a thread of its own."""

    def __init__(self, engine: Engine, write: Write[Item], name: str) -> None:
        self._engine, self._write = engine, write
        self._connection: Connection | None = None  # only one at a time uses it
        self._thread = ThreadPoolExecutor(1, name)

    async def commit(self, items: Sequence[Item]) -> dict[int, Exception]:
        """Write all of them; those that could not be, by place. Raises when nothing was written.

        ``Unreachable`` when there is no database to connect to.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, items)

    def checkpoint(self) -> None:
        """Have SQLite's write-ahead log brought into the database file, which waits for the disk."""
        self._thread.submit(self._checkpoint)

    async def close(self) -> None:
        """Give the connection back."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)

    @property
    def driver(self) -> Any:
        """The driver's connection; ``None`` while there is none. Not while `commit` is running."""
        connection = self._connection
        return None if connection is None else connection.connection.driver_connection

    def _commit(self, items: Sequence[Item]) -> dict[int, Exception]:
        try:
            try:
                self._write_together(items)
            except NotWritten:  # the server was restarted since the last time
                self._disconnect()
                self._write_together(items)
        except IntegrityError:
            return self._commit_singly(items)
        except Exception as error:
            self._disconnect()  # the next items begin with a new connection
            if isinstance(error, NotWritten):
                raise Unreachable(str(error)) from error
            raise
        return {}

    def _write_together(self, items: Sequence[Item]) -> None:
        connection, written = self._connected(), False
        try:
            with connection.begin():
                self._write(connection, items)
                written = True
        except DBAPIError as error:
            # What has a code was said by the server, which then has undone it all.
            if error.connection_invalidated and not (written and _code(error) is None):
                raise NotWritten(str(error.orig)) from error
            raise

    def _commit_singly(self, items: Sequence[Item]) -> dict[int, Exception]:
        # One item of something that was just removed must not take the others with it.
        failed: dict[int, Exception] = {}
        for index, item in enumerate(items):
            try:
                self._write_together([item])
            except IntegrityError as error:
                failed[index] = error
        return failed

    def _connected(self) -> Connection:
        if self._connection is None:
            try:
                self._connection = self._engine.connect()
            except Exception as error:  # also what the driver says while it is made ready
                raise Unreachable(str(error)) from error
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _checkpoint(self) -> None:
        try:
            driver = self._connected().connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)  # noqa: S101  # tells mypy
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except (DBAPIError, sqlite3.Error, Unreachable) as error:
            _LOG.warning("the write-ahead log was not checkpointed: %s", error)


def _code(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)

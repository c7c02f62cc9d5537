"""Stores clicks by group commit: every click that is answered has been committed before."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from mailer.clock import Clock
from mailer.tokens import Reader
from mailer.tracking.records import Hit, add_clicks

_LOG = logging.getLogger(__name__)


class ClickRecorder:
    """Clicks that come while a commit runs share the next one, so that a crowd costs little.

    Commits run in one thread of their own with one connection of its own: the loop never waits
    for the database, and neither threads nor connections are looked for anew each time.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "clicks")
        self._connection: Connection | None = None  # only the thread touches it
        self._hits: list[Hit] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._committing: asyncio.Task[None] | None = None
        self.lost = 0  # clicks that could not be stored, since the start

    def record(
        self, reader: Reader, link_number: int, machine: str | None = None
    ) -> asyncio.Future[None]:
        """Await it: the click is committed then; any exception says that it is lost (and counted)."""
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[None] = loop.create_future()
        self._hits.append(
            Hit(reader.issue_id, reader.subscriber_id, link_number, self._clock(), machine)
        )
        self._waiting.append(stored)
        if self._committing is None:
            self._committing = loop.create_task(self._commit_all())
        return stored

    async def close(self) -> None:
        """Commit what waits, then give the connection back."""
        while self._committing is not None:
            await asyncio.wait([self._committing])
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)

    async def _commit_all(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._hits:
                hits, self._hits = self._hits, []
                waiting, self._waiting = self._waiting, []
                try:
                    await loop.run_in_executor(self._thread, self._commit, hits)
                except Exception as error:  # noqa: BLE001  # whatever it is, no reader may hang
                    self._lose(waiting, error)
                else:
                    for stored in waiting:
                        if not stored.done():  # done: the reader went away meanwhile
                            stored.set_result(None)
        finally:
            self._committing = None

    def _commit(self, hits: list[Hit]) -> None:
        try:
            self._commit_together(hits)
        except IntegrityError:
            self._commit_singly(hits)
        except Exception:
            self._disconnect()  # the next group begins with a new connection
            raise

    def _commit_together(self, hits: list[Hit]) -> None:
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            add_clicks(self._connection, hits)

    def _commit_singly(self, hits: list[Hit]) -> None:
        # One click of an issue that was just removed must not take the others with it.
        for hit in hits:
            try:
                self._commit_together([hit])
            except IntegrityError:
                self.lost += 1
                _LOG.warning("a click was left out: issue %d was removed", hit.issue_id)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _lose(self, waiting: list[asyncio.Future[None]], error: Exception) -> None:
        self.lost += len(waiting)
        _LOG.error("%d clicks could not be stored (%d in all): %s", len(waiting), self.lost, error)
        for stored in waiting:
            if not stored.done():
                stored.set_exception(error)

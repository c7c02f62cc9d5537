"""Group commit: what comes while one transaction is committed shares the next one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from mailer.errors import Unavailable

_LOG = logging.getLogger(__name__)
_GATHER_SECONDS = 0.001  # a crowd costs a tenth less so; nobody notices a millisecond

_SHORT_PATIENCE_SECONDS = 0.5  # for those who come while it hangs

Item = TypeVar("Item")


class GroupCommit(Generic[Item]):
    """Writes items of one event loop, many per transaction; each is awaited until it is committed.

    Transactions run in one thread of their own with one connection of its own: the loop never
    waits for the database, and neither threads nor connections are looked for anew each time.
    """

    def __init__(
        self,
        engine: Engine,
        write: Callable[[Connection, Sequence[Item]], None],
        name: str,
        *,
        patience: float | None = None,  # seconds after which nobody is kept waiting any more
    ) -> None:
        self._engine, self._write, self._name = engine, write, name
        self._thread = ThreadPoolExecutor(1, name)
        self._connection: Connection | None = None  # only the thread touches it
        self._items: list[Item] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._held: list[asyncio.Future[None]] = []  # whose items are being committed
        self._running: asyncio.Task[None] | None = None
        self._patience = patience
        self._timer: asyncio.TimerHandle | None = None
        self.lost = 0  # items that could not be written, since the start

    def add(self, item: Item) -> asyncio.Future[None]:
        """Await it: *item* is committed then; any exception says that it is lost (and counted)."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()
        self._items.append(item)
        self._waiting.append(written)
        if self._running is None:
            self._running = loop.create_task(self._run())
        return written

    async def close(self) -> None:
        """Write what waits, then give the connection back."""
        while self._running is not None:
            await asyncio.wait([self._running])
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(_GATHER_SECONDS)
            while self._items:
                items, self._items = self._items, []
                self._held, self._waiting = self._waiting, []
                self._watch(self._patience)
                try:
                    failed = await loop.run_in_executor(self._thread, self._commit, items)
                except Exception as error:  # noqa: BLE001  # whatever it is, nobody may wait for ever
                    failed = dict.fromkeys(range(len(items)), error)
                self._answer(self._held, failed)
        finally:
            self._running, self._held = None, []
            if self._timer is not None:
                self._timer.cancel()

    def _watch(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._release)

    def _release(self) -> None:
        # The database hangs. Items stay in line; those who wait for them go on.
        late = [written for written in (*self._held, *self._waiting) if not written.done()]
        _LOG.warning(
            "%s: the database keeps us waiting; %d answered before they are stored",
            self._name,
            len(late),
        )
        for written in late:
            written.set_exception(Unavailable("The database does not answer in time."))
        self._watch(_SHORT_PATIENCE_SECONDS)

    def _answer(self, waiting: list[asyncio.Future[None]], failed: dict[int, Exception]) -> None:
        if failed:
            self.lost += len(failed)
            _LOG.error(
                "%s: %d could not be stored (%d since the start): %s",
                self._name,
                len(failed),
                self.lost,
                next(iter(failed.values())),
            )
        for index, written in enumerate(waiting):
            if written.done():  # whoever waited has gone
                continue
            if index in failed:
                written.set_exception(failed[index])
            else:
                written.set_result(None)

    def _commit(self, items: list[Item]) -> dict[int, Exception]:
        """Write all; which could not be, by place."""
        try:
            self._write_together(items)
        except IntegrityError:
            return self._commit_singly(items)
        except Exception:
            self._disconnect()  # the next group begins with a new connection
            raise
        return {}

    def _commit_singly(self, items: list[Item]) -> dict[int, Exception]:
        # One item of something that was just removed must not take the others with it.
        failed: dict[int, Exception] = {}
        for index, item in enumerate(items):
            try:
                self._write_together([item])
            except IntegrityError as error:
                failed[index] = error
        return failed

    def _write_together(self, items: list[Item]) -> None:
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            self._write(self._connection, items)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

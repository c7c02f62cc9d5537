"""Group commit: what comes while one transaction is committed shares the next one."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Generic

from sqlalchemy import Engine

from mailer.database.writers import InstantWriter, Item, Write, Writer
from mailer.errors import Unavailable

_LOG = logging.getLogger(__name__)
_GATHER_SECONDS = 0.001  # a crowd costs a tenth less so; nobody notices a millisecond
_SHORT_PATIENCE_SECONDS = 0.5  # for those who come while the database hangs
_QUIET_SECONDS = 1.0  # between two lines of the log about the same trouble
_CHECKPOINT_AFTER = 5000  # small items: about 3 MB of write-ahead log

Waiting = list[asyncio.Future[None]]


class GroupCommit(Generic[Item]):
    """Writes items of one event loop, many per transaction; each is awaited until it is committed.

    Transactions run in one thread of their own, so that the loop never waits for the database.
    Where *instant* is set and the database is SQLite, they run in the loop itself for as long as
    nobody else is writing: a commit there waits neither for the disk nor for anybody, and takes
    less time than the way to a thread and back.
    """

    def __init__(
        self,
        engine: Engine,
        write: Write[Item],
        name: str,
        *,
        instant: bool = False,
        patience: float | None = None,  # seconds after which nobody is kept waiting any more
    ) -> None:
        self._name = name
        self._thread = ThreadPoolExecutor(1, name)
        self._writer = Writer(engine, write)  # only the thread touches it
        sqlite = engine.dialect.name == "sqlite"
        self._instant = InstantWriter(engine, write) if instant and sqlite else None
        self._since_checkpoint = 0
        self._items: list[Item] = []
        self._waiting: Waiting = []
        self._held: Waiting = []  # whose items are being committed
        self._idle = asyncio.Event()
        self._idle.set()
        self._running: asyncio.Task[None] | None = None  # held, for loops hold tasks weakly
        self._patience = patience
        self._timer: asyncio.TimerHandle | None = None
        self._quiet_until = 0.0
        self.lost = 0  # items that could not be written, since the start

    def add(self, item: Item) -> asyncio.Future[None]:
        """Await it: *item* is committed then; any exception says that it is lost (and counted)."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()
        self._items.append(item)
        self._waiting.append(written)
        if self._idle.is_set():
            self._idle.clear()
            loop.call_later(_GATHER_SECONDS, self._begin)
        return written

    async def close(self) -> None:
        """Write what waits, then give the connections back."""
        await self._idle.wait()
        if self._instant is not None:
            self._instant.disconnect()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.disconnect)
        self._thread.shutdown(wait=False)

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        if self._instant is None or not self._commit_instantly(self._instant):
            self._running = loop.create_task(self._run())
            return
        self._idle.set()
        if self._since_checkpoint >= _CHECKPOINT_AFTER:
            self._since_checkpoint = 0
            loop.run_in_executor(self._thread, self._writer.checkpoint)

    def _commit_instantly(self, writer: InstantWriter[Item]) -> bool:
        failed: dict[int, Exception] = {}
        try:
            if not writer.try_commit(self._items):
                return False
        except Exception as error:  # noqa: BLE001  # whatever it is, nobody may wait for ever
            failed = dict.fromkeys(range(len(self._items)), error)
        self._since_checkpoint += len(self._items)
        self._items, self._held, self._waiting = [], self._waiting, []
        self._answer(self._held, failed)
        return True

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        self._watch(self._patience)
        try:
            while self._items:
                items, self._items = self._items, []
                self._held, self._waiting = self._waiting, []
                try:
                    failed = await loop.run_in_executor(self._thread, self._writer.commit, items)
                except Exception as error:  # noqa: BLE001
                    failed = dict.fromkeys(range(len(items)), error)
                self._answer(self._held, failed)
                self._watch(self._patience)
        finally:
            self._running, self._held = None, []
            self._idle.set()
            self._watch(None)

    def _answer(self, waiting: Waiting, failed: dict[int, Exception]) -> None:
        if failed:
            self._lose(len(failed), next(iter(failed.values())))
        for index, written in enumerate(waiting):
            if written.done():  # whoever waited has gone
                continue
            if index in failed:
                written.set_exception(failed[index])
            else:
                written.set_result(None)

    def _lose(self, count: int, error: Exception) -> None:
        self.lost += count
        now = monotonic()
        if now >= self._quiet_until:  # a crowd must not fill the disk with its log
            self._quiet_until = now + _QUIET_SECONDS
            reason = str(error) or type(error).__name__
            _LOG.error(
                "%s: items are lost, %d since the start; the last: %s",
                self._name,
                self.lost,
                reason,
            )

    def _watch(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
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

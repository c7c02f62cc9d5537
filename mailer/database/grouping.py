"""Group commit: what comes while one transaction is committed shares the next one."""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import Generic

from mailer.database.writers import Item, NotWritten, QuickWriter, Unreachable, Writer
from mailer.errors import Unavailable

_LOG = logging.getLogger(__name__)
# From the beginning of one transaction to that of the next: a crowd shares them, while somebody
# who comes alone is not kept waiting.
_APART_SECONDS = 0.004
_SHORT_PATIENCE_SECONDS = 0.5  # for those who come while the database hangs
_QUIET_SECONDS = 1.0  # between two lines of the log about the same trouble
# A database that is being restarted is back in less; items are kept for it.
_ABSENCE_SECONDS = 60.0
_TRY_AGAIN_SECONDS = 0.25
_MOST_KEPT = 100_000

Waiting = list[asyncio.Future[None]]


class GroupCommit(Generic[Item]):
    """Writes items of one event loop, many per transaction; each is awaited until it is committed.

    The *quick* writer works within the loop, where there is one and nothing is in its way; the
    other one has a thread, so that the loop never waits for the database.
    """

    def __init__(
        self,
        writer: Writer[Item],
        name: str,
        *,
        quick: QuickWriter[Item] | None = None,
        patience: float | None = None,  # seconds after which nobody is kept waiting any more
    ) -> None:
        self._name = name
        self._writer, self._quick = writer, quick
        self._items: list[Item] = []
        self._waiting: Waiting = []
        self._under_way: list[Item] = []
        self._held: Waiting = []  # whose items are under way
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._began = 0.0
        self._running: asyncio.Task[None] | None = None  # held, for loops hold tasks weakly
        self._patience = patience
        self._timer: asyncio.TimerHandle | None = None
        self._quiet_until = 0.0
        self._last_problem = ""
        self._told = 0  # of the lost ones
        self.lost = 0  # items that could not be written, since the start

    def add(self, item: Item) -> asyncio.Future[None]:
        """Await it: *item* is committed then; any exception says that it is lost (and counted)."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._items.append(item)
        self._waiting.append(written)
        if self._idle.is_set():
            self._idle.clear()
            self._begin_soon()
        return written

    async def close(self) -> None:
        """Write what waits, then give the connections back."""
        self._closing = True
        await self._idle.wait()
        self._tell()
        if self._quick is not None:
            self._quick.close()
        await self._writer.close()

    def _begin_soon(self) -> None:
        loop = asyncio.get_running_loop()
        wait = self._began + _APART_SECONDS - loop.time()
        if wait > 0:
            loop.call_later(wait, self._begin)
        else:
            loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._began = asyncio.get_running_loop().time()
        self._under_way, self._items = self._items, []
        self._held, self._waiting = self._waiting, []
        self._watch(self._patience)
        if self._quick is not None:
            self._quick.start(self._under_way, self._on_done)
        else:
            self._write_slowly()

    def _on_done(self, problem: Exception | None) -> None:
        if isinstance(problem, NotWritten):
            self._write_slowly()
        elif problem is not None:
            self._end(dict.fromkeys(range(len(self._held)), problem))
        else:
            self._end({})

    def _write_slowly(self) -> None:
        self._running = asyncio.get_running_loop().create_task(self._commit())

    async def _commit(self) -> None:
        try:
            failed = await self._commit_when_reached()
        except Exception as error:  # noqa: BLE001  # whatever it is, nobody may wait for ever
            failed = dict.fromkeys(range(len(self._held)), error)
        self._running = None
        self._end(failed)

    async def _commit_when_reached(self) -> dict[int, Exception]:
        until = monotonic() + _ABSENCE_SECONDS
        while True:
            try:
                return await self._writer.commit(self._under_way)
            except Unreachable:
                if self._closing or monotonic() > until or len(self._items) > _MOST_KEPT:
                    raise
            await asyncio.sleep(_TRY_AGAIN_SECONDS)

    def _end(self, failed: dict[int, Exception]) -> None:
        self._watch(None)
        waiting, self._held, self._under_way = self._held, [], []
        if failed:
            self._lose(len(failed), next(iter(failed.values())))
        for index, written in enumerate(waiting):
            if written.done():  # whoever waited has gone
                continue
            if index in failed:
                written.set_exception(failed[index])
            else:
                written.set_result(None)
        if self._items:
            self._begin_soon()
        else:
            self._idle.set()

    def _lose(self, count: int, error: Exception) -> None:
        self.lost += count
        self._last_problem = str(error) or type(error).__name__
        now = monotonic()
        if now >= self._quiet_until:  # a crowd must not fill the disk with its log
            self._quiet_until = now + _QUIET_SECONDS
            self._tell()

    def _tell(self) -> None:
        if self.lost > self._told:
            self._told = self.lost
            _LOG.error(
                "%s: items are lost, %d since the start; the last: %s",
                self._name,
                self.lost,
                self._last_problem,
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
        if late:
            _LOG.warning(
                "%s: the database keeps us waiting; %d answered before they are stored",
                self._name,
                len(late),
            )
        for written in late:
            written.set_exception(Unavailable("The database does not answer in time."))
        self._watch(_SHORT_PATIENCE_SECONDS)

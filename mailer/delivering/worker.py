"""A worker: leases batches, keeps SMTP lanes busy, and tells the ledger what came of it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
import socket
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import Engine

from mailer.clock import Clock
from mailer.delivering.desk import SendingDesk
from mailer.delivering.guarding import Thresholds
from mailer.delivering.held import HeldBatch, Item
from mailer.delivering.holdings import Holdings
from mailer.delivering.lanes import LaneOptions, Lanes
from mailer.delivering.ledger import Leased
from mailer.delivering.pacing import Pace
from mailer.delivering.permits import NO_LIMITS, Kind, Limits, Permits
from mailer.delivering.recipients import Loaded
from mailer.delivering.turns import Answer, Registrar, Turn
from mailer.errors import Unavailable
from mailer.relays import Relay
from mailer.rendering.message import date_value
from mailer.signing import DkimSigner
from mailer.tokens import Signer

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5  # asks for batches when there were none
_WATCH_SECONDS = 0.25  # pause and cancel act within a second
_MOST_GRANTED = 2000
_PERMIT_SECONDS = 0.02  # asks again no sooner when there were too few permits
_DATABASE_PAUSE = 0.5
_LAST_TURNS = 3
_GARBAGE_AFTER = 50_000  # objects: a batch's people are no garbage, and make no cycles


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a worker works."""

    lanes: LaneOptions
    base_url: str
    lease_seconds: float
    retry_schedule: tuple[timedelta, ...]
    hold_uncertain: bool = False
    limits: Limits = NO_LIMITS
    dkim: DkimSigner | None = None
    thresholds: Thresholds = Thresholds()  # noqa: RUF009  # frozen
    stop_seconds: float = 4.0  # for what is in flight
    house_seconds: float = 2.0  # from one look at what concerns all workers to the next


def worker_name() -> str:
    """Unique for each process at each start: ``host:pid:random``."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


class Worker:
    """Sends until it is told to stop; any number of them share one database."""

    def __init__(
        self,
        engine: Engine,
        signer: Signer,
        relays: Sequence[Relay],
        options: WorkerOptions,
        *,
        clock: Clock,
        issue_id: int | None = None,
    ) -> None:
        self.name = worker_name()
        self._options, self._clock = options, clock
        self._registrar = Registrar(
            engine,
            worker=self.name,
            lease_seconds=options.lease_seconds,
            base_url=options.base_url,
            limits=options.limits,
            thresholds=options.thresholds,
            retry_schedule=options.retry_schedule,
            dkim=options.dkim,
            issue_id=issue_id,
        )
        self._pace = Pace()
        self._wake = self._pace.wake
        self._permits = Permits(options.limits)
        self._desk = SendingDesk(
            signer,
            self._registrar.prepared,
            self._permits,
            wake=self._wake.set,
            hurry=self._pace.hurry.set,
            arrived=lambda: self._lanes.wake(1),
        )
        self._lanes = Lanes(relays, self._desk, options.lanes)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._held = Holdings(
            lease_seconds=options.lease_seconds,
            retry_schedule=options.retry_schedule,
            hold_uncertain=options.hold_uncertain,
            changed=self._wake.set,
        )
        self._database_problem = ""
        self._window = 0  # how many may lie on the desk
        self._stopping = False
        self._due_at: dict[str, float] = {}

    @property
    def accepted(self) -> int:
        """How many messages relays took from this worker."""
        return self._desk.accepted

    @property
    def problem(self) -> str:
        """Why nothing can be sent now; empty when all is well."""
        return self._database_problem or self._lanes.problem

    async def run(self, stop: asyncio.Event) -> None:
        """Send until *stop* is set; then finish what is in flight and hand the leases back."""
        log.info("worker %s started", self.name)
        gc.freeze()  # what was imported stays: no need to look through it again and again
        gc.set_threshold(_GARBAGE_AFTER)
        self._lanes.start()
        stopping = asyncio.create_task(self._stop_lanes(stop))
        try:
            while not stopping.done():
                await self._rest(stopping)
                await self._turn()
                await self._keep_house()
        finally:
            stop.set()  # whatever ended us
            await stopping
            await self._hand_back()

    async def _stop_lanes(self, stop: asyncio.Event) -> None:
        """Once we are to end, take nothing more; what is in flight is told as it is answered."""
        await stop.wait()
        self._stopping = True
        await self._lanes.stop(self._options.stop_seconds)

    async def _rest(self, stopper: asyncio.Task[None]) -> None:
        """Wait for something to do; then let more of it gather, so that turns are shared."""
        await self._pace.awake(stopper, at_most=_WATCH_SECONDS if self._held else _POLL_SECONDS)
        dry = not self._desk.laid and self._held.waiting
        if self._held and (self._stopping or not dry):
            await self._pace.gather(self._desk.taken)
        self._pace.begin()

    async def _turn(self) -> None:
        granted = [] if self._stopping else self._grant()
        until = time.monotonic() + self._options.lease_seconds
        turn = self._next_turn(granted)
        if not turn:
            return
        try:
            answer = await self._in_thread(turn)
        except Unavailable as error:
            await self._keep_unwritten(turn, granted, str(error))
            return
        self._database_problem = ""
        self._pace.took(time.monotonic() - turn.began)
        self._take_in(turn, answer, until)
        self._desk.lay(granted)
        self._desk.take_back(batch for batch in self._held if batch.closing or batch.lost)
        self._lanes.wake(len(self._desk.ready))

    def _grant(self) -> list[Item]:
        """Recipients who may be handed over once the ledger knows that they may."""
        taken, self._desk.taken = self._desk.taken, 0
        self._window = min(_MOST_GRANTED, max(2 * self._options.lanes.connections, 3 * taken))
        coming = len(self._desk.coming) + self._permits.total  # some of them for a later moment
        free = min(_MOST_GRANTED, max(self._window, coming)) - self._desk.laid
        permits = self._permits if self._options.limits else None
        granted: list[Item] = []
        for batch in self._held:
            most = free - len(granted)
            if most > 0:
                granted += batch.grant(most, permits, self._sender(batch))
        return granted

    def _next_turn(self, granted: list[Item]) -> Turn:
        began, now = time.monotonic(), self._clock()
        self._desk.date = date_value(now)
        unsendable, self._desk.unsendable = self._desk.unsendable, {}
        turn = Turn(now=now, began=began, stop_issues=unsendable)
        self._held.tell(turn, granted={item.batch for item in granted})
        turn.permits = self._wanted_permits()
        turn.unused = self._permits.unused(all_of_them=self._stopping)
        if self._held and self._is_due("watch", _WATCH_SECONDS):
            turn.watch.update(batch.issue_id for batch in self._held)
        turn.lease = self._wants_lease()
        return turn

    def _wanted_permits(self) -> dict[Kind, int]:
        """Ask for those who could go now; more would be kept from other workers."""
        limits, room = self._options.limits, self._window - len(self._desk.ready)
        if self._stopping or not limits or room <= 0:  # relays do not take what there is
            return {}
        waiting: Counter[Kind] = Counter()
        for batch in self._held:
            sender = self._sender(batch)
            waiting[limits.kind(sender)] += batch.waiting
            if not batch.closing:
                for domain, number in batch.aside.items():
                    waiting[limits.kind(sender, domain)] += number
        return self._permits.wanted(waiting, room=room)

    def _sender(self, batch: HeldBatch) -> str:
        return self._registrar.prepared[batch.issue_id].sender

    def _wants_lease(self) -> bool:
        return (
            not self._stopping
            and not self._held.full
            and self._held.waiting + len(self._desk.ready) < _MOST_GRANTED // 2
            and self._now() >= self._due_at.get("lease", 0.0)
        )

    def _take_in(self, turn: Turn, answer: Answer, until: float) -> None:
        self._held.told(turn, answer, until=until)
        stopped = turn.stop_issues.keys() | answer.stopped.keys()
        self._held.close(stopped | (turn.watch - answer.sending))
        self._take_permits(turn, answer)
        if turn.lease:
            self._hold(answer.leased, answer.loaded, until)

    def _take_permits(self, turn: Turn, answer: Answer) -> None:
        if not turn.permits:
            return
        for kind, moments in answer.permits.items():
            self._permits.add(kind, moments, now=turn.now, began=turn.began)
        if any(answer.permits.values()):
            self._wake.set()
        pause = max(_PERMIT_SECONDS, answer.permits_in)
        asyncio.get_running_loop().call_later(pause, self._wake.set)
        for batch in self._held:
            sender = self._sender(batch)
            # Whoever is out has a permit; only then is the batch given back until tomorrow.
            if sender in answer.spent and not batch.out and not self._permits.held_of(sender):
                batch.closing = True

    def _hold(self, leased: Leased | None, loaded: Loaded | None, until: float) -> None:
        if leased is None or loaded is None:
            self._due_at["lease"] = self._now() + _POLL_SECONDS
            return
        if not self._held:
            self._due_at["house"] = 0.0  # connections may have to be asked for
        self._held.hold(leased, loaded, until=until)

    async def _keep_unwritten(self, turn: Turn, granted: list[Item], problem: str) -> None:
        """The ledger cannot be written: keep everything, grant nothing, try again."""
        if problem != self._database_problem:
            log.error("%s Sending waits.", problem)
        self._database_problem = problem
        self._held.not_told(turn)
        for item in reversed(granted):
            item.batch.take_back([item])
            self._permits.back(item.permit)
        self._permits.keep_unused(turn.unused)
        self._desk.unsendable = turn.stop_issues | self._desk.unsendable
        await asyncio.sleep(_DATABASE_PAUSE)
        self._wake.set()

    async def _keep_house(self) -> None:
        if self._is_due("house", self._options.house_seconds):
            busy = bool(self._held)
            keeping = partial(
                self._registrar.keep_house,
                self._clock(),
                self._lanes.wishes(busy=busy),
                self._lanes.problems if busy else {},
                alone=bool(self._lanes.problem),
            )
            loop = asyncio.get_running_loop()
            try:
                self._lanes.allow(await loop.run_in_executor(self._thread, keeping))
            except Unavailable as error:
                self._database_problem = str(error)

    async def _hand_back(self) -> None:
        self._desk.take_back(self._held)
        for batch in self._held:
            batch.closing = True
        for _ in range(_LAST_TURNS):
            if self._held:
                await self._turn()
        self._due_at["house"] = 0.0  # others may have our connections now
        await self._keep_house()
        if self._held:
            log.error(
                "%d batches could not be handed back: they wait until their leases end",
                len(self._held),
            )
        self._thread.shutdown()

    async def _in_thread(self, turn: Turn) -> Answer:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._registrar.take, turn)

    def _is_due(self, what: str, seconds: float) -> bool:
        if self._now() < self._due_at.get(what, 0.0):
            return False
        self._due_at[what] = self._now() + seconds
        return True

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

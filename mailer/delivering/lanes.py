"""Keeps a number of connections to the relays open while there is work, and mends what breaks."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mailer.delivering.bunching import Bunching
from mailer.delivering.connecting import Connection, close_connection, open_connection
from mailer.delivering.lane import Desk, Lane
from mailer.delivering.seats import Wish
from mailer.errors import RelayUnavailable
from mailer.relays import Relay, shares
from mailer.sentences import Sentence

log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 10.0
_IDLE_SECONDS = 5.0
_WATCH_SECONDS = 1.0
_CONNECT_SECONDS = 30.0
_SEAT_SECONDS = 0.1  # asks again whether there may be one connection more


class BusyDesk(Desk, Protocol):
    """A desk that says whether anything lies on it."""

    @property
    def busy(self) -> bool:
        """Whether a lane would get a message now."""
        ...


@dataclass(frozen=True, slots=True)
class LaneOptions:
    """How connections are used."""

    connections: int
    messages_per_connection: int
    timeout: float  # seconds without an answer after which a connection is given up
    hostname: str  # what we call ourselves in EHLO


class Lanes:
    """All connections of one worker. A relay that is away leaves its work to the others."""

    def __init__(self, relays: Sequence[Relay], desk: BusyDesk, options: LaneOptions) -> None:
        self._relays, self._desk, self._options = relays, desk, options
        self._idle: deque[asyncio.Future[None]] = deque()  # without a connection, without work
        self._parked: dict[Lane, float] = {}  # connected, without work, since when
        self._open: dict[Lane, tuple[Relay, int]] = {}
        self._seats: set[tuple[Relay, int]] = set()  # connections that are open, or being opened
        self._allowed = {relay: 0 for relay in relays if relay.connections is not None}
        self._tasks: list[asyncio.Task[None]] = []
        self._connecting: set[asyncio.Task[Any]] = set()
        self._bunching = Bunching(lambda: len(self._open) - len(self._parked))
        self._stopping = asyncio.Event()
        self._problems: dict[Relay, str] = {}

    def start(self) -> None:
        """Be ready to connect; nothing is opened before there is work."""
        numbers = shares(self._relays, self._options.connections)
        self._tasks = [
            asyncio.create_task(self._keep(relay, number))
            for relay, most in zip(self._relays, numbers, strict=True)
            for number in range(most)
        ]
        self._tasks.append(asyncio.create_task(self._watch()))

    def wishes(self, *, busy: bool) -> dict[str, Wish]:
        """What to ask for of relays that allow all workers only so many connections."""
        numbers = shares(self._relays, self._options.connections)
        return {
            str(relay): Wish(
                relay.connections,
                number if busy else 0,
                sum(1 for one, _ in self._seats if one == relay),
            )
            for relay, number in zip(self._relays, numbers, strict=True)
            if relay.connections is not None
        }

    def allow(self, allowed: Mapping[str, int]) -> None:
        """So many connections may be open; those above finish what is in flight."""
        for relay in self._allowed:
            self._allowed[relay] = allowed[str(relay)]
        for lane, (relay, number) in list(self._open.items()):
            if not self._may(relay, number):
                lane.stop()

    def _may(self, relay: Relay, number: int) -> bool:
        return number < self._allowed.get(relay, number + 1)

    def wake(self, messages: int) -> None:
        """There are *messages* to take: wake as many lanes as that needs."""
        while self._parked and messages > 0:
            lane, _ = self._parked.popitem()
            lane.wake()
            messages -= 1
        while self._idle and messages > 0:
            waiting = self._idle.popleft()
            if not waiting.done():
                waiting.set_result(None)
                messages -= 1

    async def stop(self, seconds: float) -> None:
        """Finish what is in flight, for at most *seconds*; then drop the connections."""
        self._stopping.set()
        for lane in list(self._open):
            lane.stop()
        for task in self._connecting:  # nothing is in flight there
            task.cancel()
        self.wake(len(self._idle) + len(self._parked))
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for lane in list(self._open):
            lane.abort("this worker was stopped before the answer came")
        if late:
            _, late = await asyncio.wait(late, timeout=1.0)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _keep(self, relay: Relay, number: int) -> None:
        failures = 0
        while not self._stopping.is_set():
            if not self._desk.busy:
                await self._work()
                continue
            if not self._may(relay, number):
                await self._pause(_SEAT_SECONDS)
                continue
            self._seats.add((relay, number))
            try:
                useful = await self._use_one(relay, number)
            finally:
                self._seats.discard((relay, number))
            failures = 0 if useful else failures + 1
            if failures:
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (failures - 1))
                await self._pause(pause * random.uniform(0.5, 1.0))  # noqa: S311  # no secret

    async def _use_one(self, relay: Relay, number: int) -> bool:
        """Open a connection and use it up; whether it was of any use."""
        try:
            connection = await self._connect(relay)
        except RelayUnavailable as error:
            self._say(relay, error.sentence)
            return False
        lane = Lane(
            connection,
            self._desk,
            most=self._options.messages_per_connection,
            parked=self._park,
            answered=self._bunching.answered,
        )
        self._open[lane] = relay, number
        try:
            lane.start()
            if self._stopping.is_set() or not self._may(relay, number):
                lane.stop()
            await lane.closed
        finally:
            del self._open[lane]
            self._parked.pop(lane, None)
            await close_connection(connection)
        if lane.settled or not lane.lost:
            self._say(relay, "")
            return True
        self._say(
            relay,
            Sentence("{relay} closed the connection: {words}.", relay=str(relay), words=lane.lost),
        )
        return False

    async def _connect(self, relay: Relay) -> Connection:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # tells mypy
        self._connecting.add(task)
        try:
            return await open_connection(
                relay, timeout=_CONNECT_SECONDS, hostname=self._options.hostname
            )
        finally:
            self._connecting.discard(task)

    def _park(self, lane: Lane) -> None:
        self._parked[lane] = asyncio.get_running_loop().time()

    async def _work(self) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._idle.append(waiting)
        await waiting

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _watch(self) -> None:
        """Give up connections whose server does not answer; close those without work."""
        while not self._stopping.is_set():
            await self._pause(_WATCH_SECONDS)
            now = asyncio.get_running_loop().time()
            for lane in list(self._open):
                if lane.waiting and now - lane.answered_at > self._options.timeout:
                    lane.abort(f"no answer for {self._options.timeout:g} seconds")
            for lane, since in list(self._parked.items()):
                if now - since > _IDLE_SECONDS:
                    lane.stop()

    @property
    def problems(self) -> dict[str, str]:
        """Why relays take nothing, by relay."""
        taking = {relay for lane, (relay, _) in self._open.items() if lane.settled}
        return {
            str(relay): problem
            for relay, problem in self._problems.items()
            if problem and relay not in taking
        }

    @property
    def problem(self) -> str:
        """Why no relay takes mail; empty while one of them does."""
        problems = self.problems
        return " ".join(problems.values()) if len(problems) == len(self._relays) else ""

    def _say(self, relay: Relay, problem: str) -> None:
        if problem and problem != self._problems.get(relay):
            log.warning("%s", problem)
        self._problems[relay] = problem

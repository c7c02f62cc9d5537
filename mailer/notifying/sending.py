"""Carries notices to the relays: each held by one courier, settled before the next one is taken."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from sqlalchemy import Engine

from mailer.clock import Clock
from mailer.database.engine import reading, transaction
from mailer.delivering.connecting import Connection, close_connection, open_connection
from mailer.delivering.envelopes import envelope
from mailer.delivering.lane import Handover, Lane
from mailer.delivering.meters import count
from mailer.delivering.outcomes import Reply
from mailer.delivering.permits import NO_LIMITS, Limits
from mailer.errors import InvalidInput, RelayUnavailable, Unavailable
from mailer.notifying import notices
from mailer.notifying.message import dot_safe
from mailer.notifying.notices import Held
from mailer.notifying.seating import seat
from mailer.relays import Relay
from mailer.signing import DkimSigner

log = logging.getLogger(__name__)

_COURIERS = 4
_ANSWER_SECONDS = 60.0  # well within a lease
_CONNECT_SECONDS = 30.0
_LAST_SECONDS = 4.0
_PATIENCE = (0.5, 2.0, 8.0)  # seconds between tries to note an answer
_DEFERRED = 451
_NO_SMTPUTF8 = Reply(553, "the relay takes no address with letters beyond ASCII before the @")


@dataclass(frozen=True, slots=True)
class Post:
    """Where notices go out, and how they are signed."""

    engine: Engine
    relays: Sequence[Relay]
    hostname: str
    clock: Clock
    dkim: DkimSigner | None = None
    limits: Limits = NO_LIMITS

    async def send_due(self) -> int:
        """Send what is due, until nothing is; how many were settled."""
        settled = 0
        try:
            if not await asyncio.to_thread(self._any_due):
                return 0
            held = await asyncio.to_thread(self._take)
            while held is not None:
                done, held = await self._use_connection(held)
                settled += done
        except Unavailable as error:
            log.error("%s Mails to single people wait.", error)
        return settled

    async def _use_connection(self, held: Held) -> tuple[int, Held | None]:
        """Carry *held* and what follows over one connection, as long as that lasts."""
        async with AsyncExitStack() as seats:
            try:
                connection = await self._connect(seats)
            except RelayUnavailable as error:
                log.warning("%s", error)
                await asyncio.to_thread(self._give_back, held, str(error))
                return 0, None
            try:
                return await self._use(connection, held)
            finally:
                await close_connection(connection)

    async def _use(self, connection: Connection, held: Held) -> tuple[int, Held | None]:
        counter = _Counter()
        lane = Lane(connection, counter, most=10_000, parked=counter.rest)
        settled = 0
        try:
            lane.start()
            following: Held | None = held
            while following is not None:
                mine = following
                reply = await self._carry(mine, lane, counter, connection)
                following = await self._note(mine, reply)
                settled += 1
                if following is not None and lane.closed.done():
                    return settled, following
        finally:
            lane.stop()
        return settled, None

    async def _connect(self, seats: AsyncExitStack) -> Connection:
        """A connection to one of the relays, the heavier ones more often asked first."""
        order = sorted(self.relays, key=lambda relay: random.random() ** (1 / relay.weight))  # noqa: S311  # no secret
        problems = []
        for relay in reversed(order):
            try:
                await seats.enter_async_context(seat(self.engine, relay, self.clock))
                return await open_connection(
                    relay, timeout=_CONNECT_SECONDS, hostname=self.hostname
                )
            except RelayUnavailable as error:
                problems.append(str(error))
        raise RelayUnavailable(" ".join(problems) or "There is no relay.")

    async def _carry(
        self, held: Held, lane: Lane, counter: _Counter, connection: Connection
    ) -> Reply:
        recipient = held.recipient.encode()
        if not recipient.isascii() and not connection.smtputf8:
            return _NO_SMTPUTF8
        handover = Handover(
            held, envelope(held.mail_from.encode(), recipient), dot_safe(self._signed(held))
        )
        answer = counter.put(handover)
        lane.wake()
        ends = (answer, lane.closed)
        await asyncio.wait(ends, timeout=_ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done() and not lane.closed.done():
            lane.abort(f"no answer for {_ANSWER_SECONDS:g} seconds")
            await lane.closed
        # A lane tells its desk before it is closed: without an answer, it never took the message.
        return answer.result() if answer.done() else Reply(_DEFERRED, lane.lost)

    def _signed(self, held: Held) -> bytes:
        head = held.message.partition(b"\r\n\r\n")[0].lower()
        if self.dkim is None or b"dkim-signature:" in head:
            return held.message
        signer = self.dkim.covering(_from_domain(head))
        try:
            return signer.sign(held.message, now=self.clock()) if signer else held.message
        except InvalidInput as error:
            log.warning("notice %d goes without a DKIM signature: %s", held.id, error)
            return held.message

    def _any_due(self) -> bool:
        with reading(self.engine) as session:
            return notices.any_due(session, self.clock())

    def _take(self) -> Held | None:
        with transaction(self.engine) as session:
            return notices.take(session, self.clock())

    async def _note(self, held: Held, reply: Reply) -> Held | None:
        """Settle one and take the next; a database that is away for a moment loses no answer."""
        for pause in _PATIENCE:
            try:
                return await asyncio.to_thread(self._settle_and_take, held, reply)
            except Unavailable as error:
                log.warning("%s", error)
                await asyncio.sleep(pause)
        return await asyncio.to_thread(self._settle_and_take, held, reply)

    def _settle_and_take(self, held: Held, reply: Reply) -> Held | None:
        now = self.clock()
        with transaction(self.engine) as session:
            notices.settle(session, held, reply, now)
            count(session, self.limits, held.recipient.rpartition("@")[2], now=now)
            return notices.take(session, now)

    def _give_back(self, held: Held, why: str) -> None:
        with transaction(self.engine) as session:
            notices.give_back(session, held, why, self.clock())


class Couriers:
    """A few couriers at work at the same time; one that hangs holds up nobody else.

    Where a relay allows few connections, they take half of them at most.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        allowed = [relay.connections for relay in post.relays if relay.connections is not None]
        self._most = min(_COURIERS, max(1, min(allowed, default=2 * _COURIERS) // 2))
        self._tasks: set[asyncio.Task[int]] = set()

    async def tick(self) -> None:
        """Send one more courier out, if there is one; called every second."""
        if len(self._tasks) < self._most:
            task = asyncio.create_task(self._post.send_due())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Let those on their way arrive, for a few seconds; a lease ends for what is left."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_LAST_SECONDS)
            for task in late:
                task.cancel()


class _Counter:
    """The desk of one lane, with one message on it at a time."""

    def __init__(self) -> None:
        self._waiting: Handover | None = None
        self._answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def put(self, handover: Handover) -> asyncio.Future[Reply]:
        self._waiting = handover
        self._answer = asyncio.get_running_loop().create_future()
        return self._answer

    def take(self, connection: Connection) -> Handover | None:  # noqa: ARG002  # the lane hands it
        """The message, once."""
        handover, self._waiting = self._waiting, None
        return handover

    def settle(self, key: Held, reply: Reply) -> None:  # noqa: ARG002  # the lane hands it
        """The relay answered."""
        self._say(reply)

    def unsent(self, key: Held, why: str) -> None:  # noqa: ARG002  # the lane hands it
        """Certainly not taken: tried again."""
        self._say(Reply(_DEFERRED, why))

    def uncertain(self, key: Held, why: str) -> None:  # noqa: ARG002  # the lane hands it
        """Handed over whole, then no answer (RFC 1047): tried again, with its Message-ID."""
        self._say(Reply(_DEFERRED, f"uncertain: {why}"))

    def rest(self, lane: Lane) -> None:
        """The lane has nothing to do; the next `put` is followed by a wake."""

    def _say(self, answer: Reply) -> None:
        if not self._answer.done():
            self._answer.set_result(answer)


def _from_domain(head: bytes) -> str:
    for line in head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n"):
        if line.startswith(b"from:"):
            return line.decode("utf-8", "replace").rpartition("@")[2].rstrip("> ")
    return ""

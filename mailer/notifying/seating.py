"""A courier's connection to a relay that allows only so many: workers leave it one."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import Engine

from mailer.clock import Clock
from mailer.database.engine import transaction
from mailer.delivering.seats import COURIER, Wish, share_out
from mailer.errors import RelayUnavailable, Unavailable
from mailer.relays import Relay

_PAUSE = 0.5
_TRIES = 40  # workers let go of one within two seconds, when what is in flight has finished
_RENEW_SECONDS = 5.0


@asynccontextmanager
async def seat(engine: Engine, relay: Relay, clock: Clock) -> AsyncIterator[None]:
    """The right to one connection to *relay*; ``RelayUnavailable`` if none gets free."""
    if relay.connections is None:
        yield
        return
    asking = _Asking(engine, relay, relay.connections, clock)
    renewing = None
    try:
        await asking.until_given()
        renewing = asyncio.create_task(asking.renew())
        yield
    finally:
        if renewing is not None:
            renewing.cancel()
        with suppress(Unavailable):  # it ends by itself, too
            await asyncio.to_thread(asking.ask, 0)


class _Asking:
    """One courier's row among those of the workers."""

    def __init__(self, engine: Engine, relay: Relay, most: int, clock: Clock) -> None:
        self._engine, self._relay, self._most, self._clock = engine, relay, most, clock
        self._name = f"{COURIER}{secrets.token_hex(4)}"
        self._held = 0

    def ask(self, wanted: int) -> int:
        held = self._held if wanted else 0
        wish = Wish(self._most, wanted, held)
        with transaction(self._engine) as session:
            now = self._clock()
            return share_out(session, str(self._relay), wish, worker=self._name, now=now)

    async def until_given(self) -> None:
        for _ in range(_TRIES):
            self._held = await asyncio.to_thread(self.ask, 1)
            if self._held:
                return
            await asyncio.sleep(_PAUSE)
        raise RelayUnavailable(f"{self._relay} allows {self._most} connections, and all are busy.")

    async def renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            with suppress(Unavailable):
                await asyncio.to_thread(self.ask, 1)

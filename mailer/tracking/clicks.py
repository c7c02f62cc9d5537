"""Stores clicks: every click that is answered has been committed before."""

from __future__ import annotations

import asyncio

from sqlalchemy import Engine

from mailer.clock import Clock
from mailer.database.rows import adding, moment
from mailer.tokens import Reader
from mailer.tracking.records import CLICKS

# A reader waits no longer for their click to be stored; it is stored later, if it can be.
PATIENCE_SECONDS = 3.0


class ClickRecorder:
    """Clicks of one process, by group commit."""

    def __init__(self, engine: Engine, clock: Clock, *, patience: float = PATIENCE_SECONDS) -> None:
        self._clock = clock
        self._group = adding(engine, CLICKS, "clicks", patience=patience)

    @property
    def lost(self) -> int:
        """Clicks that could not be stored, since the start; each is in the log, too."""
        return self._group.lost

    def record(
        self, reader: Reader, link_number: int, machine: str | None = None
    ) -> asyncio.Future[None]:
        """Await it: the click is committed then; any exception says that it is lost (and counted)."""
        return self._group.add(
            (reader.issue_id, reader.subscriber_id, link_number, moment(self._clock()), machine)
        )

    async def close(self) -> None:
        """Store what still waits."""
        await self._group.close()

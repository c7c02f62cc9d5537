"""When a worker takes its next turn at the ledger: soon, and with as much to tell as is worth it."""

from __future__ import annotations

import asyncio
import contextlib

# Fates are written together: what a kill leaves uncertain is what was granted since.
_APART = 0.02
# A turn costs as much as a hundred of its rows: where it goes fast, there are fewer and wider ones.
_FAST = 2000  # messages a second
_APART_WHEN_FAST = 0.05
# And where many share a machine or a database, so that turns take this share of the time at most.
_SHARE = 0.1
_FARTHEST_APART = 0.2


class Pace:
    """Waits until there is something to tell or to ask, and until more of it has gathered."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()  # there is something to tell or to ask
        self.hurry = asyncio.Event()  # connections will run dry before long
        self._at = 0.0
        self._took = 0.0

    def took(self, seconds: float) -> None:
        """How long the ledger needed for the turn."""
        self._took = seconds

    async def awake(self, stopper: asyncio.Task[None], *, at_most: float) -> None:
        """Wait for something to do, or for the end."""
        if not self.wake.is_set():
            waker = asyncio.create_task(self.wake.wait())
            await asyncio.wait({waker, stopper}, timeout=at_most, return_when="FIRST_COMPLETED")
            waker.cancel()

    async def gather(self, taken: int) -> None:
        """Let some time pass since the last turn, in which *taken* messages were handed over."""
        since = _now() - self._at
        apart = _APART_WHEN_FAST if taken > _FAST * since else _APART
        apart = max(apart, min(_FARTHEST_APART, self._took / _SHARE))
        if since < _APART:
            await asyncio.sleep(_APART - since)
        longer = apart - max(since, _APART)
        if longer > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.hurry.wait(), longer)

    def begin(self) -> None:
        """A turn begins now."""
        self.wake.clear()
        self.hurry.clear()
        self._at = _now()


def _now() -> float:
    return asyncio.get_running_loop().time()

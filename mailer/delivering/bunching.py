"""Lets the answers of busy connections gather: to be woken for each costs more than to read it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_FEWEST = 6  # connections at work: with fewer, the relay would wait for us
_PER_CONNECTION = 0.00003  # seconds
_LONGEST = 0.0005
_THICK = 0.0005  # seconds between answers: where they come more rarely, nothing is gained


class Bunching:
    """Keeps the event loop away from the network for part of a millisecond after answers.

    Only while at least six connections are at work and answers come more often than every half
    millisecond. The ledger's thread works on meanwhile.
    """

    def __init__(
        self, connections: Callable[[], int], *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """*connections* says how many are at work; *pause* blocks for so many seconds."""
        self._connections, self._pause = connections, pause
        self._answers = 0
        self._since = 0.0

    def answered(self) -> None:
        """A server answered; others are about to."""
        self._answers += 1
        if self._answers == 1:
            asyncio.get_running_loop().call_soon(self._gather)

    def _gather(self) -> None:
        answers, self._answers = self._answers, 0
        began, self._since = self._since, time.monotonic()
        connections = self._connections()
        if connections >= _FEWEST and self._since - began < answers * _THICK:
            self._pause(min(_LONGEST, connections * _PER_CONNECTION))

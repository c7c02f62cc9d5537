"""Granted recipients whose moment has not come yet: a rate spreads them over its time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Collection

from mailer.delivering.held import HeldBatch, Item


class Coming:
    """Lets each arrive when its permit begins."""

    def __init__(self, arrive: Callable[[Item], None]) -> None:
        self._arrive = arrive
        self._waiting: list[tuple[float, int, Item]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, item: Item, since: float) -> None:
        """It arrives when the monotonic clock says *since*."""
        heapq.heappush(self._waiting, (since, next(self._numbers), item))
        if self._waiting[0][2] is item:
            self._set_timer()

    def take_out(self, batches: Collection[HeldBatch]) -> list[Item]:
        """Those of *batches*: they do not arrive any more."""
        gone = [one[2] for one in sorted(self._waiting) if one[2].batch in batches]
        self._waiting = [one for one in self._waiting if one[2].batch not in batches]
        heapq.heapify(self._waiting)
        return gone

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        seconds = max(0.0, self._waiting[0][0] - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(seconds, self._let_in)

    def _let_in(self) -> None:
        self._timer = None
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            self._arrive(heapq.heappop(self._waiting)[2])
        if self._waiting:
            self._set_timer()

"""The batches that a worker holds: what the ledger is told of them in a turn, and what it says."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

from mailer.delivering.held import HeldBatch
from mailer.delivering.ledger import Leased, Progress
from mailer.delivering.outcomes import next_try
from mailer.delivering.recipients import Loaded
from mailer.delivering.turns import Answer, Turn

log = logging.getLogger(__name__)

_MOST_BATCHES = 20
_PUT_OFF = timedelta(seconds=30)


class Holdings:
    """Batches by id; *changed* is called when there is something new to do with them."""

    def __init__(
        self,
        *,
        lease_seconds: float,
        retry_schedule: tuple[timedelta, ...],
        hold_uncertain: bool,
        changed: Callable[[], None],
    ) -> None:
        self._lease_seconds, self._schedule = lease_seconds, retry_schedule
        self._hold_uncertain, self._changed = hold_uncertain, changed
        self._batches: dict[int, HeldBatch] = {}

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[HeldBatch]:
        return iter(self._batches.values())

    @property
    def full(self) -> bool:
        """Whether no further batch can be held."""
        return len(self._batches) >= _MOST_BATCHES

    @property
    def waiting(self) -> int:
        """How many recipients may still be granted."""
        return sum(batch.waiting for batch in self)

    def hold(self, leased: Leased, loaded: Loaded, *, until: float) -> None:
        """Take in a batch whose lease ends when the monotonic clock says *until*."""
        batch = HeldBatch(
            leased,
            loaded,
            hold_uncertain=self._hold_uncertain,
            last_attempt=leased.attempt > len(self._schedule),
        )
        batch.until = until
        self._batches[leased.batch_id] = batch
        self._changed()

    def close(self, issue_ids: Collection[int]) -> None:
        """These issues are not sent any more: hand over nothing, give their batches back."""
        gone = [batch for batch in self if batch.issue_id in issue_ids]
        for batch in gone:
            batch.closing = True
        if gone:
            self._changed()

    def tell(self, turn: Turn, *, granted: Collection[HeldBatch]) -> None:
        """Put into *turn* what the ledger has to know, and what is asked of it."""
        self._put_off(turn.now)
        for batch in self:
            if batch.dirty or batch in granted or self._renewal_is_due(batch):
                turn.progress.append(batch.progress(self._retry_at(batch.leased, turn.now)))
            if batch.closing and not batch.out and not batch.complete:
                turn.release.append(batch.leased)
            elif ids := batch.to_read():
                turn.read.append((batch.leased, ids))

    def told(self, turn: Turn, answer: Answer, *, until: float) -> None:
        """The ledger has it: leases end at *until*, and what is over is held no longer."""
        for progress in turn.progress:
            self._batches[progress.batch_id].until = until
            self._apply(progress, answer)
        for leased in turn.release:
            if leased.batch_id in self._batches:
                self._drop(leased.batch_id)
        for batch_id, loaded in answer.read.items():
            if batch_id in self._batches:
                self._batches[batch_id].read(loaded)
                self._changed()

    def not_told(self, turn: Turn) -> None:
        """The ledger could not be written: everything is told again."""
        for progress in turn.progress:
            self._batches[progress.batch_id].unwritten(progress)

    def _put_off(self, now: datetime) -> None:
        """Many batches whose last recipients lack permits would fill the memory: let them go."""
        if self.full:
            for batch in self:
                if batch.aside and not batch.waiting and not batch.out:
                    batch.put_off(now + _PUT_OFF)

    def _apply(self, progress: Progress, answer: Answer) -> None:
        batch = self._batches[progress.batch_id]
        if progress.batch_id in answer.lost and not batch.lost:
            log.warning("batch %s was taken over by another worker", progress.batch_id)
            batch.lost = True
        if progress.complete or (batch.lost and not batch.out):
            self._drop(progress.batch_id)

    def _drop(self, batch_id: int) -> None:
        del self._batches[batch_id]
        self._changed()

    def _retry_at(self, leased: Leased, now: datetime) -> datetime:
        return next_try(leased.attempt, self._schedule, now) or now

    def _renewal_is_due(self, batch: HeldBatch) -> bool:
        left = batch.until - time.monotonic()
        return not batch.lost and left < self._lease_seconds * 2 / 3

"""A leased batch in a worker's memory: what may be handed over, what is out, what came of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mailer.database.tables import Doubt, Fate
from mailer.delivering.ledger import Later, Leased, Progress
from mailer.delivering.outcomes import Outcome
from mailer.delivering.permits import Permits
from mailer.delivering.recipients import Loaded, Recipient
from mailer.delivering.recording import Doubted, Replies

# How often one message may go again at once before it waits for the retry schedule.
_MOST_TRIES_AT_ONCE = 3

_FATES = {
    Outcome.ACCEPTED: Fate.ACCEPTED,
    Outcome.REFUSED: Fate.REFUSED,
    Outcome.SKIPPED: Fate.SKIPPED,
}


@dataclass(slots=True)
class Item:
    """One recipient on the way through a worker."""

    batch: HeldBatch
    position: int
    recipient: Recipient
    tries: int = 0


class HeldBatch:
    """One batch under this worker's lease; knows no database and no network."""

    def __init__(
        self, leased: Leased, loaded: Loaded, *, hold_uncertain: bool, last_attempt: bool
    ) -> None:
        self.leased = leased
        self.handed = 0
        self.until = 0.0  # when the lease ends, by the machine's monotonic clock
        self.closing = False  # nothing more is granted; released when nothing is out
        self.lost = False  # another worker has it: only the record is still written
        self._hold_uncertain = hold_uncertain
        self._last_attempt = last_attempt
        self._deferred = list(leased.deferred)
        self._held: list[int] = []
        self._put_off: Later | None = None
        self._out = 0
        self._recorded: dict[Fate, Replies] = {}
        self._doubted: list[Doubted] = []
        self._people = loaded.recipients
        self._waiting: deque[int] = deque()
        self._aside: dict[str, deque[int]] = {}  # by domain: no permit for it yet
        for position in leased.undecided:
            self._admit(position, loaded, set(leased.uncertain))

    def _admit(self, position: int, loaded: Loaded, uncertain: set[int]) -> None:
        one = self.leased.subscriber_ids[position]
        if one in loaded.skipped:
            self._record(one, Fate.SKIPPED, loaded.skipped[one])
        elif position in uncertain and self._hold_uncertain:
            self._held.append(one)
        else:
            self._waiting.append(position)

    @property
    def issue_id(self) -> int:
        """The issue whose recipients these are."""
        return self.leased.issue_id

    @property
    def waiting(self) -> int:
        """How many may still be granted."""
        return 0 if self.closing or self.lost else len(self._waiting)

    @property
    def aside(self) -> dict[str, int]:
        """How many wait for a permit of their domain."""
        return {domain: len(positions) for domain, positions in self._aside.items()}

    @property
    def out(self) -> int:
        """How many are granted and not yet decided."""
        return self._out

    @property
    def ours(self) -> bool:
        """Whether its recipients may be handed over: as far as we know nobody else may."""
        return not (self.closing or self.lost) and time.monotonic() < self.until

    @property
    def complete(self) -> bool:
        """Whether everybody is decided, or goes on in another batch."""
        return not self._waiting and not self._out and not self._aside

    @property
    def dirty(self) -> bool:
        """Whether there is anything to write, if only that there is nothing any more."""
        over = self.complete or (self.lost and not self._out)
        return over or bool(self._recorded or self._doubted)

    def grant(self, most: int, permits: Permits | None = None) -> list[Item]:
        """The next recipients; they may be handed over once *handed* is written to the ledger.

        Whoever has no permit for their domain is set aside until there is one.
        """
        if self.closing or self.lost:
            return []
        items: list[Item] = []
        if permits is not None:
            self._grant_aside(items, most, permits)
        while self._waiting and len(items) < most:
            position = self._waiting.popleft()
            recipient = self._recipient(position)
            if permits is not None and not permits.take(recipient.domain):
                self._aside.setdefault(recipient.domain, deque()).append(position)
                continue
            items.append(self._item(position, recipient))
        self._out += len(items)
        return items

    def _grant_aside(self, items: list[Item], most: int, permits: Permits) -> None:
        for domain, positions in list(self._aside.items()):
            while positions and len(items) < most and permits.take(domain):
                position = positions.popleft()
                items.append(self._item(position, self._recipient(position)))
            if not positions:
                del self._aside[domain]

    def _recipient(self, position: int) -> Recipient:
        return self._people[self.leased.subscriber_ids[position]]

    def _item(self, position: int, recipient: Recipient) -> Item:
        self.handed = max(self.handed, position + 1)
        return Item(self, position, recipient)

    def put_off(self, until: datetime) -> None:
        """Let those set aside go on in a batch of their own, from *until* on."""
        ids = [
            self.leased.subscriber_ids[position]
            for positions in self._aside.values()
            for position in positions
        ]
        self._aside.clear()
        self._put_off = Later(ids, self.leased.attempt, until) if ids else None

    def take_back(self, items: Iterable[Item]) -> None:
        """Granted, but never handed to a relay: they wait again."""
        for item in reversed(list(items)):
            self._waiting.appendleft(item.position)
            self._out -= 1

    def settle(self, item: Item, outcome: Outcome, reply: str) -> None:
        """What came of an attempt that decided something, or is to be made again later."""
        self._out -= 1
        one = item.recipient.subscriber_id
        fate = _FATES.get(outcome)
        if fate is not None:
            self._record(one, fate, reply)
        elif self._last_attempt:
            words = f"{reply} (given up after attempt {self.leased.attempt})"
            self._record(one, Fate.REFUSED, words)
        else:
            self._doubt(one, Doubt.DEFERRED, reply)
            self._deferred.append(one)

    def again(self, item: Item, why: str) -> bool:
        """Not taken by the server: ``True`` when the item may go again at once."""
        if self.closing or self.lost:  # not from here, if ever
            self.take_back([item])
            return False
        item.tries += 1
        if item.tries <= _MOST_TRIES_AT_ONCE:
            return True
        self.settle(item, Outcome.DEFERRED, why)
        return False

    def uncertain(self, item: Item, why: str) -> bool:
        """Handed over, no answer: ``True`` when the item may go again at once."""
        one = item.recipient.subscriber_id
        self._doubt(one, Doubt.UNCERTAIN, why)
        if self._hold_uncertain:
            self._out -= 1
            self._held.append(one)
            return False
        return self.again(item, why)

    def reload(self, loaded: Loaded) -> None:
        """Consent may have changed since the batch was leased: skip those who left."""
        waiting = [*self._waiting, *(one for some in self._aside.values() for one in some)]
        self._waiting, self._aside = deque(), {}
        self._people = loaded.recipients
        for position in sorted(waiting):
            self._admit(position, loaded, set())

    def waiting_ids(self) -> list[int]:
        """Ids of those who may still be granted, ascending."""
        positions = [*self._waiting, *(one for some in self._aside.values() for one in some)]
        return sorted(self.leased.subscriber_ids[position] for position in positions)

    def progress(self, retry_at: datetime) -> Progress:
        """What to write now; keep it until it is written, then call `written`."""
        leased = self.leased
        progress = Progress(
            batch_id=leased.batch_id,
            issue_id=leased.issue_id,
            lease=leased.lease,
            attempt=leased.attempt,
            handed=self.handed,
            recorded=self._recorded,
            doubted=self._doubted,
            complete=self.complete and not self.lost,
        )
        if progress.complete:
            progress.later = self._later(retry_at)
        self._recorded, self._doubted = {}, []
        return progress

    def unwritten(self, progress: Progress) -> None:
        """The ledger could not be written: keep what *progress* said for the next time."""
        for fate, replies in progress.recorded.items():
            self._recorded.setdefault(fate, {}).update(replies)
        self._doubted = progress.doubted + self._doubted

    def _later(self, retry_at: datetime) -> list[Later]:
        later = []
        if self._deferred:
            later.append(Later(self._deferred, self.leased.attempt + 1, retry_at))
        if self._put_off is not None:
            later.append(self._put_off)
        if self._held:
            later.append(Later(self._held, self.leased.attempt, retry_at, held=True))
        return later

    def _record(self, one: int, fate: Fate, reply: str) -> None:
        self._recorded.setdefault(fate, {})[one] = reply

    def _doubt(self, one: int, doubt: Doubt, reply: str) -> None:
        self._doubted.append(Doubted(one, self.leased.attempt, doubt, reply))

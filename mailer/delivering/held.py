"""A leased batch in a worker's memory: what may be handed over, what is out, what came of it."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from mailer.database.tables import Doubt, Fate
from mailer.delivering.ledger import Later, Leased, Progress
from mailer.delivering.outcomes import Outcome
from mailer.delivering.permits import Permit, Permits
from mailer.delivering.recipients import Loaded, Recipient
from mailer.delivering.recording import Doubted, Replies

# How often one message may go again at once before it waits for the retry schedule.
_MOST_TRIES_AT_ONCE = 3
# For so many seconds people may be granted on what was read of their consent.
_FRESH_SECONDS = 1.0
_FEWEST_READ = 100  # at once

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
    until: float = 0.0  # after it their consent is read anew, by the machine's monotonic clock
    permit: Permit | None = None  # where limits are set, until it was handed over once


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
        self._waiting: deque[int] = deque()
        self._tries: Counter[int] = Counter()  # at once, by position
        self._aside: dict[str, deque[int]] = {}  # by domain: no permit for it yet
        uncertain = set(leased.uncertain) if hold_uncertain else set()
        for position in leased.undecided:
            if position in uncertain and leased.subscriber_ids[position] not in loaded.skipped:
                self._held.append(leased.subscriber_ids[position])
            else:
                self._waiting.append(position)
        self._read(loaded, self._waiting)

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

    def grant(self, most: int, permits: Permits | None = None, sender: str = "") -> list[Item]:
        """The next recipients; they may be handed over once *handed* is written to the ledger.

        With *permits*, for what comes from *sender*: whoever has none for their domain is set aside
        until there is one.
        """
        if self.closing or self.lost:
            return []
        items: list[Item] = []
        if permits is not None:
            self._admit_aside(permits, sender)
        self._short = time.monotonic() > self._fresh_until
        while self._waiting and len(items) < most and not self._short:
            recipient = self._people.get(self.leased.subscriber_ids[self._waiting[0]])
            if recipient is None:
                self._short = True
                break
            permit = None
            if permits is not None:
                kind = permits.limits.kind(sender, recipient.domain)
                permit = permits.take(kind)
                if permit is None and kind.domain:
                    aside = self._aside.setdefault(recipient.domain, deque())
                    aside.append(self._waiting.popleft())
                    continue
                if permit is None and permits.limits.scopes(kind):
                    break
            items.append(self._item(self._waiting.popleft(), recipient, permit))
        self._out += len(items)
        self._granted += len(items)
        return items

    def _admit_aside(self, permits: Permits, sender: str) -> None:
        """Whoever has a permit of their domain now waits in front of all others."""
        for domain, positions in list(self._aside.items()):
            covered = min(len(positions), permits.held(permits.limits.kind(sender, domain)))
            self._waiting.extendleft(reversed([positions.popleft() for _ in range(covered)]))
            if not positions:
                del self._aside[domain]

    def _item(self, position: int, recipient: Recipient, permit: Permit | None) -> Item:
        self.handed = max(self.handed, position + 1)
        return Item(self, position, recipient, permit=permit)

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
        self._tries[item.position] += 1
        if self._tries[item.position] <= _MOST_TRIES_AT_ONCE:
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

    def to_read(self) -> list[int]:
        """Whose consent has to be read before more can be granted: the next ones, ascending."""
        if not self._short or self.closing or self.lost:
            return []
        most = max(_FEWEST_READ, 2 * self._granted)
        return sorted(self.leased.subscriber_ids[one] for one in islice(self._waiting, most))

    def read(self, loaded: Loaded) -> None:
        """The consent of those asked for, as it is now: whoever has left is skipped."""
        self._read(loaded, self._waiting)

    def _read(self, loaded: Loaded, waiting: Iterable[int]) -> None:
        ids, skipped = self.leased.subscriber_ids, loaded.skipped
        if skipped:
            gone = [ids[position] for position in waiting if ids[position] in skipped]
            waiting = [position for position in waiting if ids[position] not in skipped]
            for one in gone:
                self._record(one, Fate.SKIPPED, skipped[one])
        self._waiting = deque(waiting)
        self._people = loaded.recipients
        self._fresh_until = time.monotonic() + _FRESH_SECONDS
        self._short, self._granted = False, 0

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

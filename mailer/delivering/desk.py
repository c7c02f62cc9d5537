"""Where SMTP lanes get their messages, and where they tell what became of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from mailer.delivering.coming import Coming
from mailer.delivering.connecting import Connection
from mailer.delivering.held import HeldBatch, Item
from mailer.delivering.lane import Handover
from mailer.delivering.outcomes import Outcome, Reply
from mailer.delivering.permits import Permits
from mailer.delivering.prepared import PreparedIssue
from mailer.rendering.message import MissingField
from mailer.sentences import Sentence
from mailer.tokens import Signer

_READY_SECONDS = 0.8  # whoever was granted and not handed over by then waits again
_NO_SMTPUTF8 = (
    "the relay takes no address with letters beyond ASCII before the @ (it offers no SMTPUTF8)"
)


class SendingDesk:
    """The granted recipients of one worker, and the writing of their messages."""

    def __init__(
        self,
        signer: Signer,
        prepared: Mapping[int, PreparedIssue],
        permits: Permits,
        *,
        wake: Callable[[], None],
        hurry: Callable[[], None],
        arrived: Callable[[], None],
    ) -> None:
        self._signer, self._prepared, self._permits = signer, prepared, permits
        self._wake, self._hurry, self._arrived = wake, hurry, arrived
        self.ready: deque[Item] = deque()
        self.coming = Coming(self._arrive)
        self.date = b""
        self.taken = 0  # since the last turn
        self.accepted = 0
        self.unsendable: dict[int, str] = {}  # issues to be stopped, and why

    @property
    def laid(self) -> int:
        """How many have been granted and are still here."""
        return len(self.ready) + len(self.coming)

    def lay(self, items: Iterable[Item]) -> None:
        """The ledger knows that these may be handed over."""
        now = time.monotonic()
        for item in items:
            item.until = now + _READY_SECONDS
            if item.permit is None or item.permit.since <= now:
                self.ready.append(item)
            else:
                self.coming.add(item, item.permit.since)

    def _arrive(self, item: Item) -> None:
        self.ready.append(item)
        self._arrived()

    @property
    def busy(self) -> bool:
        """Whether a lane would get a message now."""
        return bool(self.ready) and self.ready[0].batch.ours

    def take(self, connection: Connection) -> Handover | None:
        """The next message for a lane; whoever cannot be mailed is settled on the way."""
        while self.busy:  # a worker that was frozen learns here that its lease has ended
            item = self.ready.popleft()
            now = time.monotonic()
            if item.until < now or (item.permit is not None and item.permit.until < now):
                self._give_back(item)  # it needs another permit, or its consent read anew
                continue
            handover = self._compose(item, connection)
            if handover is not None:
                self.taken += 1
                if self.laid < self.taken:  # ask for more before lanes run dry
                    self._wake()
                    self._hurry()
                return handover
        self._wake()
        return None

    def settle(self, key: Item, reply: Reply) -> None:
        """The relay answered this message."""
        outcome = reply.outcome
        if outcome is Outcome.ACCEPTED:
            self.accepted += 1
        key.batch.settle(key, outcome, str(reply))
        self._wake()

    def unsent(self, key: Item, why: str) -> None:
        """The connection went before this message was handed over."""
        key.permit = None  # what goes again at once needs no second one
        if key.batch.again(key, why):
            self.ready.appendleft(key)
        self._wake()

    def uncertain(self, key: Item, why: str) -> None:
        """The connection went after this message was handed over, before the answer."""
        key.permit = None
        if key.batch.uncertain(key, why):
            self.ready.appendleft(key)
        self._wake()

    def take_back(self, batches: Iterable[HeldBatch]) -> None:
        """Nothing more of these *batches* goes to a lane."""
        going = set(batches)
        if not going:
            return
        gone = [item for item in self.ready if item.batch in going]
        self.ready = deque(item for item in self.ready if item.batch not in going)
        for item in reversed(gone + self.coming.take_out(going)):
            self._give_back(item)

    def _give_back(self, item: Item) -> None:
        item.batch.take_back([item])
        self._permits.back(item.permit)

    def _compose(self, item: Item, connection: Connection) -> Handover | None:
        try:
            envelope, message = self._prepared[item.batch.issue_id].compose(
                item.recipient, self._signer, self.date, dsn=connection.dsn
            )
        except MissingField as error:
            item.batch.settle(item, Outcome.SKIPPED, str(error))
        except ValueError as error:  # one bad subscriber never stops an issue
            item.batch.settle(item, Outcome.SKIPPED, f"cannot be written to: {error}")
        else:
            handover = Handover(item, envelope, message)
            return handover if self._fits(item, handover, connection) else None
        return None

    def _fits(self, item: Item, handover: Handover, connection: Connection) -> bool:
        limit = connection.size_limit
        if not handover.envelope.isascii() and not connection.smtputf8:
            item.batch.settle(item, Outcome.REFUSED, _NO_SMTPUTF8)
            return False
        if limit is not None and len(handover.message) > limit:
            item.batch.take_back([item])
            self._stop_issue(
                item.batch,
                Sentence(
                    "The relay takes messages of at most {most:,} bytes and this issue's have "
                    "{size:,}. Use a relay that takes more and resume, or cancel and send a "
                    "shorter issue.",
                    most=limit,
                    size=len(handover.message),
                ),
            )
            return False
        return True

    def _stop_issue(self, batch: HeldBatch, reason: str) -> None:
        self.unsendable[batch.issue_id] = reason
        batch.closing = True
        self.take_back([batch])

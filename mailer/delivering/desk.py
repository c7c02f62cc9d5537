"""Where SMTP lanes get their messages, and where they tell what became of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from mailer.delivering.connecting import Connection
from mailer.delivering.held import HeldBatch, Item
from mailer.delivering.lane import Handover
from mailer.delivering.outcomes import Outcome, Reply
from mailer.delivering.prepared import PreparedIssue
from mailer.rendering.message import MissingField
from mailer.sentences import Sentence
from mailer.tokens import Signer

_NO_SMTPUTF8 = (
    "the relay takes no address with letters beyond ASCII before the @ (it offers no SMTPUTF8)"
)


class SendingDesk:
    """The granted recipients of one worker, and the writing of their messages."""

    def __init__(
        self,
        signer: Signer,
        prepared: Mapping[int, PreparedIssue],
        *,
        wake: Callable[[], None],
        hurry: Callable[[], None],
    ) -> None:
        self._signer, self._prepared = signer, prepared
        self._wake, self._hurry = wake, hurry
        self.ready: deque[Item] = deque()
        self.stale: list[Item] = []  # whose consent was read too long ago
        self.date = b""
        self.taken = 0  # since the last turn
        self.accepted = 0
        self.unsendable: dict[int, str] = {}  # issues to be stopped, and why

    @property
    def busy(self) -> bool:
        """Whether a lane would get a message now."""
        return bool(self.ready) and self.ready[0].batch.ours

    def take(self, connection: Connection) -> Handover | None:
        """The next message for a lane; whoever cannot be mailed is settled on the way."""
        while self.busy:  # a worker that was frozen learns here that its lease has ended
            item = self.ready.popleft()
            if item.until < time.monotonic():
                self.stale.append(item)
                continue
            handover = self._compose(item, connection)
            if handover is not None:
                self.taken += 1
                if len(self.ready) < self.taken:  # ask for more before lanes run dry
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
        if key.batch.again(key, why):
            self.ready.appendleft(key)
        self._wake()

    def uncertain(self, key: Item, why: str) -> None:
        """The connection went after this message was handed over, before the answer."""
        if key.batch.uncertain(key, why):
            self.ready.appendleft(key)
        self._wake()

    def take_back(self, batches: Iterable[HeldBatch]) -> None:
        """Nothing more of these *batches* goes to a lane."""
        going = set(map(id, batches))
        if not going:
            return
        kept: deque[Item] = deque()
        for item in self.ready:
            if id(item.batch) in going:
                item.batch.take_back([item])
            else:
                kept.append(item)
        self.ready = kept

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

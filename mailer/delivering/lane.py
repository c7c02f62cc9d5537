"""One SMTP connection at work: message after message, pipelined where the server offers it.

With PIPELINING, the end of message n and MAIL, RCPT and DATA of message n+1 are one write: a
command group may follow a body, and DATA ends it (RFC 2920 section 3.1). Without it, the same
commands go one by one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from mailer.delivering.connecting import Connection
from mailer.delivering.outcomes import Reply

_LONGEST_LINE = 8192  # RFC 5321 4.5.3.1.5 says 512; no server's words are worth more than this
_CLOSING = 421
_END = b".\r\n"  # of a body

# What the next reply answers.
_MAIL, _RCPT, _DATA, _BODY, _RESET = "MAIL", "RCPT", "DATA", "BODY", "RSET"
_ADDRESSES = (_MAIL, _RCPT)
_ENVELOPE = (_MAIL, _RCPT, _DATA)


class Handover(NamedTuple):
    """One message on its way; *key* is the desk's own."""

    key: Any
    envelope: bytes  # MAIL, RCPT and DATA: whole command lines
    message: bytes  # CRLF lines, dot-safe, ends with CRLF


class Desk(Protocol):
    """Where a lane gets messages, and tells what became of them."""

    def take(self, connection: Connection) -> Handover | None:
        """The next message; ``None``: nothing now."""
        ...

    def settle(self, key: Any, reply: Reply) -> None:
        """The server answered this message."""
        ...

    def unsent(self, key: Any, why: str) -> None:
        """Certainly not taken by the server: may go again at once."""
        ...

    def uncertain(self, key: Any, why: str) -> None:
        """Handed over whole, then no answer: may have been taken."""
        ...


class Lane(asyncio.Protocol):
    """Drives one open connection until it is finished, stopped or lost."""

    def __init__(
        self,
        connection: Connection,
        desk: Desk,
        *,
        most: int,
        parked: Callable[[Lane], None],
        answered: Callable[[], None] | None = None,
    ) -> None:
        self._connection, self._desk = connection, desk
        self._transport = connection.transport
        self._left = most
        self._parked, self._on_answer = parked, answered
        self._want: deque[str] = deque()
        self._unwritten: deque[bytes] = deque()  # without PIPELINING: commands yet to be written
        self._rest = b""
        self._lines: list[bytes] = []
        self._next: Handover | None = None  # MAIL, RCPT and DATA are out
        self._sent: Handover | None = None  # the body is out
        self._refusal: Reply | None = None
        self._stopping = False
        self._aborted_why = ""
        self.settled = 0
        self.lost = ""  # why the connection ended, when it was not finished
        self.answered_at = 0.0
        loop = asyncio.get_running_loop()
        self._time = loop.time
        self.closed: asyncio.Future[None] = loop.create_future()

    def start(self) -> None:
        """Take the connection over from whoever opened it."""
        self._transport.set_protocol(self)
        self._advance()

    def wake(self) -> None:
        """There may be messages again."""
        if not self._want and not self.closed.done():
            self._advance()

    def stop(self) -> None:
        """Finish what is in flight, take nothing more."""
        self._stopping = True
        if not self._want:
            self._finish()

    def abort(self, why: str) -> None:
        """Drop the connection; what is in flight is told to the desk."""
        self._aborted_why = self._aborted_why or why
        self._transport.abort()

    @property
    def waiting(self) -> bool:
        """Whether a reply is owed."""
        return bool(self._want)

    def _advance(self, *first: bytes) -> None:
        """Write *first*, the parts of one command, and the next message's envelope with it."""
        if not first:
            self.answered_at = self._time()
        self._refusal = None
        following = self._next = self._take()
        if following is not None:
            self._want.extend(_ENVELOPE)
            self._write(first, following.envelope)
        elif first:
            self._write(first)
        elif not self._want:
            self._rest_or_finish()

    def _take(self) -> Handover | None:
        if self._left <= 0 or self._stopping:
            return None
        handover = self._desk.take(self._connection)
        if handover is not None:
            self._left -= 1
        return handover

    def _rest_or_finish(self) -> None:
        if self._stopping or self._left <= 0:
            self._finish()
        else:
            self._parked(self)

    def _write(self, command: tuple[bytes, ...], envelope: bytes = b"") -> None:
        if self._connection.pipelining:
            # By TLS each part is a record of its own: what is short goes together.
            self._transport.writelines((*command[:-1], b"".join((*command[-1:], envelope))))
        else:
            self._unwritten.extend([b"".join(command)] if command else [])
            self._unwritten.extend(envelope.splitlines(keepends=True))
            self._write_one()

    def _write_one(self) -> None:
        """Without PIPELINING: the next command, once every one before it is answered."""
        if self._unwritten and len(self._want) == len(self._unwritten):
            self._transport.write(self._unwritten.popleft())

    def data_received(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\r\n") if self._rest else data.split(b"\r\n")
        self._rest = lines.pop()
        if len(self._rest) > _LONGEST_LINE:
            self.abort("the server's reply is no SMTP")
        self.answered_at = self._time()
        if self._on_answer is not None:
            self._on_answer()
        want = self._want
        for line in lines:
            if line[:4] == b"250 " and want and want[0] in _ADDRESSES and not self._unwritten:
                want.popleft()  # as most replies are: nothing to remember
                self._lines.clear()
            elif line[3:4] == b"-":
                self._lines.append(line)
            elif not self._transport.is_closing():
                self._reply(line)

    def _reply(self, line: bytes) -> None:
        if not line[:3].isdigit():
            return self.abort("the server's reply is no SMTP")
        if not self._want:  # nothing was asked: a 421 before the server closes
            return self.abort(str(self._parsed(line)))
        self._answered(self._want.popleft(), line)
        self._lines.clear()
        if line[:3] == b"421":
            return self.abort(f"the server closes: {line.decode('utf-8', 'replace')}")
        if self._unwritten:
            return self._write_one()
        return None if self._want else self._advance()

    def _answered(self, kind: str, line: bytes) -> None:
        if kind is _BODY:
            self._body_answered(line)
        elif kind is _DATA and self._next is not None:
            self._data_answered(self._next, line)
        elif line[:1] != b"2" and self._refusal is None and kind is not _RESET:
            self._refusal = self._parsed(line)

    def _body_answered(self, line: bytes) -> None:
        sent, self._sent = self._sent, None
        if sent is not None:
            self.settled += 1
            self._desk.settle(sent.key, self._parsed(line))

    def _data_answered(self, current: Handover, line: bytes) -> None:
        refusal = self._refusal
        if line[:3] == b"354":
            self._want.append(_BODY)
            if refusal is None:
                self._sent = current
                self._advance(current.message, _END)
            else:  # the recipient was refused, yet a body is awaited
                self._settle_refused(current, refusal)
                self._advance(_END)
            return
        refusal = refusal or self._parsed(line)
        if refusal.code == _CLOSING:
            return  # and so will the connection: the message was not taken
        self._settle_refused(current, refusal)
        self._want.append(_RESET)
        self._advance(b"RSET\r\n")

    def _settle_refused(self, current: Handover, refusal: Reply) -> None:
        self.settled += 1
        self._next = None
        self._desk.settle(current.key, refusal)

    def _parsed(self, line: bytes) -> Reply:
        if not self._lines:
            return Reply(int(line[:3]), line[4:].decode("utf-8", "replace").strip())
        texts = [one[4:].decode("utf-8", "replace").strip() for one in (*self._lines, line)]
        return Reply(int(line[:3]), " ".join(text for text in texts if text))

    def _finish(self) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.closed.done():
            self._connection.protocol.connection_lost(exc)
            return
        why = self._aborted_why or f"the connection was lost{f' ({exc})' if exc else ''}"
        self.lost = why
        sent, self._sent = self._sent, None
        current, self._next = self._next, None
        if sent is not None:
            self._desk.uncertain(sent.key, why)
        if current is not None:
            self._desk.unsent(current.key, why)
        self._connection.protocol.connection_lost(exc)
        self._finish()

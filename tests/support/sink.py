"""A real SMTP server that counts exactly, and misbehaves exactly where a test says."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from tests.support.patience import SECONDS

# A hook answers None for "go on", or one of these.
DROP = "drop"  # close the connection without a word
HANG = "hang"  # keep the connection, and say nothing ever again


@dataclass
class Sink:
    """What it offers, how it answers, and what it took. Counters are over all connections."""

    pipelining: bool = True
    smtputf8: bool = False
    dsn: bool = False
    auth: bool = False  # whoever asks is let in
    size: int | None = None
    split_replies: bool = False  # a few bytes a packet
    joined_replies: bool = False  # all there are at once
    on_connect: Callable[[int], str | None] = lambda _number: None
    on_mail: Callable[[str], str | None] = lambda _line: None
    on_rcpt: Callable[[str], str | None] = lambda _address: None
    on_data: Callable[[str], str | None] = lambda _address: None  # before the body
    on_body: Callable[[str, int], str | None] = lambda _address, _number: None  # instead of 250
    after_body: Callable[[str, int], str | None] = lambda _address, _number: None  # after 250
    delay: float = 0.0  # seconds before each answer to a body
    stands_at: int | None = None  # from this body on none is answered, until it is None again
    address: str = "127.0.0.1"
    port: int = 0
    connections: int = 0
    open: int = 0
    most_open: int = 0
    bodies: int = 0
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    taken_unseen: list[str] = field(default_factory=list)  # kept, yet no 250 was ever sent
    senders: list[str] = field(default_factory=list)
    envelopes: list[str] = field(default_factory=list)  # MAIL and RCPT, whole
    commands: list[str] = field(default_factory=list)

    @property
    def stands(self) -> bool:
        """Whether no body is answered now."""
        return self.stands_at is not None and self.bodies >= self.stands_at

    @property
    def counts(self) -> Counter[str]:
        """How many messages each address got; a body without an answer counts, too."""
        return Counter([address for address, _ in self.accepted] + self.taken_unseen)

    def message(self, address: str) -> EmailMessage:
        """The one message that *address* got."""
        [source] = [source for one, source in self.accepted if one == address]
        message = message_from_bytes(source, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


class _Session:
    def __init__(
        self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.sink, self.reader, self.writer = sink, reader, writer
        self.recipient = ""
        self.unsaid = b""

    async def say(self, reply: str) -> bool:
        """Send a reply; False when the hook wants the connection gone."""
        if reply == DROP:
            self.flush()
            self.writer.transport.abort()
            return False
        if reply == HANG:
            await asyncio.sleep(3600)
        data = reply.encode() + b"\r\n"
        if self.sink.joined_replies:
            if not self.unsaid:  # once everything that came with it is answered, too
                asyncio.get_running_loop().call_soon(self.flush)
            self.unsaid += data
            return True
        for start in range(0, len(data), 3 if self.sink.split_replies else len(data)):
            self.writer.write(data[start : start + (3 if self.sink.split_replies else len(data))])
            if self.sink.split_replies:
                await self.writer.drain()
                await asyncio.sleep(0)
        if reply.startswith(("421", "221")):
            await self.writer.drain()
            self.writer.close()
            return False
        return True

    def flush(self) -> None:
        self.writer.write(self.unsaid)
        self.unsaid = b""

    async def run(self) -> None:
        self.sink.connections += 1
        self.sink.open += 1
        self.sink.most_open = max(self.sink.most_open, self.sink.open)
        try:
            await self.serve()
        finally:
            self.sink.open -= 1

    async def serve(self) -> None:
        first = self.sink.on_connect(self.sink.connections)
        if not await self.say(first or "220 sink.test ESMTP"):
            return
        while line := await self.reader.readline():
            if not await self.command(line.decode("utf-8", "replace").rstrip("\r\n")):
                return

    async def command(self, line: str) -> bool:
        verb = line[:4].upper()
        self.sink.commands.append(verb)
        if verb in ("MAIL", "RCPT"):
            self.sink.envelopes.append(line)
        if verb == "EHLO":
            return await self.say(self.greeting())
        if verb == "MAIL":
            self.recipient = ""
            self.sink.senders.append(line[line.index("<") + 1 : line.index(">")])
            return await self.say(self.sink.on_mail(line) or "250 2.1.0 Ok")
        if verb == "RCPT":
            address = line[line.index("<") + 1 : line.index(">")]
            refusal = self.sink.on_rcpt(address)
            if refusal is None:
                self.recipient = address
            return await self.say(refusal or "250 2.1.5 Ok")
        if verb == "DATA":
            return await self.data()
        if verb == "AUTH" and self.sink.auth:
            return await self.say("235 2.7.0 Welcome")
        return await self.say({"RSET": "250 2.0.0 Ok", "QUIT": "221 2.0.0 Bye"}.get(verb, "502 ?"))

    def greeting(self) -> str:
        offers = ["sink.test"]
        offers += ["PIPELINING"] if self.sink.pipelining else []
        offers += ["SMTPUTF8", "8BITMIME"] if self.sink.smtputf8 else []
        offers += ["AUTH PLAIN"] if self.sink.auth else []
        offers += ["DSN"] if self.sink.dsn else []
        offers += [f"SIZE {self.sink.size}"] if self.sink.size is not None else []
        return "\r\n".join(f"250{' ' if one is offers[-1] else '-'}{one}" for one in offers)

    async def data(self) -> bool:
        if not self.recipient:
            return await self.say("503 5.5.1 no recipient")
        early = self.sink.on_data(self.recipient)
        if not await self.say(early or "354 go on"):
            return False
        if early:
            return True
        lines = []
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        self.sink.bodies += 1
        if self.sink.delay:
            await asyncio.sleep(self.sink.delay)
        while self.sink.stands:  # noqa: ASYNC110  # told so by another thread
            await asyncio.sleep(0.002)
        return await self.taken(b"".join(lines), self.sink.bodies)

    async def taken(self, source: bytes, number: int) -> bool:
        address, self.recipient = self.recipient, ""
        answer = self.sink.on_body(address, number)
        if answer in (DROP, HANG):  # the cruel case: kept, and never said so
            self.sink.taken_unseen.append(address)
        elif answer is None:
            self.sink.accepted.append((address, source))
        if not await self.say(answer or f"250 2.0.0 Ok: queued as {number}"):
            return False
        after = self.sink.after_body(address, number)
        return await self.say(after) if after else True


@contextmanager
def running(sink: Sink) -> Iterator[Sink]:
    """Serve *sink* on a free port of its address, in a thread of its own."""
    loop = asyncio.new_event_loop()
    writers: list[asyncio.StreamWriter] = []

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await _Session(sink, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side went, or this sink is being closed
        finally:
            writer.close()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(client, sink.address, sink.port, limit=2**20)

    server = loop.run_until_complete(start())
    sink.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        asyncio.run_coroutine_threadsafe(_close(server, writers), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


async def _close(server: asyncio.Server, writers: list[asyncio.StreamWriter]) -> None:
    server.close()
    current = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not current]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for writer in writers:
        writer.transport.abort()  # one whose other side reads no more would never be done closing
    await asyncio.sleep(0)

"""A real mailbox over TLS: as much of IMAP (RFC 3501) and POP3 (RFC 1939) as clients ask of one."""

from __future__ import annotations

import asyncio
import re
import shlex
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.patience import SECONDS
from tests.support.secure_server import make_certificate

USER, PASSWORD = "bounces@river.test", 'correct "horse'


@dataclass
class Letter:
    """One mail in the mailbox."""

    uid: int
    source: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class MailboxServer:
    """What is in it, and where it stops answering."""

    port: int = 0
    letters: list[Letter] = field(default_factory=list)
    drop_after: int | None = None  # so many fetches: then the connection is gone
    fetched: int = 0
    logins: int = 0

    def put(self, *sources: bytes) -> None:
        for source in sources:
            whole = b"\r\n".join(source.splitlines()) + b"\r\n"
            self.letters.append(Letter(len(self.letters) + 1, whole))

    def flags(self) -> list[set[str]]:
        return [letter.flags for letter in self.letters]

    def take(self, letter: Letter) -> bytes | None:
        """A mail's source; ``None``: not any more."""
        if self.drop_after is not None and self.fetched >= self.drop_after:
            return None
        self.fetched += 1
        return letter.source


class _Imap:
    def __init__(self, server: MailboxServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # fmt: skip
        self.server, self.reader, self.writer = server, reader, writer

    def say(self, line: str) -> None:
        self.writer.write(line.encode() + b"\r\n")

    async def run(self) -> None:
        self.say("* OK ready")
        while line := (await self.reader.readline()).decode().strip():
            tag, _, rest = line.partition(" ")
            verb, _, arguments = rest.removeprefix("UID ").partition(" ")
            if not await self.command(tag, verb.upper(), arguments):
                return

    async def command(self, tag: str, verb: str, arguments: str) -> bool:
        answer: Callable[[str], str] = getattr(self, f"on_{verb.lower()}", lambda _: "OK done")
        self.say(f"{tag} {answer(arguments)}")
        await self.writer.drain()
        return verb != "LOGOUT" and not self.writer.transport.is_closing()

    def on_capability(self, _arguments: str) -> str:
        self.say("* CAPABILITY IMAP4rev1")
        return "OK done"

    def on_login(self, arguments: str) -> str:
        return "OK done" if self.may(arguments) else "NO [AUTHENTICATIONFAILED] wrong"

    def on_select(self, folder: str) -> str:
        self.say(f"* {len(self.server.letters)} EXISTS")
        return "OK done" if folder == '"INBOX"' else "NO there is no such folder"

    def on_search(self, arguments: str) -> str:
        unwanted = {f"\\{one[2:].capitalize()}" for one in arguments.split()}
        found = [str(one.uid) for one in self.server.letters if not one.flags & unwanted]
        self.say(f"* SEARCH {' '.join(found)}".strip())
        return "OK done"

    def on_fetch(self, arguments: str) -> str:
        if not self.fetch(self.letter(arguments)):
            self.writer.transport.abort()
        return "OK done"

    def on_store(self, arguments: str) -> str:
        self.letter(arguments).flags |= set(re.findall(r"\\\w+", arguments))
        return "OK done"

    def on_expunge(self, _arguments: str) -> str:
        kept = [one for one in self.server.letters if "\\Deleted" not in one.flags]
        self.server.letters[:] = kept
        return "OK done"

    def may(self, arguments: str) -> bool:
        self.server.logins += 1
        return shlex.split(arguments) == [USER, PASSWORD]

    def letter(self, arguments: str) -> Letter:
        uid = int(arguments.split()[0])
        return next(one for one in self.server.letters if one.uid == uid)

    def fetch(self, letter: Letter) -> bool:
        source = self.server.take(letter)
        if source is None:
            return False
        self.writer.write(f"* 1 FETCH (UID {letter.uid} BODY[]<0> {{{len(source)}}}\r\n".encode())
        self.writer.write(source + b")\r\n")
        return True


class _Pop3(_Imap):
    async def run(self) -> None:
        self.user, self.gone = "", set[int]()
        self.say("+OK ready")
        while line := (await self.reader.readline()).decode().strip():
            verb, _, argument = line.partition(" ")
            answer: Callable[[str], str] = getattr(self, f"on_{verb.lower()}", lambda _: "+OK")
            self.say(answer(argument))
            await self.writer.drain()
            if verb == "QUIT":
                return

    def on_user(self, name: str) -> str:
        self.user = name
        return "+OK"

    def on_pass(self, password: str) -> str:
        return "+OK" if (self.user, password) == (USER, PASSWORD) else "-ERR wrong"

    def on_stat(self, _argument: str) -> str:
        return f"+OK {len(self.server.letters)} 0"

    def on_top(self, argument: str) -> str:
        source = self.server.take(self.server.letters[int(argument.split()[0]) - 1])
        assert source is not None
        return "+OK\r\n" + re.sub(rb"(?m)^\.", b"..", source).decode() + "."

    def on_dele(self, number: str) -> str:
        self.gone.add(int(number))
        return "+OK"

    def on_quit(self, _argument: str) -> str:
        letters = self.server.letters
        letters[:] = [one for number, one in enumerate(letters, 1) if number not in self.gone]
        return "+OK"


Protocol = Callable[[MailboxServer, asyncio.StreamReader, asyncio.StreamWriter], _Imap]


@contextmanager
def serving(folder: Path, *, pop3: bool = False) -> Iterator[tuple[MailboxServer, Path]]:
    """Serve a mailbox on localhost: the server, and its certificate authority's file."""
    authority, certificate = make_certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = MailboxServer()
    protocol: Protocol = _Pop3 if pop3 else _Imap
    loop = asyncio.new_event_loop()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await protocol(server, reader, writer).run()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the other side went, or the test is over
        finally:
            writer.close()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(client, "127.0.0.1", 0, ssl=context)

    listener = loop.run_until_complete(start())
    server.port = listener.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server, authority
    finally:
        asyncio.run_coroutine_threadsafe(_close(listener), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


async def _close(listener: asyncio.Server) -> None:
    listener.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.05)  # TLS says goodbye

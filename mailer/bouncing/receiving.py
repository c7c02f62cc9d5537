"""An SMTP and LMTP server that takes only what comes back to us: for an MTA to hand over to.

It answers 250 when a mail is recorded and acted on, and 451 while the database is away: the MTA
keeps it, and nothing is lost.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from mailer.bouncing import records
from mailer.bouncing.taking import Intake
from mailer.database.engine import reading
from mailer.errors import Unavailable
from mailer.listening import listen

log = logging.getLogger(__name__)

_MOST_BYTES = 32 * 1024 * 1024  # reports that enclose the whole mail, too
_MOST_RECIPIENTS = 100
_REMEMBERED_SECONDS = 30.0
_BACKLOG = 128
_LATER = "451 4.3.0 Cannot be recorded now; try again later"


class _Server(SMTP):
    """aiosmtpd, for one connection; whoever greets with LHLO is answered for each recipient."""

    lmtp = False

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802  # named by aiosmtpd
        """Greet as RFC 2033 has it."""
        self.lmtp = True
        await self.smtp_EHLO(hostname)


class _Handler:
    """Knows our addresses, and hands mails to the intake, a thread each."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._ours: frozenset[tuple[str, str]] = frozenset()
        self._known_until = 0.0

    async def handle_RCPT(  # noqa: N802  # aiosmtpd names it
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        local, _, domain = address.lower().rpartition("@")
        try:
            ours = await self._addresses()
        except Unavailable as error:
            log.error("%s Mails that came back wait at their server.", error)
            return _LATER
        if (local.partition("+")[0], domain) not in ours:
            return "550 5.1.1 Only what comes back from our own mails is taken here"
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802  # aiosmtpd names it
        self, server: _Server, _session: Session, envelope: Envelope
    ) -> str:
        source = envelope.content or b""
        assert isinstance(source, bytes)  # noqa: S101  # tells mypy
        replies = [
            await asyncio.to_thread(self._take, source, address) for address in envelope.rcpt_tos
        ]
        if server.lmtp:
            return "\r\n".join(replies)
        return next((reply for reply in replies if reply is _LATER), replies[0])

    def _take(self, source: bytes, address: str) -> str:
        try:
            taken = self._intake.take(source, [address])
        except Unavailable as error:
            log.error("%s Mails that came back wait at their server.", error)
            return _LATER
        except Exception:
            log.exception("A mail to %s was not taken in; its server keeps it.", address)
            return _LATER
        what = ", ".join(sorted({entry.kind.value for entry in taken.entries}))
        return f"250 2.0.0 OK: {what}"

    async def _addresses(self) -> frozenset[tuple[str, str]]:
        if time.monotonic() >= self._known_until:
            self._ours = await asyncio.to_thread(self._look_up)
            self._known_until = time.monotonic() + _REMEMBERED_SECONDS
        return self._ours

    def _look_up(self) -> frozenset[tuple[str, str]]:
        with reading(self._intake.engine) as session:
            return records.addresses_taken_in(session)


class Receiver:
    """The server, bound to its port; `serve` takes mails until it is told to stop."""

    def __init__(self, intake: Intake, host: str = "127.0.0.1", port: int = 2525) -> None:
        self._handler = _Handler(intake)
        self._listener = listen(
            host, port, what="The server for mail that comes back", backlog=_BACKLOG
        )
        self.port: int = self._listener.getsockname()[1]

    async def serve(self, stop: asyncio.Event) -> None:
        """Take mails until *stop*; what is being recorded then is finished first."""
        loop = asyncio.get_running_loop()
        connections: set[_Server] = set()

        def connection() -> _Server:
            made = _Server(
                self._handler,
                data_size_limit=_MOST_BYTES,
                enable_SMTPUTF8=True,
                hostname=socket.gethostname(),
                ident="mailer incoming",
                loop=loop,
            )
            connections.add(made)
            return made

        logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd tells every command
        server = await loop.create_server(connection, sock=self._listener)
        await stop.wait()
        server.close()
        for one in connections:
            if one.transport is not None:
                one.transport.close()
        await asyncio.sleep(0)  # lets them hear of it

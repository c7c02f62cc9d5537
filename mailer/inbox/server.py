"""The SMTP server of the built-in inbox: in a thread of its own, on this machine only."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Engine

from mailer.clock import Clock
from mailer.database.grouping import GroupCommit
from mailer.database.writers import Writer
from mailer.inbox.mails import Mail, add_mails
from mailer.inbox.reading import subject_of
from mailer.listening import listen

_MOST_BYTES = 32 * 1024 * 1024
_HOST = "127.0.0.1"
_BACKLOG = 512
_START_SECONDS = 60.0  # it listens already: only a busy machine is waited for
_END = b"\r\n.\r\n"


class _Server(SMTP):
    """aiosmtpd, but for reading a message: at once instead of line by line, ten times as fast."""

    line_length_limit = _MOST_BYTES  # the reader's buffer; commands have their own, short limit

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # named by aiosmtpd
        """Take one message."""
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        try:
            self.envelope.content = await self._read_message()
        except asyncio.LimitOverrunError:
            await self.push("552 Error: Too much mail data")
            self._writer.close()
            return
        answer = await self.event_handler.handle_DATA(self, self.session, self.envelope)
        self.envelope = Envelope()
        await self.push(answer)

    async def _read_message(self) -> bytes:
        start = await self._reader.readexactly(3)
        if start == b".\r\n":
            return b""
        data = start + await self._reader.readuntil(_END)
        data = data[: -len(_END) + 2]
        if data.startswith(b"."):  # dots doubled by the sender (RFC 5321 section 4.5.2)
            data = data[1:]
        return data.replace(b"\r\n.", b"\r\n")


class _Keeper:
    """Answers 250 when a mail has been stored, and not before."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._clock = clock
        self.group = GroupCommit(Writer(engine, add_mails, "inbox"), "inbox")

    async def handle_EHLO(  # noqa: N802  # named by aiosmtpd
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(  # noqa: N802  # aiosmtpd names it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        source = envelope.content or b""
        assert isinstance(source, bytes)  # noqa: S101  # tells mypy
        mail = Mail(
            received_at=self._clock(),
            sender=(envelope.mail_from or "").removeprefix("<>"),
            recipient=", ".join(envelope.rcpt_tos),
            subject=subject_of(source),
            source=source,
        )
        try:
            await self.group.add(mail)
        except Exception:  # noqa: BLE001  # counted and logged where it happened
            return "451 The inbox cannot store mails now; try again later"
        return "250 OK: kept in the inbox"


class _Controller(Controller):
    """Serves a socket that is bound already: a taken port is known at once, not after a time-out."""

    def __init__(self, keeper: _Keeper, listener: socket.socket) -> None:
        super().__init__(
            keeper,
            hostname=_HOST,
            port=listener.getsockname()[1],
            ready_timeout=_START_SECONDS,
        )
        self._listener = listener

    def factory(self) -> SMTP:
        """One connection's server."""
        return _Server(
            self.handler,
            data_size_limit=_MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname="inbox.localhost",
            ident="mailer inbox",
            loop=self.loop,
        )

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)


class InboxServer:
    """The built-in inbox's server; `start` returns when it listens, `stop` when all is stored."""

    def __init__(self, engine: Engine, clock: Clock, port: int) -> None:
        self._keeper = _Keeper(engine, clock)
        self._controller: Any = None
        self.port = port  # 0: any free one, known after the start

    def start(self) -> None:
        """Listen; ``ConfigurationError`` when something else listens there."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells every command
        listener = listen(
            _HOST,
            self.port,
            what="The built-in inbox",
            backlog=_BACKLOG,
            setting="MAILER_INBOX_PORT",
        )
        self.port = listener.getsockname()[1]
        self._controller = _Controller(self._keeper, listener)
        self._controller.start()

    def stop(self) -> None:
        """Store what came, and close."""
        asyncio.run_coroutine_threadsafe(self._keeper.group.close(), self._controller.loop).result(
            timeout=30
        )
        self._controller.stop()

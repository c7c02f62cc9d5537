"""Runs the receiver of mails that came back, in a thread of its own; and hands mails to it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from mailer.bouncing.receiving import Receiver
from mailer.bouncing.suppressing import Rules
from mailer.bouncing.taking import Intake
from tests.support.factories import NOON
from tests.support.patience import SECONDS
from tests.support.sending import SIGNER


def an_intake(engine: Engine, rules: Rules | None = None) -> Intake:
    return Intake(engine, SIGNER, rules or Rules(), lambda: NOON)


@contextmanager
def receiving(engine: Engine) -> Iterator[int]:
    """The port on which a receiver takes mails."""
    receiver = Receiver(an_intake(engine), port=0)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=[receiver.serve(stop)])
    thread.start()
    try:
        yield receiver.port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(SECONDS)
        loop.run_until_complete(loop.shutdown_default_executor())
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()


class Client:
    """Speaks SMTP or LMTP line by line; each answer is all its lines."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._file = self._socket.makefile("rb")
        self.greeting = self.answer()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def say(self, line: str) -> str:
        self._socket.sendall(line.encode() + b"\r\n")
        return self.answer()

    def answer(self) -> str:
        lines = []
        while True:
            line = self._file.readline().decode().rstrip()
            lines.append(line)
            if line[3:4] != "-":
                return "\n".join(lines)

    def hand_over(self, source: bytes, *recipients: str, greeting: str = "EHLO mx.test") -> str:
        """A whole transaction: the answer to the message, or the refusal of a recipient."""
        for line in (greeting, "MAIL FROM:<>", *(f"RCPT TO:<{one}>" for one in recipients)):
            said = self.say(line)
            if not said.startswith("250"):
                return said
        assert self.say("DATA").startswith("354")
        body = b"\r\n".join(source.splitlines()).replace(b"\r\n.", b"\r\n..")
        self._socket.sendall(body + b"\r\n.\r\n")
        return self.answer()

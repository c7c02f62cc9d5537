"""A crowd that clicks on a real web server: who was answered, to be compared with who is stored."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count

from sqlalchemy import Engine, select

from mailer.database.engine import reading
from mailer.database.tables import Click
from mailer.tokens import Signer
from tests.support.accounting import wait_until
from tests.support.command import free_port
from tests.support.processes import Installation, Process

KEY = "a key for tests only"
CONNECTIONS = 256
_GONE = (asyncio.IncompleteReadError, ConnectionError)


class Crowd:
    """Each connection asks for one click after the other, every click by another reader."""

    def __init__(self, port: int, issue_id: int) -> None:
        self.answered: Counter[int] = Counter()  # by subscriber
        self._port, self._issue_id = port, issue_id
        self._signer = Signer(KEY.encode())
        self._numbers = count(1)
        self._leaving = False

    async def more(self, clicks: int) -> None:
        """Wait until so many more were answered."""
        wanted = self.answered.total() + clicks
        async with asyncio.timeout(300):
            while self.answered.total() < wanted:  # noqa: ASYNC110  # counted by tasks of this loop
                await asyncio.sleep(0.01)

    def leave(self) -> None:
        """Click no more; what was begun is waited for."""
        self._leaving = True

    async def click(self) -> None:
        """One connection, until everybody leaves or the server is gone."""
        with suppress(*_GONE):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            try:
                while not self._leaving:
                    number = next(self._numbers)
                    token = self._signer.sign(self._issue_id, number)
                    request = f"GET /c/{token}/1 HTTP/1.1\r\nHost: x\r\nUser-Agent: F\r\n\r\n"
                    writer.write(request.encode())
                    head = await reader.readuntil(b"\r\n\r\n")
                    assert head.startswith(b"HTTP/1.1 302"), head
                    self.answered[number] += 1
            finally:
                writer.close()


def serving(site: Installation) -> tuple[Process, int]:
    """``mailer web`` on a free port."""
    port = free_port()
    process = site.command("web", "--port", str(port))

    def listens() -> bool:
        assert process.running, process.words
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens)
    return process, port


@asynccontextmanager
async def clicking(
    port: int, issue_id: int, connections: int = CONNECTIONS
) -> AsyncIterator[Crowd]:
    """A crowd that clicks until it is told to leave, at the latest at the end."""
    crowd = Crowd(port, issue_id)
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(crowd.click())
        yield crowd
        crowd.leave()


def stored(engine: Engine) -> Counter[int]:
    """How many clicks of each subscriber are in the database."""
    with reading(engine) as session:
        return Counter(session.scalars(select(Click.subscriber_id)))

"""A worker needs no more memory for a large audience than for a small one."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mailer.database.engine import reading
from mailer.delivering.auditing import counts
from tests.support.accounting import issue_under_way, wait_until, wait_until_sent
from tests.support.patience import SECONDS
from tests.support.processes import PATIENT, installation
from tests.support.sending import audited

log = logging.getLogger(__name__)

MOST_MB = 128


def peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


class _Swallow(asyncio.Protocol):
    """An SMTP server that keeps nothing: only its speed matters here."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.rest, self.in_body = transport, b"", False
        transport.write(b"220 swallow.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        data, replies = self.rest + data, []
        while data:
            end = data.find(b"\r\n.\r\n") + 5 if self.in_body else data.find(b"\r\n") + 2
            if end < (5 if self.in_body else 2):
                break
            replies.append(self.reply(data[:4]))
            data = data[end:]
        self.rest = data
        self.transport.write(b"".join(replies))

    def reply(self, verb: bytes) -> bytes:
        if self.in_body:
            self.in_body = False
            return b"250 2.0.0 Ok\r\n"
        self.in_body = verb == b"DATA"
        if verb == b"EHLO":
            return b"250-swallow.test\r\n250 PIPELINING\r\n"
        return b"354 go on\r\n" if self.in_body else b"250 2.0.0 Ok\r\n"


@contextmanager
def swallowing() -> Iterator[int]:
    """The port of a server that swallows mail, in a thread of its own."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(_Swallow, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_worker_stays_below_128_mb_at_100_000_recipients(
    engine: Engine,
    database_url: str,
    tmp_path: Path,
) -> None:
    issue_id, _ = issue_under_way(engine, 100_000, batch_size=1000)

    with swallowing() as port, installation(tmp_path, database_url, port) as site:
        worker = site.command("worker", changes={**PATIENT, "connections": "10"})
        wait_until(lambda: done(engine, issue_id) > 10_000)
        early = peak_mb(worker.pid)
        wait_until_sent(engine, issue_id, seconds=900)
        late = peak_mb(worker.pid)

    log.info("at most %.0f MB after 10,000 recipients, %.0f MB after all", early, late)
    assert audited(engine, issue_id).accepted == 100_000
    assert late < MOST_MB
    assert late < early + 10, "it does not grow with the audience"


def done(engine: Engine, issue_id: int) -> int:
    time.sleep(0.05)
    with reading(engine) as session:
        return counts(session, issue_id).done

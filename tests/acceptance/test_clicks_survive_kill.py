"""A click that was answered is in the database, whatever becomes of the server."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from mailer.database.engine import reading
from mailer.database.tables import Click
from mailer.tokens import Signer
from tests.support.site import mail_one, mailer_of

pytestmark = pytest.mark.anyio
KEY = "a key for tests only"
READERS = 1000
SERVE = (
    "import sys; from mailer.bootstrap import bootstrap; from mailer.settings import load_settings; "
    "from mailer.web.serving import serve; serve(bootstrap(load_settings()), port=int(sys.argv[1]))"
)


def start(database_url: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A real web server in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port)],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("MAILER_")},
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "MAILER_DATABASE_URL": database_url,
            "MAILER_SECRET_KEY": KEY,
            "MAILER_SMTP_URL": "smtp://127.0.0.1:1",
        },
    )
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return process, port
    raise AssertionError("the server did not start")


async def click_until_killed(port: int, issue_id: int, first: int, answered: Counter[int]) -> None:
    """One reader after the other clicks; counts those whose redirect arrived."""
    signer = Signer(KEY.encode())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = first
    try:
        while True:
            token = signer.sign(issue_id, number)
            writer.write(f"GET /c/{token}/1 HTTP/1.1\r\nHost: x\r\nUser-Agent: F\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 302")
            answered[number] += 1
            number = first + (number - first + 1) % READERS
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def test_kill_9_loses_no_click_that_was_answered(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    ann = mail_one(mailer_of(engine, secret_key=KEY))
    process, port = start(database_url, tmp_path)
    answered: Counter[int] = Counter()
    try:
        async with asyncio.TaskGroup() as group:
            for lane in range(32):
                group.create_task(
                    click_until_killed(port, ann.issue_id, 1 + lane * READERS, answered)
                )
            async with asyncio.timeout(60):
                while answered.total() <= 500:  # noqa: ASYNC110  # counted by tasks of this loop
                    await asyncio.sleep(0.01)
            process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()

    with reading(engine) as session:
        stored = Counter(session.scalars(select(Click.subscriber_id)))
    assert answered.total() > 500
    assert answered - stored == Counter()


async def test_an_orderly_end_answers_and_stores_what_was_begun(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    ann = mail_one(mailer_of(sqlite_engine, secret_key=KEY))
    process, port = start(sqlite_url, tmp_path)
    answered: Counter[int] = Counter()
    try:
        async with asyncio.TaskGroup() as group:
            for lane in range(8):
                group.create_task(
                    click_until_killed(port, ann.issue_id, 1 + lane * READERS, answered)
                )
            await asyncio.sleep(0.5)
            process.send_signal(signal.SIGTERM)
        assert process.wait(15) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait()

    with reading(sqlite_engine) as session:
        stored = Counter(session.scalars(select(Click.subscriber_id)))
    assert answered - stored == Counter()

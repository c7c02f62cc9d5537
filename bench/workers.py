"""Workers as processes of their own, told what to send and asked what it cost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from bench.databases import Database

# What a worker tells of itself: when it started and an issue ended, CPU seconds so far, and so on.
Figures = dict[str, float]


class Running:
    """A worker that runs until its input ends."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def idle(self) -> Figures:
        """What it needed before there was anything to send."""
        self.ask("idle")
        return self.answer()

    def send(self, issue_id: int) -> Figures:
        """Wait until everybody has a started issue."""
        self.ask(str(issue_id))
        return self.answer()

    def ask(self, line: str) -> None:
        """For several workers at once: first ask all, then wait for each `answer`."""
        pipe = _open(self._process.stdin)
        pipe.write(f"{line}\n")
        pipe.flush()

    def answer(self) -> Figures:
        """What it tells, when it is done with what was asked."""
        line = _open(self._process.stdout).readline()
        if not line:
            raise SystemExit("a worker ended before its issue did")
        figures: Figures = json.loads(line)
        return figures


def _open(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # both were asked for
    return pipe


def relay_url(port: int, *, tls: bool = False) -> str:
    """A relay on this machine, in the clear or by TLS with a certificate that nobody vouches for."""
    return f"smtps://127.0.0.1:{port}?verify=no" if tls else f"smtp://127.0.0.1:{port}?starttls=no"


@contextmanager
def worker(
    database: Database, port: int, *, connections: int, dkim: str = "none", tls: bool = False
) -> Iterator[Running]:
    """A new worker process, that sends to a relay on this *port*."""
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "bench.worker", database.url),
            *(relay_url(port, tls=tls), str(connections), dkim),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Running(process)


@contextmanager
def workers(
    number: int, database: Database, port: int, *, connections: int
) -> Iterator[list[Running]]:
    """So many of them."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(worker(database, port, connections=connections))
            for _ in range(number)
        ]

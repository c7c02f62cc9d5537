"""Readers who click: many connections kept alive, one request after the other on each.

Usage: python -m bench.clicking PORT FILE_OF_PATHS CLICKS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import cast

import uvloop

_CONNECTIONS = 256
_LONGEST_SECONDS = 300.0
_HEADERS = (
    "Host: 127.0.0.1\r\nAccept: text/html\r\nAccept-Language: en\r\nUser-Agent: Mozilla/5.0 "
    "(X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0\r\n\r\n"
)


class _Reader(asyncio.Protocol):
    """Clicks until there are no paths left; every answer has to be a redirect."""

    def __init__(self, paths: Iterator[str], done: asyncio.Future[None]) -> None:
        self._paths, self._done = paths, done
        self._transport: asyncio.Transport | None = None
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are their own class
        self._click(self._transport)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if self._transport is None or not self._answer.endswith(b"\r\n\r\n"):
            return None
        if not self._answer.startswith(b"HTTP/1.1 302"):
            return self._finish(f"no redirect: {self._answer[:60]!r}")
        self._answer = b""
        return self._click(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(f"the connection was lost: {exc}")

    def _click(self, transport: asyncio.Transport) -> None:
        path = next(self._paths, None)
        if path is None:
            self._finish()
        else:
            transport.write(f"GET {path} HTTP/1.1\r\n{_HEADERS}".encode())

    def _finish(self, problem: str = "") -> None:
        if self._done.done():
            return
        if problem:
            self._done.set_exception(RuntimeError(problem))
        else:
            self._done.set_result(None)


async def click(port: int, paths: list[str], clicks: int) -> float:
    """Seconds for so many clicks."""
    loop = asyncio.get_running_loop()
    left = islice(cycle(paths), clicks)
    done = [loop.create_future() for _ in range(_CONNECTIONS)]
    started = time.perf_counter()
    for one in done:
        await loop.create_connection(lambda one=one: _Reader(left, one), "127.0.0.1", port)
    await asyncio.wait_for(asyncio.gather(*done), _LONGEST_SECONDS)
    return time.perf_counter() - started


if __name__ == "__main__":
    links = Path(sys.argv[2]).read_text().splitlines()
    print(json.dumps({"seconds": uvloop.run(click(int(sys.argv[1]), links, int(sys.argv[3])))}))

"""A relay far away: passes bytes on to a port of this machine, half a round trip later each way.

Usage: python -m bench.delaying LISTEN_PORT PORT
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import uvloop

from bench.machine import free_port, until_listening

ROUND_TRIP_MS = 30


@contextmanager
def delayed(port: int) -> Iterator[int]:
    """A port behind which *port* is that far away."""
    listening = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.delaying", str(listening), str(port)])
    try:
        until_listening(listening)
        yield listening
    finally:
        process.terminate()
        process.wait()


class _Delay(asyncio.Protocol):
    """One direction of one connection; *other* is the way back."""

    def __init__(self) -> None:
        self.other: _Delay | None = None
        self.transport: asyncio.Transport | None = None
        self._under_way: deque[bytes] = deque()  # in order; b"" is the end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are their own class

    def data_received(self, data: bytes) -> None:
        self._send(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio names it
        self._send(b"")

    def _send(self, data: bytes) -> None:
        self._under_way.append(data)
        asyncio.get_running_loop().call_later(ROUND_TRIP_MS / 2000, self._arrive)

    def _arrive(self) -> None:
        data = self._under_way.popleft()
        there = self.other.transport if self.other is not None else None
        if there is None or there.is_closing():
            return
        if data:
            there.write(data)
        else:
            there.close()


class _Near(_Delay):
    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._opening = asyncio.create_task(self._open())

    async def _open(self) -> None:
        _, far = await asyncio.get_running_loop().create_connection(_Delay, "127.0.0.1", self._port)
        self.other, far.other = far, self


async def serve(listening: int, port: int) -> None:
    """Pass connections on until the process is ended."""
    server = await asyncio.get_running_loop().create_server(
        lambda: _Near(port), "127.0.0.1", listening
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))

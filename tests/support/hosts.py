"""Hosts of their own: network namespaces joined by cables that can be pulled out.

Made with iproute2, which needs root (CAP_NET_ADMIN and CAP_SYS_ADMIN). Nothing leads out of them:
they reach this machine by one address, and nothing else.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count

from sqlalchemy.engine import make_url

from tests.support.patience import SECONDS

_networks = count(1)


def ip(*words: str) -> None:
    """One command of iproute2; says what is needed where it cannot be."""
    try:
        done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise AssertionError("Hosts of their own need `ip`: install iproute2.") from error
    assert done.returncode == 0, (
        f"`ip {' '.join(words)}` said: {done.stderr.strip()} Hosts of their own are network "
        "namespaces: run these tests as root, in a container with --cap-add NET_ADMIN,SYS_ADMIN."
    )


@dataclass(frozen=True)
class Host:
    """A namespace with one cable to this machine."""

    name: str
    plug: str  # this machine's end of the cable

    @property
    def namespace(self) -> str:
        """The file that a process enters it by."""
        return f"/run/netns/{self.name}"

    def cut(self) -> None:
        """Pull the cable out: nothing arrives, and nobody is told."""
        ip("link", "set", self.plug, "down")

    def mend(self) -> None:
        """Put it in again."""
        ip("link", "set", self.plug, "up")


@dataclass(frozen=True)
class Network:
    """Hosts, and the address by which they reach this machine."""

    address: str
    hosts: list[Host]


@contextmanager
def network(number: int) -> Iterator[Network]:
    """So many hosts on a switch of this machine; all of it goes away afterwards."""
    made, pid = next(_networks), os.getpid()
    mark = f"{pid % 46_656:x}{made:x}"  # names of devices have 15 letters at most
    subnet = f"10.{200 + pid // 250 % 50}.{pid % 250}"
    switch = f"mswitch{mark}"
    with ExitStack() as stack:
        ip("link", "add", "name", switch, "type", "bridge")
        stack.callback(ip, "link", "del", switch)
        ip("addr", "add", f"{subnet}.1/24", "dev", switch)
        ip("link", "set", switch, "up")
        hosts = [_host(stack, f"m{mark}h{n}", switch, f"{subnet}.{n + 10}") for n in range(number)]
        yield Network(f"{subnet}.1", hosts)


def _host(stack: ExitStack, name: str, switch: str, address: str) -> Host:
    ip("netns", "add", name)
    stack.callback(ip, "netns", "del", name)  # and with it the cable
    ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
    ip("link", "set", name, "master", switch)
    ip("link", "set", name, "up")
    ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
    ip("-n", name, "link", "set", "eth0", "up")
    ip("-n", name, "link", "set", "lo", "up")
    return Host(name, name)


@contextmanager
def reachable(database_url: str, address: str) -> Iterator[str]:
    """A PostgreSQL that listens on a socket of this machine, reached at *address*: its URL there."""
    url = make_url(database_url)
    folder = url.query.get("host")
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(folder, str):
            there = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{url.port or 5432}")
        else:
            there = await asyncio.open_connection(url.host, url.port or 5432)
        await asyncio.gather(_pass(reader, there[1]), _pass(there[0], writer))

    server = loop.run_until_complete(asyncio.start_server(serve, address, 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        port = server.sockets[0].getsockname()[1]
        moved = url.set(host=address, port=port, query={})
        yield moved.render_as_string(hide_password=False)
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, asyncio.CancelledError):
        pass
    finally:
        with suppress(ConnectionError, RuntimeError):
            writer.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    current = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not current]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)

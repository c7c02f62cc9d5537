"""The event loop that sending and serving run on: uvloop, where it exists."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable

if sys.platform == "win32":
    new_event_loop = asyncio.new_event_loop
else:
    from uvloop import new_event_loop

__all__ = ["new_event_loop", "run_until_stopped"]


def run_until_stopped(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run *work* with an event that is set when SIGTERM or SIGINT comes."""

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # no handlers on Windows' loop
                loop.add_signal_handler(number, stop.set)
        await work(stop)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run())

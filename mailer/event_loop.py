"""The event loop that sending and serving run on: uvloop, where it exists."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from threading import Timer

from mailer.errors import Unavailable

if sys.platform == "win32":
    new_event_loop = asyncio.new_event_loop
else:
    from uvloop import new_event_loop

__all__ = ["leave_within", "new_event_loop", "run_until_stopped"]

log = logging.getLogger(__name__)


def run_until_stopped(work: Callable[[asyncio.Event], Awaitable[None]], *, within: float) -> None:
    """Run *work* with an event that is set when SIGTERM or SIGINT comes.

    Whatever has not ended *within* so many seconds of that is left as it is, as by kill -9: a
    database that does not answer holds nobody up.
    """
    alarms: list[Timer] = []

    async def run() -> None:
        stop = asyncio.Event()

        def end() -> None:
            if not stop.is_set():
                alarms.append(leave_within(within))
                stop.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # no handlers on Windows' loop
                loop.add_signal_handler(number, end)
        await work(stop)

    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(run())
    finally:
        for alarm in alarms:
            alarm.cancel()


def leave_within(seconds: float) -> Timer:
    """Leave whatever this process does after so many seconds, unless it has ended or cancels this."""
    alarm = Timer(seconds, _leave, (seconds,))
    alarm.daemon = True
    alarm.start()
    return alarm


def _leave(seconds: float) -> None:
    log.error("What was under way did not end within %g seconds: it is left as it is.", seconds)
    os._exit(Unavailable.exit_status)

"""The scheduler: starts issues at their time and sends them, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from mailer.bootstrap import Mailer, bootstrap
from mailer.errors import MailerError, Unavailable
from mailer.event_loop import new_event_loop
from mailer.settings import load_settings

log = logging.getLogger(__name__)

_TICK = timedelta(seconds=1)


def main() -> None:
    """Run the scheduler with the settings in force; exits with an error's own status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    try:
        run(bootstrap(load_settings()))
    except MailerError as error:
        log.error("%s", error)
        sys.exit(error.exit_status)


def run(mailer: Mailer, *, starting: bool = True) -> None:
    """Send whatever is due until SIGTERM or SIGINT; with *starting*, start due issues as well."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_run(mailer, starting=starting))


async def _run(mailer: Mailer, *, starting: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # no signal handlers on Windows' loop
            loop.add_signal_handler(number, stop.set)
    scheduler = AsyncIOScheduler(timezone="UTC")
    if starting:
        scheduler.add_job(
            _start_due,
            "interval",
            seconds=_TICK.total_seconds(),
            args=[mailer],
            id="start due issues",
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            next_run_time=mailer.clock(),
        )
    scheduler.start()
    try:
        await mailer.worker().run(stop)
    finally:
        scheduler.shutdown(wait=False)


def _start_due(mailer: Mailer) -> None:
    try:
        mailer.starter.start_due(mailer.clock())
    except Unavailable as error:
        log.error("%s Due issues wait.", error)

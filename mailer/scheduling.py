"""The scheduler: starts issues at their time, has them sent, and single mails, until told to stop."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from mailer.audience import uploading, uploads
from mailer.bootstrap import Mailer, bootstrap
from mailer.bouncing.polling import poll
from mailer.bouncing.weighing import weigh
from mailer.database.engine import reading, transaction
from mailer.errors import ConfigurationError, MailerError, Unavailable
from mailer.event_loop import run_until_stopped
from mailer.joining import meters, work
from mailer.joining.lapsing import remove_unconfirmed
from mailer.keeping import terms
from mailer.keeping.gathering import gather, gather_answers
from mailer.keeping.retaining import retain
from mailer.mailboxes import Mailbox
from mailer.notifying.notices import remove_settled
from mailer.notifying.sending import Couriers
from mailer.settings import load_settings
from mailer.tracking import judging
from mailer.worker_process import worker_beside

log = logging.getLogger(__name__)

_TICK = timedelta(seconds=1)
_JUDGE = timedelta(seconds=20)
_GATHER = timedelta(minutes=5)
_TIDY = timedelta(hours=1)
_STOP_SECONDS = 8.0  # the worker beside has gone half a second before
_JOB = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}


def main() -> None:
    """Run the scheduler with the settings in force; exits with an error's own status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # one that is late runs later
    try:
        run(bootstrap(load_settings()))
    except MailerError as error:
        log.error("%s", error)
        sys.exit(error.exit_status)


def run(mailer: Mailer) -> None:
    """Start what is due and send it, until SIGTERM or SIGINT."""
    run_until_stopped(partial(_run, mailer), within=_STOP_SECONDS)


async def _run(mailer: Mailer, stop: asyncio.Event) -> None:
    scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=_JOB)
    couriers = Couriers(mailer.post)
    for name, job, every, arguments in (
        ("start due issues", _start_due, _TICK, [mailer]),
        ("send notices", couriers.tick, _TICK, []),
        ("try and import uploads", _import, _TICK, [mailer]),
        ("judge clicks", _judge_clicks, _JUDGE, [mailer]),
        ("judge refusals", _judge_refusals, _JUDGE, [mailer]),
        ("gather receipts and answers", _gather, _GATHER, [mailer]),
        ("forget what is old", _forget, _TIDY, [mailer]),
        *_mailbox_job(mailer),
    ):
        scheduler.add_job(
            job,
            "interval",
            seconds=every.total_seconds(),
            args=arguments,
            id=name,
            next_run_time=mailer.clock(),
        )
    scheduler.start()
    finishing = asyncio.create_task(_finish(stop, scheduler, couriers))
    try:
        await _keep_sending(stop)
    finally:
        stop.set()
        await finishing


async def _finish(stop: asyncio.Event, scheduler: AsyncIOScheduler, couriers: Couriers) -> None:
    """Once we are to stop, begin nothing more; what is under way may arrive, while the worker ends."""
    await stop.wait()
    scheduler.shutdown(wait=False)
    await couriers.finish()


async def _keep_sending(stop: asyncio.Event) -> None:
    """A worker beside us, and another one should it be killed; ``Unavailable`` if it gives up."""
    stopped = asyncio.create_task(stop.wait())
    while not stop.is_set():
        async with worker_beside() as worker:
            ended = asyncio.create_task(worker.wait())
            await asyncio.wait((stopped, ended), return_when="FIRST_COMPLETED")
        if stop.is_set():
            return
        if worker.returncode and worker.returncode > 0:  # below zero: the number of a signal
            raise Unavailable("Sending cannot go on; the words above say why.")
        log.error("The worker was killed; it is started again.")
        await asyncio.wait((stopped,), timeout=_TICK.total_seconds())


def _mailbox_job(mailer: Mailer) -> list[tuple[str, Callable[..., None], timedelta, list[Any]]]:
    """Nothing without a mailbox; a wrong address of one is told at the start."""
    mailbox = mailer.bounce_mailbox
    if mailbox is None:
        return []
    every = timedelta(seconds=mailer.settings.bounce_poll_seconds)
    return [("take in what came back", _poll, every, [mailer, mailbox])]


def _poll(mailer: Mailer, mailbox: Mailbox) -> None:
    try:
        counts = poll(mailbox, mailer.intake)
    except (Unavailable, ConfigurationError) as error:
        log.error("%s What came back waits there.", error)
        return
    if counts:
        log.info("took in: %s", ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())))


def _start_due(mailer: Mailer) -> None:
    try:
        mailer.starter.start_due(mailer.clock())
    except Unavailable as error:
        log.error("%s Due issues wait.", error)


def _import(mailer: Mailer) -> None:
    """Try and import lists of readers that staff brought by the browser."""
    try:
        uploading.work(mailer.engine, mailer.signer, mailer.clock)
    except Unavailable as error:
        log.error("%s Imports wait.", error)


def _judge_clicks(mailer: Mailer) -> None:
    """Mark clicks of scanners that only their haste gives away."""
    try:
        with reading(mailer.engine) as session:
            more = judging.pending(session, now=mailer.clock())
        while more:
            with transaction(mailer.engine) as session:
                judging.judge(session, now=mailer.clock(), at_hand=mailer.settings.smtp_url is None)
                more = judging.pending(session, now=mailer.clock())
    except Unavailable as error:
        log.error("%s Clicks are judged later.", error)


def _judge_refusals(mailer: Mailer) -> None:
    """Suppress whom the relay refused for good, once an issue has been sent."""
    try:
        for issue_id, suppressed in weigh(mailer.engine, mailer.bounce_rules, mailer.clock).items():
            log.info("suppressed %d addresses that refused issue %d", suppressed, issue_id)
    except Unavailable as error:
        log.error("%s Refusals are judged later.", error)


def _gather(mailer: Mailer) -> None:
    """Gather who got the issues that have ended, and who opened and clicked."""
    try:
        gather(mailer.engine, mailer.clock)
        gather_answers(mailer.engine, mailer.clock)
    except Unavailable as error:
        log.error("%s Rules ask the record itself meanwhile.", error)


def _forget(mailer: Mailer) -> None:
    """Remove what the settings say is kept no longer."""
    now, settings = mailer.clock(), mailer.settings
    try:
        with transaction(mailer.engine) as session:
            kept = terms.in_force(session, mailer.fixed_terms)
            gone = remove_settled(session, now - settings.keep_notices)
            unconfirmed = remove_unconfirmed(session, now - kept.unconfirmed)
            uploads.remove_files(session, now - settings.keep_uploads)
            meters.remove_ended(session, now)
            work.remove_ended(session, now)
        done = retain(mailer.engine, mailer.signer, kept, now=now)
    except Unavailable as error:
        log.error("%s Old rows stay for another hour.", error)
        return
    if gone or unconfirmed:
        log.info("forgot %d notices and %d sign-ups that nobody confirmed", gone, unconfirmed)
    if done:
        log.info("kept no longer: %s", ", ".join(f"{n} {what}" for what, n in done.items()))

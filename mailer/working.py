"""A worker out of the settings, and as a program of its own: what it sends was rendered before.

So nothing that composing, serving or the command line needs is in its memory. `mailer worker`
becomes this program; `mailer schedule` and `mailer issue send` have it beside them.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from mailer.addresses import parse_domain
from mailer.attending import end_with_parent
from mailer.base_urls import settled
from mailer.clock import Clock, utc_now
from mailer.database.engine import open_engine
from mailer.database.upgrading import upgrade
from mailer.delivering.guarding import Thresholds
from mailer.delivering.lanes import LaneOptions
from mailer.delivering.permits import Limits
from mailer.delivering.worker import Worker, WorkerOptions
from mailer.dkim_keys import load_dkim
from mailer.errors import MailerError
from mailer.event_loop import run_until_stopped
from mailer.relays import Relay, parse_relays
from mailer.secret_key import load_secret_key
from mailer.settings import Settings, load_settings
from mailer.signing import DkimSigner
from mailer.tokens import Signer

log = logging.getLogger(__name__)

_STOP_SECONDS = 7.0  # what is in flight gets four of them, the ledger the others


def main(arguments: Sequence[str] = ()) -> None:
    """Send whatever is due until SIGTERM or SIGINT; exits with an error's own status."""
    options = _parser().parse_args(arguments)
    if options.attended:
        end_with_parent()
    _log(quiet=options.issue is not None)
    try:
        settings = load_settings()
        engine = open_engine(settings.database_url, zone=ZoneInfo(settings.time_zone))
        upgrade(engine)
        settings = settled(engine, settings)
        signer = Signer(secret_key(engine, settings))
        relays, dkim = relays_of(settings), load_dkim(settings)
        worker = make_worker(settings, engine, signer, relays, dkim=dkim, issue_id=options.issue)
        run_until_stopped(worker.run, within=_STOP_SECONDS)
    except MailerError as error:
        log.error("%s", error)
        sys.exit(error.exit_status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=__name__)
    parser.add_argument("--issue", type=int)  # only this one, and say only what goes wrong
    parser.add_argument("--attended", action="store_true")  # end with whoever started it
    return parser


def _log(*, quiet: bool) -> None:
    if quiet:
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
    else:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)


def make_worker(
    settings: Settings,
    engine: Engine,
    signer: Signer,
    relays: Sequence[Relay],
    *,
    dkim: DkimSigner | None = None,
    clock: Clock = utc_now,
    issue_id: int | None = None,
) -> Worker:
    """A worker for everything that is due, or for one issue."""
    return Worker(
        engine,
        signer,
        relays,
        WorkerOptions(
            lanes=LaneOptions(
                settings.connections,
                settings.messages_per_connection,
                settings.smtp_timeout,
                hostname_of(settings),
            ),
            base_url=settings.base_url,
            lease_seconds=settings.lease_seconds,
            retry_schedule=settings.retry_schedule,
            hold_uncertain=settings.uncertain == "hold",
            thresholds=Thresholds(
                settings.stop_at_refused_percent,
                settings.stop_at_bounced_percent,
                settings.stop_at_complained_percent,
                settings.stop_among,
            ),
            limits=limits_of(settings),
            dkim=dkim,
        ),
        clock=clock,
        issue_id=issue_id,
    )


def limits_of(settings: Settings) -> Limits:
    """How much may be sent in which time, by all workers together."""
    return Limits(
        settings.rates,
        settings.domain_rates,
        {parse_domain(domain): plan for domain, plan in settings.warm_up.items()},
        ZoneInfo(settings.time_zone),
    )


def relays_of(settings: Settings) -> tuple[Relay, ...]:
    """The relays that take our mail: those set, else the built-in inbox."""
    if settings.smtp_url is not None:
        return parse_relays(settings.smtp_url.get_secret_value())
    inbox = Relay(
        host="127.0.0.1", port=settings.inbox_port, starttls=False, name="the built-in inbox"
    )
    return (inbox,)


def hostname_of(settings: Settings) -> str:
    """What we call ourselves in EHLO."""
    return urlsplit(settings.base_url).hostname or "localhost"


def secret_key(engine: Engine, settings: Settings) -> bytes:
    """The key of this installation, out of the settings or its file."""
    given = settings.secret_key.get_secret_value() if settings.secret_key else None
    return load_secret_key(engine, given)


if __name__ == "__main__":
    main(sys.argv[1:])

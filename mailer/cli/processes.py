"""`mailer up`, `web`, `schedule`, `worker` and `upgrade`: the long-running parts."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import Annotated

import typer

from mailer import scheduling, working
from mailer.bootstrap import Mailer, bootstrap
from mailer.bouncing.receiving import Receiver
from mailer.cli.context import mailer
from mailer.cli.output import AsJson, say
from mailer.cli.planting import plant
from mailer.cli.supervising import supervise
from mailer.database.engine import open_engine, transaction
from mailer.database.tables import LinkPurpose
from mailer.database.upgrading import upgrade as upgrade_database
from mailer.event_loop import new_event_loop
from mailer.settings import load_settings
from mailer.staffing import links, users
from mailer.web import serving

Host = Annotated[str, typer.Option("--host", help="The address to listen on.")]
Port = Annotated[int, typer.Option("--port", help="The port to listen on.", min=1, max=65535)]


def up(
    with_sample: Annotated[
        bool,
        typer.Option("--sample", help="In an empty database: a newsletter, readers, an issue."),
    ] = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Start everything: web, scheduler, sending and, without a relay, the built-in inbox."""
    address = f"http://{host}:{port}"
    if "base_url" not in load_settings().model_fields_set:
        os.environ["MAILER_BASE_URL"] = address  # children read the same settings
    settings = load_settings()
    installation = bootstrap(settings)
    started = plant(installation) if with_sample else None
    installation.engine.dispose()
    say(f"mailer is at {settings.base_url}")
    if settings.smtp_url is None:
        say(f"What it sends arrives in the built-in inbox: {settings.base_url}/inbox")
    if started is not None:
        say(f"The sample issue, number {started}, goes out in a minute. Stop with Ctrl-C.")
    supervise(
        mailer(),
        [["web", "--host", host, "--port", str(port)], ["schedule"]],
    )


def web(
    host: Host = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Serve the pages, tracked links and unsubscribes; without a relay set, the inbox, too."""
    _log()
    _say_welcome(mailer())
    serving.serve(mailer(), host=host, port=port)


def schedule() -> None:
    """Start issues at their time and send them, until SIGTERM or Ctrl-C."""
    scheduling.main()


def worker() -> None:
    """Send only: any number of these share one database."""
    # A program of its own, in this one's place: it needs a third of the memory.
    os.execv(sys.executable, [sys.executable, "-m", working.__name__])  # noqa: S606  # no shell


def incoming(
    host: Host = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", help="The port to listen on.", min=1, max=65535)
    ] = 2525,
) -> None:
    """Take in bounces, complaints and unsubscribes that a mail server hands over (SMTP or LMTP)."""
    _log()
    receiver = Receiver(mailer().intake, host, port)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_receive(receiver))


async def _receive(receiver: Receiver) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await receiver.serve(stop)


def upgrade(as_json: AsJson = False) -> None:
    """Bring the database to this version's schema; it also happens at first start."""
    engine = open_engine(load_settings().database_url)
    applied = upgrade_database(engine)
    say(
        f"Applied {', '.join(applied)}." if applied else "The database is up to date.",
        {"applied": applied},
        as_json=as_json,
    )


def _say_welcome(installation: Mailer) -> None:
    """As long as nobody has an account: where the first one is made."""
    with transaction(installation.engine) as session:
        if users.is_anybody(session):
            return
        token = links.make_welcome(session, now=installation.clock())
    address = installation.settings.base_url + links.path_of(LinkPurpose.WELCOME, token)
    say(f"\nBegin here; this address makes your account, once:\n\n    {address}\n")


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # Every command of every connection to the built-in inbox, with readers' addresses.
    logging.getLogger("mail.log").setLevel(logging.WARNING)

"""`mailer incoming`: a mail server hands over what comes back."""

from __future__ import annotations

from mailer.bouncing.receiving import Receiver
from mailer.cli.context import Host, Port, mailer
from mailer.cli.output import log
from mailer.event_loop import run_until_stopped

_STOP_SECONDS = 8.0


def incoming(host: Host = "127.0.0.1", port: Port = 2525) -> None:
    log()
    run_until_stopped(Receiver(mailer().intake, host, port).serve, within=_STOP_SECONDS)

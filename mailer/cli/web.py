"""`mailer web`: the pages, tracked links and unsubscribes."""

from __future__ import annotations

from mailer.bootstrap import Mailer
from mailer.cli.context import Host, Port, mailer
from mailer.cli.output import log, say
from mailer.database.engine import transaction
from mailer.database.tables import LinkPurpose
from mailer.staffing import links, users
from mailer.web import serving


def web(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    log()
    _say_welcome(mailer())
    serving.serve(mailer(), host=host, port=port)


def _say_welcome(installation: Mailer) -> None:
    """As long as nobody has an account: where the first one is made."""
    with transaction(installation.engine) as session:
        if users.is_anybody(session):
            return
        token = links.make_welcome(session, now=installation.clock())
    address = installation.settings.base_url + links.path_of(LinkPurpose.WELCOME, token)
    say(f"\nBegin here; this address makes your account, once:\n\n    {address}\n")

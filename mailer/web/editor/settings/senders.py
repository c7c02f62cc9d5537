"""``/settings/senders``: the relays in force, a test with the server's own answer, records for the DNS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from mailer.addresses import parse_address
from mailer.audience import newsletters
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import Fate, Notice
from mailer.errors import MailerError
from mailer.relays import Relay
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import staff_of, staff_route
from mailer.web.editor.shell import answer
from mailer.web.languages import gettext as _
from mailer.web.site import Site, site_of

_PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class RelayLine:
    """One relay as it is shown: never its password."""

    name: str
    account: str
    security: str


@dataclass(frozen=True, slots=True)
class Record:
    """What to put into the DNS, and why."""

    name: str
    value: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a test mail, with the server's own words."""

    good: bool
    words: str
    reply: str


def page(request: Request) -> Response:
    """Everything about how mail leaves."""
    return _page(request)


def send_test(request: Request) -> Response:
    """Mail oneself now, by the way that everything goes, and wait for the answer."""
    site, staff = site_of(request), staff_of(request)
    try:
        with transaction(site.mailer.engine) as session:
            notice = site.mailer.notifier.notify(
                session,
                "test",
                to=staff.user.address,
                to_name=staff.user.name,
                values={},
                language=staff.user.language,
                now=site.mailer.clock(),
            )
        tried = _outcome(site, notice.id)
    except MailerError as error:
        tried = Tried(False, _("The test could not be sent."), error.sentence)
    return _page(request, tried=tried)


def _outcome(site: Site, notice_id: int) -> Tried:
    # The scheduler may have taken it already: then its answer is waited for.
    asyncio.run(site.mailer.post.send_due())
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with reading(site.mailer.engine) as session:
            notice = session.get_one(Notice, notice_id)
        if notice.fate == Fate.ACCEPTED:
            return Tried(True, _("The server took it. Look into your inbox."), notice.reply)
        if notice.fate is not None:
            return Tried(False, _("The server refused it."), notice.reply)
        if notice.reply or time.monotonic() > deadline:
            words = _("It could not be handed over yet; it is tried again in a while.")
            return Tried(False, words, notice.reply)
        time.sleep(_LOOK_SECONDS)


def _page(request: Request, tried: Tried | None = None) -> Response:
    site = site_of(request)
    with reading(site.mailer.engine) as session:
        senders = [one.newsletter for one in newsletters.counted(session)]
    domains = sorted({parse_address(one.from_address).domain for one in senders})
    settings = site.mailer.settings
    return answer(
        request,
        "editor/settings/senders.html",
        here="/settings",
        room="senders",
        relays=[_line(relay) for relay in site.mailer.relays],
        built_in=settings.smtp_url is None,
        senders=senders,
        domains=[(domain, records(site.mailer, domain, site.mailer.relays)) for domain in domains],
        rates=", ".join(map(str, settings.rates)),
        system_from=settings.system_from,
        tried=tried,
    )


def _line(relay: Relay) -> RelayLine:
    if relay.tls:
        security = _("encrypted from the first byte")
    elif relay.starttls:
        security = _("encrypted, or not at all")
    elif relay.starttls is None:
        security = _("encrypted where the server offers it")
    else:
        security = _("not encrypted")
    return RelayLine(str(relay), relay.username, security)


def records(mailer: Mailer, domain: str, relays: Sequence[Relay]) -> list[Record]:
    """What the DNS of a sender's domain has to say so that receivers believe us."""
    hosts = sorted({relay.host for relay in relays if not relay.name})
    allowed = " ".join(f"a:{host}" for host in hosts) or "a"
    found = [
        Record(
            domain,
            f"v=spf1 {allowed} ~all",
            _(
                "SPF: who may send for this domain. If a provider sends for you, it names another "
                "value (include:…); there must be one such record only, so add to the one you have."
            ),
        )
    ]
    keys = mailer.dkim.keys if mailer.dkim else ()
    found += [
        Record(
            key.record_name, key.record, _("DKIM: the key that our signatures are checked with.")
        )
        for key in keys
        if key.covers(f"news@{domain}")
    ]
    found.append(
        Record(
            f"_dmarc.{domain}",
            f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}",
            _(
                "DMARC: what receivers do with what is not signed. Begin with p=none, read the reports."
            ),
        )
    )
    return found


ROUTES = [
    staff_route("/settings/senders", page, may=Permission.SETTINGS),
    staff_route("/settings/senders/test", send_test, method="POST", may=Permission.SETTINGS),
]

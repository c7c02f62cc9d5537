"""``/subscribers/<number>/unsubscribe``, ``…/suppress``, ``…/erase``: how mail to somebody ends."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import consent, suppressions
from mailer.database.engine import transaction
from mailer.keeping.erasing import erase
from mailer.web.editor.access import field, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.person.page import MAY, PATH, back, by_whom, person_of, show
from mailer.web.editor.shell import go
from mailer.web.languages import gettext
from mailer.web.site import site_of

_NUMBER = re.compile("[0-9]{1,9}")


def unsubscribe(request: Request) -> Response:
    """End one subscription on the person's behalf."""
    number = field(request, "newsletter")
    with transaction(site_of(request).mailer.engine) as session:
        person = person_of(session, request)
        ended = _NUMBER.fullmatch(number) and consent.unsubscribe(
            session,
            newsletter_id=int(number),
            subscriber_id=person.id,
            now=site_of(request).mailer.clock(),
            method="editor",
            reason=field(request, "reason") or None,
            evidence={"by": by_whom(request)},
        )
    return back(request, gettext("Unsubscribed.") if ended else gettext("Nothing to end there."))


def suppress(request: Request) -> Response:
    """Never mail this address again."""
    mailer = site_of(request).mailer
    with transaction(mailer.engine) as session:
        person = person_of(session, request)
        suppressions.add(
            session,
            person.address,
            reason=field(request, "reason") or "asked for",
            source=by_whom(request),
            now=mailer.clock(),
        )
    return back(request, gettext("This address gets no more mail, whatever it is subscribed to."))


def lift(request: Request) -> Response:
    """Take a suppression back."""
    mailer = site_of(request).mailer
    with transaction(mailer.engine) as session:
        person = person_of(session, request)
        suppressions.remove(
            session, person.address, mailer.signer, by=by_whom(request), now=mailer.clock()
        )
        left = suppressions.find(session, person.address, mailer.signer)
    words = (
        gettext("This address can be mailed again.")
        if left is None
        else gettext("Its whole domain is suppressed still.")
    )
    return back(request, words)


def forget(request: Request) -> Response:
    """Erase the person; counts stay."""
    mailer = site_of(request).mailer
    if field(request, "sure") != "yes":
        return show(request, problem=gettext("Tick the box to erase this person."))
    with transaction(mailer.engine) as session:
        person = person_of(session, request)
        erase(session, person.address, mailer.signer, source=by_whom(request), now=mailer.clock())
    return go(request, "/subscribers", Notice(gettext("Erased. The counts of issues stay true.")))


ROUTES = [
    staff_route(f"{PATH}/unsubscribe", unsubscribe, method="POST", may=MAY),
    staff_route(f"{PATH}/suppress", suppress, method="POST", may=MAY),
    staff_route(f"{PATH}/lift", lift, method="POST", may=MAY),
    staff_route(f"{PATH}/erase", forget, method="POST", may=MAY),
]

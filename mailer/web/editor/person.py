"""``/subscribers/<number>``: what is known of one person, and what staff may change."""

from __future__ import annotations

import json
from zoneinfo import available_timezones

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mailer.addresses import clean_name
from mailer.audience import browsing, consent, suppressions
from mailer.database.engine import reading, transaction
from mailer.database.tables import Subscriber
from mailer.errors import InvalidInput
from mailer.keeping.disclosing import everything
from mailer.keeping.erasing import erase
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import field, staff_of, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.shell import answer, go
from mailer.web.languages import gettext
from mailer.web.public.choices import LANGUAGES, time_zones
from mailer.web.site import site_of

_MOST_SHOWN = 200  # of mails, clicks and changes; the download has them all


def page(request: Request) -> Response:
    """Consent, mails, clicks."""
    return _page(request)


def _page(request: Request, *, problem: str = "") -> Response:
    site = site_of(request)
    mailer = site.mailer
    with reading(mailer.engine) as session:
        person = _person(session, request)
        suppression = suppressions.find(session, person.address, mailer.signer)
        known = everything(session, person.address, mailer.signer, now=mailer.clock())
        return answer(
            request,
            "editor/person.html",
            status=422 if problem else 200,
            person=person,
            standings=browsing.standings(session, person.id),
            suppression=suppression,
            history=consent.history(session, person.id)[-_MOST_SHOWN:][::-1],
            tags=known["tags"],
            issues=known["issues"][-_MOST_SHOWN:][::-1],
            clicks=known["clicks"][-_MOST_SHOWN:][::-1],
            languages=LANGUAGES,
            zones=time_zones(),
            problem=problem,
        )


def change(request: Request) -> Response:
    """What the person is called, their language and their time zone."""
    zone, language = field(request, "time_zone", 64), field(request, "language", 35)
    try:
        name = clean_name(field(request, "name", 200))
        if zone and zone not in available_timezones():
            raise InvalidInput("Please choose a time zone from the list.")
    except InvalidInput as error:
        return _page(request, problem=error.sentence)
    with transaction(site_of(request).mailer.engine) as session:
        person = _person(session, request)
        person.name, person.language, person.time_zone = name, language or None, zone or None
    return _back(request, gettext("Saved."))


def unsubscribe(request: Request) -> Response:
    """End one subscription on the person's behalf."""
    number = field(request, "newsletter")
    with transaction(site_of(request).mailer.engine) as session:
        person = _person(session, request)
        ended = number.isdecimal() and consent.unsubscribe(
            session,
            newsletter_id=int(number),
            subscriber_id=person.id,
            now=site_of(request).mailer.clock(),
            method="editor",
            reason=field(request, "reason") or None,
        )
    return _back(request, gettext("Unsubscribed.") if ended else gettext("Nothing to end there."))


def suppress(request: Request) -> Response:
    """Never mail this address again."""
    mailer = site_of(request).mailer
    with transaction(mailer.engine) as session:
        person = _person(session, request)
        suppressions.add(
            session,
            person.address,
            reason=field(request, "reason") or "asked for",
            source=f"staff: {staff_of(request).user.address}",
            now=mailer.clock(),
        )
    return _back(request, gettext("This address gets no more mail, whatever it is subscribed to."))


def lift(request: Request) -> Response:
    """Take a suppression back."""
    mailer = site_of(request).mailer
    with transaction(mailer.engine) as session:
        lifted = suppressions.remove(session, _person(session, request).address, mailer.signer)
    words = (
        gettext("This address can be mailed again.")
        if lifted
        else gettext("Its whole domain is suppressed: take that back with `mailer suppression`.")
    )
    return _back(request, words)


def forget(request: Request) -> Response:
    """Erase the person; counts stay."""
    mailer = site_of(request).mailer
    if field(request, "sure") != "yes":
        return _page(request, problem=gettext("Tick the box to erase this person."))
    with transaction(mailer.engine) as session:
        person = _person(session, request)
        source = f"staff: {staff_of(request).user.address}"
        erase(session, person.address, mailer.signer, source=source, now=mailer.clock())
    return go(request, "/subscribers", Notice(gettext("Erased. The counts of issues stay true.")))


def download(request: Request) -> Response:
    """Everything of one person, as JSON."""
    mailer = site_of(request).mailer
    with reading(mailer.engine) as session:
        person = _person(session, request)
        known = everything(session, person.address, mailer.signer, now=mailer.clock())
    return Response(
        json.dumps(known, ensure_ascii=False, indent=2),
        media_type="application/json",
        headers={
            "content-disposition": f'attachment; filename="subscriber-{person.id}.json"',
            "cache-control": "no-store",
        },
    )


def _person(session: Session, request: Request) -> Subscriber:
    person = session.get(Subscriber, request.path_params["number"])
    if person is None:
        raise HTTPException(404)
    return person


def _back(request: Request, words: str) -> Response:
    return go(request, f"/subscribers/{request.path_params['number']}", Notice(words))


_PATH = "/subscribers/{number:int}"
_MAY = Permission.SUBSCRIBERS
ROUTES = [
    staff_route(_PATH, page, may=_MAY),
    staff_route(_PATH, change, method="POST", may=_MAY),
    staff_route(f"{_PATH}/unsubscribe", unsubscribe, method="POST", may=_MAY),
    staff_route(f"{_PATH}/suppress", suppress, method="POST", may=_MAY),
    staff_route(f"{_PATH}/lift", lift, method="POST", may=_MAY),
    staff_route(f"{_PATH}/erase", forget, method="POST", may=_MAY),
    staff_route(f"{_PATH}/everything.json", download, may=_MAY),
]

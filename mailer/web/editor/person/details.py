"""``POST /subscribers/<number>`` and ``…/tags``: what staff change of a person, consent apart."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import details
from mailer.audience.details import Details
from mailer.database.engine import transaction
from mailer.database.tables import Subscriber
from mailer.errors import InvalidInput, NotFound
from mailer.field_kinds import LONGEST_TEXT
from mailer.web.editor.access import field, form_of, staff_route
from mailer.web.editor.person.page import MAY, PATH, back, by_whom, person_of, show
from mailer.web.languages import gettext, spoken
from mailer.web.public.choices import LANGUAGES
from mailer.web.site import site_of

_OWN = "f."  # what fields of your own are called in the form


def change(request: Request) -> Response:
    """What the person is called, their language, their zone, their fields."""
    mailer = site_of(request).mailer
    try:
        with transaction(mailer.engine) as session:
            person = person_of(session, request)
            session.refresh(person, with_for_update=True)  # their own page may be saved meanwhile
            changed = details.change(
                session, person, _read(request, person), by=by_whom(request), now=mailer.clock()
            )
    except InvalidInput as error:
        return show(request, problem=spoken(error.sentence))
    return back(request, gettext("Saved.") if changed else gettext("Nothing was changed."))


def _read(request: Request, person: Subscriber) -> Details:
    language = field(request, "language", 35)
    if language and language not in LANGUAGES and language != person.language:
        raise InvalidInput("Please choose a language from the list.")
    return Details(
        name=field(request, "name"),
        language=language or None,
        time_zone=field(request, "time_zone", 64) or None,
        fields={
            name.removeprefix(_OWN): _text(request, name)
            for name in form_of(request)
            if name.startswith(_OWN)
        },
    )


def _text(request: Request, name: str) -> str:
    """As it was written, but for the ends of lines, which browsers send as two characters."""
    return field(request, name, 2 * LONGEST_TEXT).replace("\r\n", "\n")


def tag(request: Request) -> Response:
    """Give the person a tag."""
    mailer, name = site_of(request).mailer, field(request, "tag", 200)
    try:
        with transaction(mailer.engine) as session:
            person = person_of(session, request)
            given = details.tag(session, person, name, by=by_whom(request), now=mailer.clock())
    except InvalidInput as error:
        return show(request, problem=spoken(error.sentence))
    words = gettext("Marked with “%(tag)s”.") if given else gettext("“%(tag)s” was there already.")
    return back(request, words % {"tag": name})


def untag(request: Request) -> Response:
    """Take a tag from the person."""
    mailer, name = site_of(request).mailer, field(request, "tag", 200)
    try:
        with transaction(mailer.engine) as session:
            person = person_of(session, request)
            details.untag(session, person, name, by=by_whom(request), now=mailer.clock())
    except NotFound:
        return back(request, gettext("This tag is gone already."))
    return back(request, gettext("“%(tag)s” was taken away.") % {"tag": name})


ROUTES = [
    staff_route(PATH, change, method="POST", may=MAY),
    staff_route(f"{PATH}/tags", tag, method="POST", may=MAY),
    staff_route(f"{PATH}/tags/remove", untag, method="POST", may=MAY),
]

"""``/subscribers/tags``: words that people are marked with, one segment at a time or one by one."""

from __future__ import annotations

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import segments, tags
from mailer.database.engine import reading
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import field, staff_route
from mailer.web.editor.shell import answer
from mailer.web.editor.trying import tried
from mailer.web.languages import gettext, ngettext
from mailer.web.site import site_of

_HERE = "/subscribers/tags"
_LONGEST = 300


def page(request: Request) -> Response:
    """All tags, with their people counted."""
    return _page(request)


def give(request: Request) -> Response:
    """Make a tag, and give it to everybody of a segment, or take it from them."""
    return tried(request, _give, then=_HERE, otherwise=_page)


def rename(request: Request) -> Response:
    """Call a tag otherwise; whoever has it keeps it, and rules that name it follow."""
    return tried(request, _rename, then=_HERE, otherwise=_page)


def merge(request: Request) -> Response:
    """Make two tags one."""
    return tried(request, _merge, then=_HERE, otherwise=_page)


def remove(request: Request) -> Response:
    """Take a tag from everybody and forget it."""
    return tried(request, _remove, then=_HERE, otherwise=_page)


def _give(request: Request, session: Session) -> str:
    now = site_of(request).mailer.clock()
    name, segment = field(request, "name", _LONGEST), field(request, "segment", _LONGEST)
    tags.ensure(session, [name], now=now)
    if not segment:
        return gettext("Saved.")
    chosen = segments.selection(session, segment, now=now)
    if field(request, "do") == "take":
        people = tags.untag(session, name, chosen)
        words = ngettext("Taken from one person.", "Taken from %(people)s people.", people)
    else:
        people = tags.tag(session, name, chosen, now=now)
        words = ngettext("Given to one person more.", "Given to %(people)s people more.", people)
    return words % {"people": people}


def _rename(request: Request, session: Session) -> str:
    tags.rename(session, field(request, "name", _LONGEST), field(request, "new", _LONGEST))
    return gettext("Saved.")


def _merge(request: Request, session: Session) -> str:
    into = field(request, "into", _LONGEST)
    people = tags.merge(session, field(request, "name", _LONGEST), into)
    words = ngettext(
        "Merged; one person more has the tag.",
        "Merged; %(people)s people more have the tag.",
        people,
    )
    return words % {"people": people}


def _remove(request: Request, session: Session) -> str:
    people = tags.remove(session, field(request, "name", _LONGEST))
    words = ngettext("Gone; one person had it.", "Gone; %(people)s people had it.", people)
    return words % {"people": people}


def _page(request: Request, problem: str = "") -> Response:
    with reading(site_of(request).mailer.engine) as session:
        known, needed = tags.counted(session), tags.needed_by(session)
        choices = [one.name for one in segments.every(session)]
    return answer(
        request,
        "editor/tags.html",
        status=422 if problem else 200,
        tags=known,
        needed=needed,
        segments=choices,
        problem=problem,
    )


_MAY = Permission.SUBSCRIBERS
ROUTES = [
    staff_route(_HERE, page, may=_MAY),
    staff_route(_HERE, give, method="POST", may=_MAY),
    staff_route(f"{_HERE}/rename", rename, method="POST", may=_MAY),
    staff_route(f"{_HERE}/merge", merge, method="POST", may=_MAY),
    staff_route(f"{_HERE}/remove", remove, method="POST", may=_MAY),
]

"""``/settings/people``: who has an account, what each may do, where they are signed in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from mailer.database.engine import reading, transaction
from mailer.database.tables import Role
from mailer.errors import REFUSALS, InvalidInput
from mailer.staffing import links, sessions, users
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import field, staff_of, staff_route
from mailer.web.editor.browsers import browser_words
from mailer.web.editor.cookies import Notice
from mailer.web.editor.inviting import invite
from mailer.web.editor.shell import answer, go
from mailer.web.languages import gettext as _
from mailer.web.languages import spoken
from mailer.web.site import site_of

_HERE = "/settings/people"


def page(request: Request) -> Response:
    """Everybody."""
    return _page(request)


def add(request: Request) -> Response:
    """Invite somebody; the link is shown, too, for where no mail can be sent."""
    site, staff = site_of(request), staff_of(request)
    try:
        with transaction(site.mailer.engine) as session:
            user = users.add(
                session,
                field(request, "address", 400),
                now=site.mailer.clock(),
                role=_role(request),
                name=field(request, "name", 400),
                language=staff.user.language,
                time_zone=staff.user.time_zone,
            )
            link = invite(site.mailer, session, user, staff.user.name or staff.user.address)
    except REFUSALS as error:
        return _page(request, problem=error.sentence)
    return _page(request, invited=user.address, link=link)


def invite_again(request: Request) -> Response:
    """Another link; the one before stops working."""
    site, staff = site_of(request), staff_of(request)
    with transaction(site.mailer.engine) as session:
        user = users.get_by_id(session, request.path_params["user_id"])
        if user.seen_at is not None:
            raise InvalidInput("{address} has an account already.", address=user.address)
        link = invite(site.mailer, session, user, staff.user.name or staff.user.address)
    return _page(request, invited=user.address, link=link)


def change_role(request: Request) -> Response:
    """Let somebody do more or less; it counts from their next click on."""
    try:
        with transaction(site_of(request).mailer.engine) as session:
            user = users.get_by_id(session, request.path_params["user_id"])
            users.set_role(session, user, _role(request))
    except REFUSALS as error:
        return go(request, _HERE, Notice(spoken(error.sentence), "bad"))
    return go(request, _HERE, Notice(_("Saved.")))


def sign_out(request: Request) -> Response:
    """End all sessions of somebody."""
    with transaction(site_of(request).mailer.engine) as session:
        user = users.get_by_id(session, request.path_params["user_id"])
        sessions.end_all(session, user.id, but=staff_of(request).session.token_hash)
    words = _("%(name)s is signed out everywhere.") % {"name": user.name or user.address}
    return go(request, _HERE, Notice(words))


def remove(request: Request) -> Response:
    """End an account; what it wrote stays."""
    try:
        with transaction(site_of(request).mailer.engine) as session:
            user = users.get_by_id(session, request.path_params["user_id"])
            users.remove(session, user)
    except REFUSALS as error:
        return go(request, _HERE, Notice(spoken(error.sentence), "bad"))
    words = _("%(name)s has no account any more.") % {"name": user.name or user.address}
    return go(request, _HERE, Notice(words))


def _role(request: Request) -> Role:
    chosen = field(request, "role", 20)
    return Role(chosen) if chosen in list(Role) else Role.VIEWER


def _page(request: Request, *, problem: str = "", invited: str = "", link: str = "") -> Response:
    site = site_of(request)
    now = site.mailer.clock()
    with reading(site.mailer.engine) as session:
        people = [
            (
                user,
                links.invited_until(session, user),
                [
                    (one, browser_words(one.user_agent))
                    for one in sessions.of_user(session, user.id, now=now)
                ],
            )
            for user in users.listed(session)
        ]
    return answer(
        request,
        "editor/settings/people.html",
        status=400 if problem else 200,
        here="/settings",
        room="people",
        people=people,
        roles=list(Role),
        problem=problem,
        invited=invited,
        link=link,
        address=field(request, "address", 400) if problem else "",
        name=field(request, "name", 400) if problem else "",
    )


ROUTES = [
    staff_route(_HERE, page, may=Permission.ACCOUNTS),
    *(
        staff_route(f"{_HERE}{path}", endpoint, method="POST", may=Permission.ACCOUNTS)
        for path, endpoint in (
            ("", add),
            ("/{user_id:int}/invite", invite_again),
            ("/{user_id:int}/role", change_role),
            ("/{user_id:int}/sign-out", sign_out),
            ("/{user_id:int}/remove", remove),
        )
    ),
]

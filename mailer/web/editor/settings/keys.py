"""``/settings/keys``: keys for programs; each is shown once."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from mailer.database.engine import reading, transaction
from mailer.database.tables import Role
from mailer.errors import REFUSALS
from mailer.staffing import api_keys
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import field, staff_of, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.shell import answer, go
from mailer.web.languages import gettext as _
from mailer.web.site import site_of

_HERE = "/settings/keys"
# No program invites people or changes the sender.
ROLES = (Role.VIEWER, Role.EDITOR, Role.SENDER)


def page(request: Request) -> Response:
    """All keys."""
    return _page(request)


def make(request: Request) -> Response:
    """A new one."""
    site = site_of(request)
    role = field(request, "role", 20)
    try:
        with transaction(site.mailer.engine) as session:
            _key, secret = api_keys.make(
                session,
                field(request, "name", 400),
                Role(role) if role in ROLES else Role.VIEWER,
                by=staff_of(request).user.address,
                now=site.mailer.clock(),
            )
    except REFUSALS as error:
        return _page(request, problem=error.sentence)
    return _page(request, secret=secret)


def revoke(request: Request) -> Response:
    """It opens nothing any more, from now on."""
    with transaction(site_of(request).mailer.engine) as session:
        key = api_keys.revoke(session, request.path_params["key_id"])
    return go(request, _HERE, Notice(_("The key %(name)s is revoked.") % {"name": key.name}))


def _page(request: Request, *, problem: str = "", secret: str = "") -> Response:
    site = site_of(request)
    with reading(site.mailer.engine) as session:
        keys = api_keys.listed(session)
    return answer(
        request,
        "editor/settings/keys.html",
        status=400 if problem else 200,
        here="/settings",
        room="keys",
        keys=keys,
        roles=ROLES,
        problem=problem,
        secret=secret,
        api=f"{site.mailer.settings.base_url}/api/v1",
    )


ROUTES = [
    staff_route(_HERE, page, may=Permission.ACCOUNTS),
    staff_route(_HERE, make, method="POST", may=Permission.ACCOUNTS),
    staff_route(f"{_HERE}/{{key_id:int}}/revoke", revoke, method="POST", may=Permission.ACCOUNTS),
]

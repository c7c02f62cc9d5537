"""Settings: newsletters, how they look and are subscribed to, senders, people, keys, oneself."""

from starlette.requests import Request
from starlette.responses import Response

from mailer.staffing.permissions import Permission
from mailer.web.editor.access import staff_of, staff_route
from mailer.web.editor.settings import (
    accounts,
    keys,
    looks,
    newsletters,
    profile,
    retention,
    senders,
    sign_up,
)
from mailer.web.editor.shell import go


def first(request: Request) -> Response:
    """The first page that whoever asks may have."""
    staff = staff_of(request)
    rooms = ((Permission.SETTINGS, "newsletters"), (Permission.FORMS, "forms"))
    room = next((room for permission, room in rooms if staff.may(permission)), "profile")
    return go(request, f"/settings/{room}")


ROUTES = [
    staff_route("/settings", first, may=None),
    *looks.ROUTES,
    *newsletters.ROUTES,
    *sign_up.ROUTES,
    *senders.ROUTES,
    *accounts.ROUTES,
    *keys.ROUTES,
    *retention.ROUTES,
    *profile.ROUTES,
]

__all__ = ["ROUTES"]

"""Settings: newsletters and how they look, senders, people, keys for programs, oneself."""

from starlette.requests import Request
from starlette.responses import Response

from mailer.staffing.permissions import Permission
from mailer.web.editor.access import staff_of, staff_route
from mailer.web.editor.settings import accounts, keys, looks, newsletters, profile, senders
from mailer.web.editor.shell import go


def first(request: Request) -> Response:
    """The first page that whoever asks may have."""
    may = staff_of(request).may(Permission.SETTINGS)
    return go(request, "/settings/newsletters" if may else "/settings/profile")


ROUTES = [
    staff_route("/settings", first, may=None),
    *looks.ROUTES,
    *newsletters.ROUTES,
    *senders.ROUTES,
    *accounts.ROUTES,
    *keys.ROUTES,
    *profile.ROUTES,
]

__all__ = ["ROUTES"]

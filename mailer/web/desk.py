"""Keeps the pages of those who run the newsletter to their own machine, until there is a login."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mailer.web.problems import Problem, show

# Names that no stranger can point at this machine (DNS rebinding), and that are not the public's.
_PRIVATE_NAME = re.compile(r"[^.]+|.+\.(localhost|local|lan|internal|test|home\.arpa)")
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "forwarded", "x-real-ip")

REFUSED = Problem(
    403,
    "This page is for those who send the newsletter",
    "It is shown on their own machine only: open it there by http://127.0.0.1 and the port, "
    "or through an SSH tunnel.",
)


class DeskOnly:
    """Refuses requests that come through a public proxy, by a public name, or from another site."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if is_at_desk(scope["method"], Headers(scope=scope)):
            await self._app(scope, receive, send)
        else:
            await show(Request(scope), REFUSED)(scope, receive, send)


def desk_route(path: str, endpoint: Callable[..., Any], *, method: str = "GET") -> Route:
    """A route that only those who run the newsletter may ask for."""
    return Route(path, endpoint, methods=[method], middleware=[Middleware(DeskOnly)])


def is_at_desk(method: str, headers: Headers) -> bool:
    """Was this asked for by a private name, not through a proxy, and not by another site's form?"""
    if any(name in headers for name in _FORWARDED):
        return False
    if method not in {"GET", "HEAD"} and headers.get("sec-fetch-site", "none") not in {
        "same-origin",
        "none",
    }:
        return False
    return _is_private(_hostname(headers.get("host", "")))


def _hostname(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _is_private(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return bool(_PRIVATE_NAME.fullmatch(name))
    return True

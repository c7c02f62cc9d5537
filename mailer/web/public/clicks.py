"""The tracked redirect, ``/c/<token>/<number>``: bare ASGI, for it is asked for most of all."""

from __future__ import annotations

from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mailer.database.engine import reading
from mailer.errors import InvalidToken, MailerError
from mailer.tokens import Reader, Signer
from mailer.tracking.clicks import ClickRecorder
from mailer.tracking.destinations import Destinations
from mailer.tracking.machines import machine_reason
from mailer.tracking.records import link_urls
from mailer.web.problems import LINK_REMOVED, REMOVED, show
from mailer.web.site import site_of

PREFIX = "/c/"
_METHODS = ("GET", "HEAD")
_FIXED = [
    (b"content-length", b"0"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
]
# What some mail programs take into a link from the sentence around it.
_DEBRIS = ".,;:!?)]}>'\"*_/ "


class Redirects:
    """Stores the click, then answers 302; whatever is wrong, *otherwise* shows a friendly page."""

    def __init__(
        self,
        signer: Signer,
        destinations: Destinations,
        recorder: ClickRecorder | None,
        otherwise: ASGIApp,
    ) -> None:
        self._signer = signer
        self._destinations = destinations
        self._recorder = recorder
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        """Answer one request; *path* starts with ``/c/``."""
        target = await self._target(scope["method"], path)
        if target is None:
            await self._otherwise(scope, receive, send)
            return
        reader, number, location = target
        if self._recorder is not None:
            # A click that cannot be stored is counted and logged: the reader gets there all the same.
            with suppress(Exception):
                await self._recorder.record(
                    reader, number, machine_reason(scope["method"], scope["headers"])
                )
        await send(
            {
                "type": "http.response.start",
                "status": 302,
                "headers": [(b"location", location), *_FIXED],
            }
        )
        await send({"type": "http.response.body", "body": b""})

    async def _target(self, method: str, path: str) -> tuple[Reader, int, bytes] | None:
        if method not in _METHODS:
            return None
        try:
            reader, number = read_path(self._signer, path)
            locations = self._destinations.fresh(reader.issue_id)
            if locations is None:
                locations = await self._destinations.find(reader.issue_id)
        except MailerError:
            return None
        location = locations.get(number) if locations is not None else None
        return None if location is None else (reader, number, location)


def read_path(signer: Signer, path: str) -> tuple[Reader, int]:
    """Who clicked, and which link; ``InvalidToken``."""
    token, _, number = path[len(PREFIX) :].partition("/")
    if not number.isdecimal():
        number = number.rstrip(_DEBRIS)
    if not (number.isascii() and number.isdecimal() and len(number) < 7):
        raise InvalidToken("This link is incomplete.")
    return signer.read(token), int(number)


def explain(request: Request) -> Response:
    """Why a link leads nowhere; ``InvalidToken`` when it never did."""
    site = site_of(request)
    reader = site.mailer.signer.read(request.path_params["token"])
    with reading(site.mailer.engine) as session:
        urls = link_urls(session, reader.issue_id)
    return show(request, REMOVED if urls is None else LINK_REMOVED)


ROUTES = [Route("/c/{token}/{number}", explain)]

"""The web application: a visible list of routes, and the tracked redirect before them all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from mailer.bootstrap import Mailer
from mailer.errors import InvalidToken, MailerError, Unavailable
from mailer.tracking.clicks import ClickRecorder
from mailer.tracking.destinations import Destinations
from mailer.tracking.opens import OpenRecorder
from mailer.web import api, editor, health, metrics, problems
from mailer.web.headers import SecurityHeaders
from mailer.web.pages import STATIC, Pages
from mailer.web.public import (
    clicks,
    confirming,
    dressing,
    linking,
    opens,
    owning,
    pictures,
    preferring,
    sample,
    signing_up,
    subscribing,
    unsubscribing,
    viewing,
)
from mailer.web.site import Site, base_path

_MOST_BODY = 256 * 1024
_SMALLER = Middleware(GZipMiddleware, minimum_size=1024, compresslevel=6)


class Application(Starlette):
    """Starlette, but for tracked redirects and the tracking picture: they go before its router."""

    def __init__(
        self, site: Site, recorder: ClickRecorder | None, opens_recorder: OpenRecorder | None
    ) -> None:
        super().__init__(
            routes=_routes(inbox=site.inbox),
            middleware=[Middleware(SecurityHeaders)],
            exception_handlers={
                InvalidToken: problems.on_broken_link,
                MailerError: problems.on_refusal,
                Unavailable: problems.on_unavailable,
                HTTPException: problems.on_http_error,
                Exception: problems.on_failure,
            },
            lifespan=self._lifespan,
            max_body_size=_MOST_BODY,
        )
        self.router.redirect_slashes = False
        self.state.site = site
        self._base = base_path(site.mailer.settings.base_url)
        self._recorder = recorder
        self._redirects = clicks.Redirects(
            site.mailer.signer, Destinations(site.mailer.engine), recorder, super().__call__
        )
        self._opens_recorder = opens_recorder
        self._picture = opens.TrackingPicture(site.mailer.signer, opens_recorder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whether or not a proxy has taken our base path off."""
        if scope["type"] == "http":
            path = self._own_path(scope)
            if path.startswith(clicks.PREFIX):
                await self._redirects(scope, path, receive, send)
                return
            if path.startswith(opens.PREFIX):
                await self._picture(scope, path, send)
                return
            # A slash too many at the end; a redirect would name the host that a proxy asked for.
            scope["path"] = self._base + (path.rstrip("/") or "/")
        await super().__call__(scope, receive, send)

    def _own_path(self, scope: Scope) -> str:
        # ASGI: the path holds the root path, which some proxies keep and some take off.
        path: str = scope["path"]
        if not self._base:
            return path
        if path == self._base:  # kept, as somebody typed it
            scope["path"] = f"{self._base}/"
        elif not path.startswith(f"{self._base}/"):
            scope["path"] = self._base + path
        scope["root_path"] = self._base
        own: str = scope["path"][len(self._base) :]
        return own

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        for recorder in (self._recorder, self._opens_recorder):
            if recorder is not None:
                await recorder.close()


def create_app(
    mailer: Mailer, *, inbox: bool | None = None, record_clicks: bool = True
) -> Application:
    """The whole site; *inbox*: with the built-in inbox (``None``: where no relay is set)."""
    with_inbox = mailer.settings.smtp_url is None if inbox is None else inbox
    pages = Pages(base_path(mailer.settings.base_url), mailer.clock, inbox=with_inbox)
    recorder = ClickRecorder(mailer.engine, mailer.clock) if record_clicks else None
    counted = record_clicks and mailer.settings.track_opens
    opens_recorder = OpenRecorder(mailer.engine, mailer.clock) if counted else None
    return Application(Site(mailer, pages, with_inbox), recorder, opens_recorder)


def _routes(*, inbox: bool) -> list[BaseRoute]:
    return [
        *clicks.ROUTES,
        *unsubscribing.ROUTES,
        *signing_up.ROUTES,
        *confirming.ROUTES,
        *linking.ROUTES,
        *dressing.ROUTES,
        *preferring.ROUTES,
        *subscribing.ROUTES,
        *owning.ROUTES,
        *viewing.ROUTES,
        *sample.ROUTES,
        *pictures.ROUTES,
        *health.ROUTES,
        *metrics.ROUTES,
        *api.ROUTES,
        *editor.ROUTES,
        *(editor.INBOX_ROUTES if inbox else []),
        Mount("/static", Assets(directory=STATIC), name="static", middleware=[_SMALLER]),
    ]


class Assets(StaticFiles):
    """Stylesheets and pictures; their addresses change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file, which browsers may keep where its fingerprint was asked for."""
        answer = await super().get_response(path, scope)
        if scope["query_string"]:
            answer.headers["cache-control"] = "public, max-age=31536000, immutable"
        return answer

"""Who may have which page: sessions, permissions and forged requests are checked here, for all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mailer.database.engine import reading, transaction
from mailer.database.tables import StaffSession, User
from mailer.errors import Unavailable
from mailer.sentences import Sentence
from mailer.staffing import sessions
from mailer.staffing.permissions import Permission, permissions
from mailer.web import languages, problems
from mailer.web.editor import cookies, origins
from mailer.web.languages import Speech, spoken
from mailer.web.site import site_of

FORM_TOKEN = "csrf"  # noqa: S105  # the name of a field
FORM_HEADER = "x-csrf-token"
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_MOST_FIELDS = 500
# Addresses of these pages hold tokens; our own forms have to name their origin.
_HEADERS = {b"referrer-policy": b"same-origin", b"x-robots-tag": b"noindex"}


@dataclass(frozen=True, slots=True)
class Staff:
    """Who asks, and in which browser."""

    user: User
    session: StaffSession
    token: str

    @property
    def form_token(self) -> str:
        """For the hidden field of every form, or the header of a script's request."""
        return origins.form_token(self.token)

    def may(self, permission: Permission) -> bool:
        """Does their role allow it?"""
        return permission in permissions(self.user.role)


def staff_of(request: HTTPConnection) -> Staff:
    """Who asks for a page of `staff_route`."""
    return cast("Staff", request.state.staff)


def form_of(request: HTTPConnection) -> FormData:
    """The fields of the form that was sent."""
    return cast("FormData", request.state.form)


def field(request: HTTPConnection, name: str, most: int = 1000) -> str:
    """One field's text without blanks around it."""
    value = form_of(request).get(name, "")
    return value.strip()[:most] if isinstance(value, str) else ""


def file_of(request: HTTPConnection, name: str) -> UploadFile | None:
    """A file that was chosen."""
    value = form_of(request).get(name)
    return value if isinstance(value, UploadFile) and value.filename else None


def staff_route(
    path: str,
    endpoint: Callable[..., Any],
    *,
    method: str = "GET",
    may: Permission | None = Permission.VIEW,
    most_body: int | None = None,
    name: str | None = None,
) -> Route:
    """A route for those who are signed in and *may* do it; ``None``: everybody signed in."""
    return Route(
        path,
        endpoint,
        methods=[method],
        name=name,
        middleware=[Middleware(Guard, may=may)],
        max_body_size=most_body,
    )


def door_route(path: str, endpoint: Callable[..., Any], *, method: str = "GET") -> Route:
    """A route that leads in: for everybody, but forms come from our own pages only."""
    return Route(path, endpoint, methods=[method], middleware=[Middleware(Door)])


def machine_route(path: str, endpoint: Callable[..., Any], *, method: str = "GET") -> Route:
    """A route for everybody at the machine itself, and for those who are signed in elsewhere."""
    return Route(path, endpoint, methods=[method], middleware=[Middleware(MachineOrStaff)])


class Guard:
    """Lets through whoever is signed in, may do it, and asked on one of our own pages."""

    def __init__(self, app: ASGIApp, may: Permission | None) -> None:
        self.app, self.may = app, may

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer why not."""
        request = Request(scope, receive)
        request.state.for_staff = True
        staff = await run_in_threadpool(find_staff, request)
        if staff is None:
            await _refused(request, _signed_out)(scope, receive, _private(send))
            return
        languages.speak(Speech(staff.user.language, staff.user.time_zone))
        if self.may is not None and not staff.may(self.may):
            await _refused(request, _not_allowed)(scope, receive, _private(send))
            return
        request.state.staff = staff
        if not await _is_own(request, staff.token):
            await _refused(request, _forged)(scope, receive, _private(send))
            return
        await _pass_on(self.app, request, receive, send)


class Door:
    """For pages before the login: forms of other sites are refused."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer why not."""
        request = Request(scope, receive)
        request.state.for_staff = True
        languages.speak(Speech(languages.preferred(request.headers.get("accept-language", ""))))
        if not await _is_own(request, None):
            await _refused(request, _forged)(scope, receive, _private(send))
            return
        await _pass_on(self._app, request, receive, send)


class MachineOrStaff:
    """For the built-in inbox: open on the machine itself, as long as nothing is sent for real."""

    def __init__(self, app: ASGIApp) -> None:
        self._at_machine, self._elsewhere = Door(app), Guard(app, Permission.VIEW)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """By one way or the other."""
        request = Request(scope)
        staff = await run_in_threadpool(find_staff, request)
        if staff is None and origins.is_at_machine(request):
            request.state.staff = None
            await self._at_machine(scope, receive, send)
        else:
            await self._elsewhere(scope, receive, send)


def find_staff(request: HTTPConnection) -> Staff | None:
    """Whose session the browser's cookie names; its use is noted now and then."""
    token = cookies.session_token(request)
    if not token:
        return None
    mailer = site_of(request).mailer
    now = mailer.clock()
    with reading(mailer.engine) as session:
        found = sessions.find(session, token, now=now)
    if found is None:
        return None
    current, user = found
    if sessions.is_due(current, now=now):
        # Where nothing can be written, there is still much to be read.
        with suppress(Unavailable), transaction(mailer.engine) as session:
            sessions.note(session, current.token_hash, now=now)
    return Staff(user, current, token)


async def _is_own(request: Request, session_token: str | None) -> bool:
    """Read the form, if there is one; is it from a page of ours, with the session's token?"""
    request.state.form = FormData()
    if request.method in origins.SAFE:
        return True
    if not origins.is_same_site(request.headers, site_of(request).mailer.settings.base_url):
        return False
    if _brings_form(request):
        request.state.form = await request.form(max_fields=_MOST_FIELDS)
    if session_token is None:
        return True
    given = request.headers.get(FORM_HEADER) or request.state.form.get(FORM_TOKEN, "")
    return isinstance(given, str) and origins.is_form_token(given, session_token)


def _brings_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith(_FORM_TYPES)


async def _pass_on(app: ASGIApp, request: Request, receive: Receive, send: Send) -> None:
    brought = request.method not in origins.SAFE and _brings_form(request)
    try:
        await app(request.scope, _without_body(receive) if brought else receive, _private(send))
    finally:
        await request.close()  # files of the form


def _without_body(receive: Receive) -> Receive:
    """What a page gets whose form has been read: whoever asks for the body would wait for ever."""
    given = False

    async def receive_rest() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive_rest


def _private(send: Send) -> Send:
    """Answers for staff are told apart from those for readers."""

    async def send_private(message: Any) -> None:
        if message["type"] == "http.response.start":
            known = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *((name, value) for name, value in _HEADERS.items() if name not in known),
            ]
        await send(message)

    return send_private


_signed_out = problems.Problem(
    401,
    Sentence("You are signed out"),
    Sentence("Sign in again, then go back and do it once more."),
)
_not_allowed = problems.Problem(
    403,
    Sentence("You may not do that"),
    Sentence("Your role does not allow it. An owner can change your role."),
)
_forged = problems.Problem(
    403,
    Sentence("That did not come from this page"),
    Sentence(
        "It may have been open for long. Go back, reload it, and try again; nothing was changed."
    ),
)


def _refused(request: Request, problem: problems.Problem) -> Response:
    if problems.wants_json(request):
        words = {"error": f"{spoken(problem.title)}. {spoken(problem.words)}"}
        return JSONResponse(words, problem.status, {"cache-control": "no-store"})
    if problem is _signed_out and request.method in origins.SAFE:
        return RedirectResponse(sign_in_path(request), 303, {"cache-control": "no-store"})
    return problems.show(request, problem)


def sign_in_path(request: HTTPConnection) -> str:
    """Where to sign in, and then come back here."""
    base = request.scope.get("root_path", "")
    asked = request.url.path.removeprefix(base) or "/"
    query = f"?{request.url.query}" if request.url.query else ""
    after = "" if asked == "/" else f"?next={quote(asked + query, safe='')}"
    return f"{base}/sign-in{after}"

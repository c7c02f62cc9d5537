"""``/sign-in``: by password or a mailed link, and a one-time code where it is switched on."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from mailer.database.engine import reading, transaction
from mailer.database.tables import LinkPurpose
from mailer.errors import InvalidToken
from mailer.staffing import attempts, links, sessions, signing_in, users
from mailer.staffing.signing_in import CodeNeeded, Outcome, WrongCode, WrongPassword
from mailer.web.editor import cookies
from mailer.web.editor.access import door_route, field, find_staff, staff_of, staff_route
from mailer.web.editor.inviting import mail_sign_in_link
from mailer.web.editor.origins import visitor_of
from mailer.web.editor.shell import answer, go
from mailer.web.languages import gettext as _
from mailer.web.site import site_of

_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x1f]*")


def page(request: Request) -> Response:
    """Ask who it is; whoever is signed in goes on."""
    if find_staff(request) is not None:
        return go(request, _next(request.query_params.get("next", "")))
    return _form(request, next_path=request.query_params.get("next", ""))


def enter(request: Request) -> Response:
    """Address and password."""
    site = site_of(request)
    address, next_path = field(request, "address", 320), field(request, "next", 2000)
    # A password may begin or end with a blank: it is taken as it was typed.
    password = request.state.form.get("password", "")
    try:
        outcome = signing_in.by_password(
            site.mailer.engine,
            address,
            password if isinstance(password, str) else "",
            visitor_of(request),
            now=site.mailer.clock(),
        )
    except WrongPassword:
        words = _("The address or the password is not right.")
        return _form(request, 403, problem=words, address=address, next_path=next_path)
    except attempts.TooManyAttempts as error:
        return _too_many(request, error, address=address, next_path=next_path)
    return _go_on(request, outcome, next_path)


def ask_for_link(request: Request) -> Response:
    """Mail a link, if there is such an account; the answer is the same if there is not."""
    site = site_of(request)
    address, next_path = field(request, "address", 320), field(request, "next", 2000)
    if "@" not in address:
        words = _("Write your e-mail address, then ask for the link again.")
        return _form(request, 400, problem=words, address=address, next_path=next_path)
    try:
        mail_sign_in_link(site.mailer, address, visitor_of(request).network)
    except attempts.TooManyAttempts as error:
        return _too_many(request, error, address=address, next_path=next_path)
    return answer(request, "editor/link_mailed.html", address=address)


def link_page(request: Request) -> Response:
    """A button: scanners that open links in mails use nothing up."""
    site, token = site_of(request), request.path_params["token"]
    try:
        with reading(site.mailer.engine) as session:
            links.look_up(session, token, LinkPurpose.SIGN_IN, now=site.mailer.clock())
    except InvalidToken:
        return _stale(request)
    return answer(request, "editor/link.html", token=token)


def use_link(request: Request) -> Response:
    """Sign in by the mailed link."""
    site, token = site_of(request), request.path_params["token"]
    try:
        outcome = signing_in.by_link(
            site.mailer.engine, token, visitor_of(request), now=site.mailer.clock()
        )
    except InvalidToken:
        return _stale(request)
    return _go_on(request, outcome, "")


def give_code(request: Request) -> Response:
    """The second step."""
    site = site_of(request)
    step, next_path = field(request, "step", 100), field(request, "next", 2000)
    try:
        signed_in = signing_in.by_code(
            site.mailer.engine,
            site.mailer.sealer,
            step,
            field(request, "code", 40),
            visitor_of(request),
            now=site.mailer.clock(),
        )
    except WrongCode:
        words = _("That code is not right, or it was used before. Codes change every 30 seconds.")
        return _code_form(request, step, next_path, problem=words)
    except attempts.TooManyAttempts as error:
        return _code_form(request, step, next_path, problem=_wait_words(error), status=429)
    except InvalidToken:
        words = _("That took too long. Please begin again.")
        return _form(request, 403, problem=words, next_path=next_path)
    return _go_on(request, signed_in, next_path)


def leave(request: Request) -> Response:
    """Sign this browser out."""
    site, staff = site_of(request), staff_of(request)
    with transaction(site.mailer.engine) as session:
        sessions.end(session, staff.user.id, staff.session.token_hash)
    response = go(request, "/sign-in")
    cookies.sign_out(response, site)
    return response


def _go_on(request: Request, outcome: Outcome, next_path: str) -> Response:
    if isinstance(outcome, CodeNeeded):
        return _code_form(request, outcome.step, next_path)
    response = go(request, _next(next_path))
    cookies.sign_in(response, site_of(request), outcome.token)
    return response


def _form(
    request: Request,
    status: int = 200,
    *,
    problem: str = "",
    address: str = "",
    next_path: str = "",
) -> Response:
    with reading(site_of(request).mailer.engine) as session:
        anybody = users.is_anybody(session)
    return answer(
        request,
        "editor/sign_in.html",
        status=status,
        problem=problem,
        address=address,
        next_path=next_path,
        anybody=anybody,
    )


def _code_form(
    request: Request, step: str, next_path: str, *, problem: str = "", status: int = 200
) -> Response:
    return answer(
        request,
        "editor/code.html",
        status=403 if problem and status == 200 else status,
        step=step,
        next_path=next_path,
        problem=problem,
    )


def _too_many(
    request: Request, error: attempts.TooManyAttempts, *, address: str, next_path: str
) -> Response:
    words = _wait_words(error)
    response = _form(request, 429, problem=words, address=address, next_path=next_path)
    response.headers["retry-after"] = str(int(error.wait.total_seconds()) + 1)
    return response


def _wait_words(error: attempts.TooManyAttempts) -> str:
    minutes = -(-int(error.wait.total_seconds()) // 60)
    if minutes <= 1:
        return _("That failed too often. Wait a minute, then try again.")
    return _("That failed too often. Wait %(minutes)s minutes, then try again.") % {
        "minutes": minutes
    }


def _stale(request: Request) -> Response:
    words = _("This link has been used, or it is too old. Ask for a new one.")
    return _form(request, 404, problem=words)


def _next(path: str) -> str:
    """A path of ours to go on to; anything else leads to the first page."""
    return path if _OWN_PATH.fullmatch(path) else "/"


ROUTES = [
    door_route("/sign-in", page),
    door_route("/sign-in", enter, method="POST"),
    door_route("/sign-in/link", ask_for_link, method="POST"),
    door_route("/sign-in/code", give_code, method="POST"),
    door_route("/sign-in/{token}", link_page),
    door_route("/sign-in/{token}", use_link, method="POST"),
    staff_route("/sign-out", leave, method="POST", may=None),
]

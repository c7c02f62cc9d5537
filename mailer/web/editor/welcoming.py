"""``/welcome/<token>``: the first account, and whoever was invited."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from mailer.database.engine import reading
from mailer.database.tables import LinkPurpose, User
from mailer.errors import InvalidInput, InvalidToken
from mailer.staffing import links, passwords, signing_in
from mailer.staffing.signing_in import NewAccount
from mailer.web import languages
from mailer.web.editor import cookies
from mailer.web.editor.access import door_route, field
from mailer.web.editor.origins import visitor_of
from mailer.web.editor.shell import answer, go
from mailer.web.languages import gettext as _
from mailer.web.problems import Problem, show
from mailer.web.site import site_of


def page(request: Request) -> Response:
    """Ask for name, address and password."""
    return _form(request)


def join(request: Request) -> Response:
    """Make the account, and sign in."""
    site = site_of(request)
    password = request.state.form.get("password", "")
    try:
        signed_in = signing_in.join(
            site.mailer.engine,
            request.path_params["token"],
            NewAccount(
                field(request, "name", 400),
                field(request, "address", 400),
                password if isinstance(password, str) else "",
                languages.current().language,
                _zone(field(request, "time_zone", 64)),
            ),
            visitor_of(request),
            now=site.mailer.clock(),
        )
    except InvalidInput as error:
        return _form(request, problem=error.sentence)
    except InvalidToken:
        return _stale(request)
    response = go(request, "/")
    cookies.sign_in(response, site, signed_in.token)
    return response


def _form(request: Request, *, problem: str = "") -> Response:
    site, token = site_of(request), request.path_params["token"]
    try:
        with reading(site.mailer.engine) as session:
            link = links.look_up(
                session,
                token,
                LinkPurpose.WELCOME,
                LinkPurpose.INVITATION,
                now=site.mailer.clock(),
            )
            invited = session.get(User, link.user_id) if link.user_id else None
    except InvalidToken:
        return _stale(request)
    return answer(
        request,
        "editor/welcome.html",
        status=400 if problem else 200,
        token=token,
        invited=invited,
        problem=problem,
        name=field(request, "name", 400) or (invited.name if invited else ""),
        address=invited.address if invited else field(request, "address", 400),
        least=passwords.LEAST,
    )


def _stale(request: Request) -> Response:
    words = _(
        "If you have an account, sign in. If you were invited, ask for another invitation. On the "
        "machine itself, `mailer user link` prints a new address."
    )
    return show(request, Problem(404, _("This link has been used, or it is too old"), words))


def _zone(name: str) -> str:
    """What the browser says its zone is, if it is one."""
    return name if name in languages.zones() else "UTC"


ROUTES = [
    door_route("/welcome/{token}", page),
    door_route("/welcome/{token}", join, method="POST"),
]

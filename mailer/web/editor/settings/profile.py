"""``/settings/profile``: one's own name, language, zone, password, one-time codes, sessions."""

from __future__ import annotations

import re

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from mailer.database.engine import reading, transaction
from mailer.database.tables import User
from mailer.errors import REFUSALS, InvalidInput
from mailer.staffing import attempts, passwords, second_factor, sessions, users
from mailer.staffing.changing_password import change_password
from mailer.web import languages
from mailer.web.editor.access import field, form_of, staff_of, staff_route
from mailer.web.editor.browsers import browser_words
from mailer.web.editor.cookies import Notice
from mailer.web.editor.origins import visitor_of
from mailer.web.editor.shell import answer, go
from mailer.web.languages import gettext as _
from mailer.web.public.choices import time_zones
from mailer.web.site import site_of

_HERE = "/settings/profile"
_SECRET = re.compile(r"[A-Z2-7]{32}")


def page(request: Request) -> Response:
    """Everything about oneself."""
    return _page(request)


def save(request: Request) -> Response:
    """Name, language, time zone."""
    language = field(request, "language", 10)
    try:
        with transaction(site_of(request).mailer.engine) as session:
            user = session.get_one(User, staff_of(request).user.id)
            users.change_self(
                user,
                name=field(request, "name", 400),
                language=language if language in languages.languages() else user.language,
                time_zone=field(request, "time_zone", 64),
            )
    except REFUSALS as error:
        return _page(request, problem=error.sentence)
    languages.speak(languages.Speech(user.language, user.time_zone))
    return go(request, _HERE, Notice(_("Saved.")))


def save_password(request: Request) -> Response:
    """A new password."""
    site, staff = site_of(request), staff_of(request)
    old, new = (form_of(request).get(name, "") for name in ("old", "new"))
    try:
        change_password(
            site.mailer.engine,
            staff.user,
            staff.session,
            old=old if isinstance(old, str) else "",
            new=new if isinstance(new, str) else "",
            visitor=visitor_of(request),
            now=site.mailer.clock(),
        )
    except REFUSALS as error:
        return _page(request, password_problem=error.sentence)
    return go(request, _HERE, Notice(_("The password is changed; other browsers are signed out.")))


def codes(request: Request) -> Response:
    """A secret for the app, as a picture and as text; nothing is switched on yet."""
    return _codes(request, second_factor.new_secret())


def turn_on_codes(request: Request) -> Response:
    """Ask for codes from now on, once the first one was right."""
    site, staff = site_of(request), staff_of(request)
    secret = field(request, "secret", 64)
    if not _SECRET.fullmatch(secret):
        return go(request, f"{_HERE}/codes")
    try:
        with transaction(site.mailer.engine) as session:
            user = session.get_one(User, staff.user.id)
            recovery = second_factor.turn_on(
                session,
                site.mailer.sealer,
                user,
                secret,
                field(request, "code", 20),
                now=site.mailer.clock(),
            )
    except InvalidInput as error:
        return _codes(request, secret, problem=error.sentence)
    return _recovery(request, recovery)


def new_recovery_codes(request: Request) -> Response:
    """Ten others, in place of those before."""
    with transaction(site_of(request).mailer.engine) as session:
        user = session.get_one(User, staff_of(request).user.id)
        if user.totp_secret is None:
            return go(request, _HERE)
        return _recovery(request, second_factor.new_recovery_codes(session, user))


def turn_off_codes(request: Request) -> Response:
    """Ask for no codes; the password is enough to prove it is oneself."""
    site, staff = site_of(request), staff_of(request)
    password = form_of(request).get("password", "")
    now = site.mailer.clock()
    if not sessions.is_fresh(staff.session, now=now):
        with transaction(site.mailer.engine) as session:
            network = visitor_of(request).network
            attempts.begin(session, staff.user.address_key, network, now=now)
        given = password if isinstance(password, str) else ""
        if not passwords.verify(staff.user.password_hash, given):
            return _page(request, codes_problem=_("The password is not right."))
    with transaction(site.mailer.engine) as session:
        second_factor.turn_off(session, session.get_one(User, staff.user.id))
    return go(request, _HERE, Notice(_("No codes are asked for any more.")))


def end_session(request: Request) -> Response:
    """Sign one browser out, or all but this one."""
    staff = staff_of(request)
    chosen = field(request, "session", 64)
    with transaction(site_of(request).mailer.engine) as session:
        if chosen == "others":
            sessions.end_all(session, staff.user.id, but=staff.session.token_hash)
        else:
            sessions.end(session, staff.user.id, chosen)
    return go(request, _HERE, Notice(_("Signed out there.")))


def _page(request: Request, **problems: str) -> Response:
    site, staff = site_of(request), staff_of(request)
    now = site.mailer.clock()
    with reading(site.mailer.engine) as session:
        found = sessions.of_user(session, staff.user.id, now=now)
        codes_left = second_factor.recovery_codes_left(session, staff.user)
    return answer(
        request,
        "editor/settings/profile.html",
        status=400 if problems else 200,
        here="/settings",
        room="profile",
        sessions=[(one, browser_words(one.user_agent)) for one in found],
        mine=staff.session.token_hash,
        codes_left=codes_left,
        languages=languages.languages(),
        zones=time_zones(),
        least=passwords.LEAST,
        user=staff.user,
        fresh=sessions.is_fresh(staff.session, now=now),
        problem=problems.get("problem", ""),
        password_problem=problems.get("password_problem", ""),
        codes_problem=problems.get("codes_problem", ""),
    )


def _codes(request: Request, secret: str, *, problem: str = "") -> Response:
    address = second_factor.address_of(secret, staff_of(request).user, issuer="Mailer")
    picture = segno.make(address, error="m").svg_inline(
        scale=5, border=3, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True
    )
    return answer(
        request,
        "editor/settings/codes.html",
        status=400 if problem else 200,
        here="/settings",
        room="profile",
        secret=secret,
        picture=Markup(picture),  # noqa: S704  # squares only
        problem=problem,
    )


def _recovery(request: Request, recovery: list[str]) -> Response:
    return answer(
        request, "editor/settings/recovery.html", here="/settings", room="profile", codes=recovery
    )


ROUTES = [
    staff_route(_HERE, page, may=None),
    staff_route(_HERE, save, method="POST", may=None),
    staff_route(f"{_HERE}/password", save_password, method="POST", may=None),
    staff_route(f"{_HERE}/codes", codes, may=None),
    staff_route(f"{_HERE}/codes", turn_on_codes, method="POST", may=None),
    staff_route(f"{_HERE}/codes/new", new_recovery_codes, method="POST", may=None),
    staff_route(f"{_HERE}/codes/off", turn_off_codes, method="POST", may=None),
    staff_route(f"{_HERE}/sessions", end_session, method="POST", may=None),
]

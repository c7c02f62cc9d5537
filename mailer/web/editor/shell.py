"""Fills a staff page: who is signed in, what they may do, the notice of the page before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from mailer.audience import newsletters
from mailer.database.engine import reading
from mailer.sentences import Sentence
from mailer.staffing.permissions import Permission
from mailer.web.editor import choosing, cookies
from mailer.web.editor.access import Staff
from mailer.web.editor.cookies import Notice
from mailer.web.site import site_of


def answer(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """One page inside the shell; before the login, or at the machine, without navigation."""
    site = site_of(request)
    staff: Staff | None = getattr(request.state, "staff", None)
    notice = cookies.take_notice(request, staff.token) if staff else None
    if staff is not None and "newsletters" not in values:
        with reading(site.mailer.engine) as session:
            known = newsletters.named(session)
        values |= {"newsletters": known, "chosen": choosing.chosen(request, known)}
    response = site.pages.answer(
        template,
        status=status,
        headers=headers,
        staff=staff,
        can={one.name: staff is not None and staff.may(one) for one in Permission},
        form_token=staff.form_token if staff else "",
        notice=notice,
        navigation=_navigation(request, staff),
        **({"here": "", "newsletters": (), "chosen": None} | values),
    )
    if notice is not None:
        cookies.clear_notice(response, site)
    choosing.remember(request, response)
    return response


@dataclass(frozen=True, slots=True)
class Room:
    """An entry of the navigation."""

    path: str
    name: Sentence
    icon: str
    may: Permission = Permission.VIEW


_ROOMS = (
    Room("/", Sentence("Issues"), "newspaper"),
    Room("/subscribers", Sentence("Subscribers"), "users", Permission.SUBSCRIBERS),
    Room("/statistics", Sentence("Statistics"), "chart-no-axes-column"),
    Room("/settings", Sentence("Settings"), "settings"),
    Room("/inbox", Sentence("Inbox"), "inbox"),
)


def _navigation(request: Request, staff: Staff | None) -> list[Room]:
    """The rooms that are there, and open to whoever asks; at the machine the inbox alone is."""
    there = {route.path for route in request.app.routes if isinstance(route, Route)}
    return [
        room
        for room in _ROOMS
        if room.path in there
        and (staff.may(room.may) if staff is not None else room.path == "/inbox")
    ]


def go(request: Request, path: str, notice: Notice | None = None) -> Response:
    """To another page of ours, by GET, so that reloading it repeats nothing."""
    site = site_of(request)
    response = RedirectResponse(f"{request.scope.get('root_path', '')}{path}", 303)
    if notice is not None:
        cookies.put_notice(response, site, request.state.staff.token, notice)
    return response

"""``/p/<token>``: what a reader is called, and which newsletters they get."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mailer.audience.preferences import Preferences, leave_all, save
from mailer.audience.readers import Visit, find_visit
from mailer.database.engine import transaction
from mailer.errors import InvalidInput
from mailer.web.problems import ERASED, show
from mailer.web.public.choices import LANGUAGES, is_time_zone, time_zones
from mailer.web.public.visits import Form, line, parse_form, reader_of, visit_of
from mailer.web.site import Site, site_of

_MOST_NAME = 200


def page(request: Request) -> Response:
    """The form, as it stands."""
    site = site_of(request)
    return _page(site, request, visit_of(site, request))


async def change(request: Request) -> Response:
    """Keep the form."""
    site = site_of(request)
    form = parse_form(await request.body())
    try:
        wanted = read_preferences(form)
    except InvalidInput as error:
        visit = await run_in_threadpool(visit_of, site, request)
        return _page(site, request, visit, problem=str(error))
    await run_in_threadpool(_save, site, request, wanted)
    return _back(request, "?saved")


async def leave_everything(request: Request) -> Response:
    """Unsubscribe from all newsletters."""
    site = site_of(request)
    await run_in_threadpool(_leave_all, site, request)
    return _back(request, "?left")


def read_preferences(form: Form) -> Preferences:
    """The form as values; ``InvalidInput`` says what cannot be taken."""
    language, zone = line(form, "language", 35), line(form, "time_zone", 64)
    if language and language not in LANGUAGES and language != line(form, "language_before", 35):
        raise InvalidInput("We do not know that language; please choose one from the list.")
    if zone and not is_time_zone(zone):
        raise InvalidInput("We do not know that time zone; please choose one from the list.")
    return Preferences(
        name=line(form, "name", _MOST_NAME),
        language=language or None,
        time_zone=zone or None,
        shown=_numbers(form, "shown"),
        wanted=_numbers(form, "newsletter"),
    )


def _numbers(form: Form, name: str) -> frozenset[int]:
    return frozenset(
        int(text) for text in form.get(name, []) if text.isascii() and text.isdecimal()
    )


def _page(site: Site, request: Request, visit: Visit | None, problem: str = "") -> Response:
    if visit is None:
        return show(request, ERASED)
    return site.pages.answer(
        "preferences.html",
        status=422 if problem else 200,
        visit=visit,
        token=request.path_params["token"],
        saved="saved" in request.query_params,
        left="left" in request.query_params,
        problem=problem,
        languages=LANGUAGES,
        zones=time_zones(),
        headers={"x-robots-tag": "noindex, nofollow"},
    )


def _save(site: Site, request: Request, wanted: Preferences) -> None:
    with transaction(site.mailer.engine) as session:
        visit = find_visit(session, reader_of(site, request))
        if visit is not None:
            save(session, visit, wanted, now=site.mailer.clock())


def _leave_all(site: Site, request: Request) -> None:
    with transaction(site.mailer.engine) as session:
        visit = find_visit(session, reader_of(site, request))
        if visit is not None:
            leave_all(session, visit, now=site.mailer.clock())


def _back(request: Request, query: str) -> Response:
    path = request.url_for("preferences", token=request.path_params["token"]).path
    return RedirectResponse(path + query, 303)


ROUTES = [
    Route("/p/{token}", page, name="preferences"),
    Route("/p/{token}", change, methods=["POST"]),
    Route("/p/{token}/leave", leave_everything, methods=["POST"]),
]

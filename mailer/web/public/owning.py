"""``/p/<token>/…``: what a reader does with their data: pause, another address, a copy, erasure."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.addresses import parse_address
from mailer.audience.preferences import pause
from mailer.audience.readers import Visit, find_visit
from mailer.database.engine import reading, transaction
from mailer.errors import InvalidAddress
from mailer.joining.moving import ask_to_move
from mailer.keeping.disclosing import everything
from mailer.keeping.erasing import erase
from mailer.web.pages import spelled
from mailer.web.problems import ERASED, show
from mailer.web.public import pausing
from mailer.web.public.confirming import trace_of
from mailer.web.public.dressing import answer, dress_of, tell
from mailer.web.public.preferring import Problem, show_page
from mailer.web.public.visits import Form, back_to, line, parse_form, reader_of, visit_of
from mailer.web.site import site_of
from mailer.web.wording import phrases_of, saying, speech_for

_MOST_ADDRESS = 320


async def rest(request: Request) -> Response:
    """Nothing until a day; without a day, go on at once."""
    return await run_in_threadpool(_rest, request, parse_form(await request.body()))


async def move(request: Request) -> Response:
    """Mail a link to the new address; nothing changes before."""
    return await run_in_threadpool(_move, request, parse_form(await request.body()))


def download(request: Request) -> Response:
    """All that is known of them, as a file."""
    mailer = site_of(request).mailer
    with reading(mailer.engine) as session:
        visit = _visit(request, session)
        if visit is None:
            return show(request, ERASED)
        data = everything(session, visit.address, mailer.signer, now=mailer.clock())
    return Response(
        json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n",
        media_type="application/json",
        headers={
            "content-disposition": 'attachment; filename="my-data.json"',
            "cache-control": "no-store",
        },
    )


def erase_page(request: Request) -> Response:
    """Asks once more; nothing changes."""
    visit = visit_of(site_of(request), request)
    if visit is None:
        return show(request, ERASED)
    say = saying(phrases_of(request, speech_for(request, *visit.spoken)))
    return answer(
        request,
        "asked.html",
        newsletter=dress_of(site_of(request), visit),
        wanted=visit.spoken,
        title=say("erase.heading"),
        told=say("erase.text", address=spelled(visit.address)),
        button=say("erase.button"),
        href=request.url_for("preferences", token=request.path_params["token"]).path,
        label=say("erase.back"),
    )


def erase_all(request: Request) -> Response:
    """Forget them."""
    site = site_of(request)
    now = site.mailer.clock()
    with transaction(site.mailer.engine) as session:
        visit = _visit(request, session)
        if visit is None:
            return show(request, ERASED)
        erase(session, visit.address, site.mailer.signer, source="preferences", now=now)
    say = saying(phrases_of(request, speech_for(request, *visit.spoken)))
    return tell(
        request,
        say("erase.done_title"),
        say("erase.done"),
        newsletter=dress_of(site, visit),
        wanted=visit.spoken,
    )


def _rest(request: Request, form: Form) -> Response:
    mailer = site_of(request).mailer
    now = mailer.clock()
    with transaction(mailer.engine) as session:
        visit = _visit(request, session)
        if visit is None:
            return show(request, ERASED)
        try:
            until = pausing.read_day(line(form, "until", 10), visit, now)
        except ValueError:
            return show_page(request, Problem("preferences.pause_bad", "pause"))
        evidence = trace_of(request, "preferences").evidence()
        pause(session, visit, until, now=now, evidence=evidence)
    return back_to("preferences", request, "" if until else "?saved")  # a pause speaks for itself


def _move(request: Request, form: Form) -> Response:
    mailer = site_of(request).mailer
    try:
        address = parse_address(line(form, "address", _MOST_ADDRESS))
    except InvalidAddress:
        return show_page(request, Problem("form.bad_address", "address"))
    with transaction(mailer.engine) as session:
        visit = _visit(request, session)
        if visit is not None:
            ask_to_move(session, mailer.office, visit.subscriber_id, address, mailer.clock())
    return back_to("preferences", request, "?moving")


def _visit(request: Request, session: Session) -> Visit | None:
    return find_visit(session, reader_of(site_of(request), request))


ROUTES = [
    Route("/p/{token}/pause", rest, methods=["POST"]),
    Route("/p/{token}/address", move, methods=["POST"]),
    Route("/p/{token}/data", download, methods=["POST"]),
    Route("/p/{token}/erase", erase_page),
    Route("/p/{token}/erase", erase_all, methods=["POST"]),
]

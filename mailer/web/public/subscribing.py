"""``/p/<token>/join/<newsletter>``: what a form demands, asked of a reader who ticked its newsletter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mailer.audience import forms
from mailer.audience.forms import FormSettings, Question
from mailer.audience.preferences import join
from mailer.audience.readers import Visit, find_visit
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter, Subscriber
from mailer.joining.greeting import greet
from mailer.web.problems import ERASED, show
from mailer.web.public.confirming import trace_of
from mailer.web.public.dressing import answer
from mailer.web.public.form_replies import remember
from mailer.web.public.forms import Given, Refusal, read_answers, read_given, words_of
from mailer.web.public.offering import offered
from mailer.web.public.visits import Form, back_to, line, parse_form, reader_of
from mailer.web.site import site_of
from mailer.web.wording import Say, phrases_of, saying, speech_for

_THEN = "then"  # further newsletters that were ticked, each with a step of its own
_MOST_THEN = 20


def page(request: Request) -> Response:
    """The step; nothing changes."""
    return _page(request, Given())


async def subscribe(request: Request) -> Response:
    """Keep the answers, and subscribe."""
    form = parse_form(await request.body())
    return await run_in_threadpool(_subscribe, request, form)


def missing(
    session: Session, settings: FormSettings, known: Mapping[str, Any]
) -> Sequence[Question]:
    """What the form asks and is not known of them yet; nothing, unless some of it is demanded."""
    asked = [one for one in forms.questions(session, settings) if known.get(one.name) is None]
    return asked if any(one.required for one in asked) else ()


def first_step(request: Request, slugs: Sequence[str]) -> Response:
    """To the step of the first newsletter, the others after it; without any: that it is saved."""
    if not slugs:
        return back_to("preferences", request, "?saved")
    token = request.path_params["token"]
    path = request.url_for("join", token=token, slug=slugs[0]).path
    rest = "&".join(f"{_THEN}={slug}" for slug in slugs[1:_MOST_THEN])
    return RedirectResponse(f"{path}?{rest}".rstrip("?"), 303)


def _page(request: Request, given: Given, problem: str = "") -> Response:
    site = site_of(request)
    with reading(site.mailer.engine) as session:
        visit = find_visit(session, reader_of(site, request))
        if visit is None:
            return show(request, ERASED)
        found = _wanted(session, request, visit)
        if found is None:
            return _on(request)
        newsletter, settings = found
        asked = missing(session, settings, visit.fields)
    words = words_of(newsletter, settings, _say(request, visit))
    return answer(
        request,
        "join.html",
        newsletter=newsletter,
        wanted=visit.spoken,
        status=422 if problem else 200,
        visit=visit,
        words=words,
        wording=remember(site, str(words)),
        asked=asked,
        given=given,
        then=_then(request),
        problem=problem,
        back=request.url_for("preferences", token=request.path_params["token"]).path,
    )


def _subscribe(request: Request, form: Form) -> Response:
    site = site_of(request)
    given = read_given(form)
    try:
        with transaction(site.mailer.engine) as session:
            visit = find_visit(session, reader_of(site, request))
            if visit is None:
                return show(request, ERASED)
            found = _wanted(session, request, visit)
            if found is not None:
                _keep(session, request, visit, found, form, given)
    except Refusal as refusal:
        return _page(request, given, str(refusal))
    return _on(request)


def _keep(
    session: Session,
    request: Request,
    visit: Visit,
    found: tuple[Newsletter, FormSettings],
    form: Form,
    given: Given,
) -> None:
    office, now = site_of(request).mailer.office, site_of(request).mailer.clock()
    newsletter, settings = found
    asked = tuple(missing(session, settings, visit.fields))
    answers = read_answers(asked, given, _say(request, visit))
    wording = forms.wording(session, line(form, "wording", 32)) or ""
    evidence = trace_of(request, "preferences", wording).evidence()
    join(session, visit, newsletter.id, answers, now=now, evidence=evidence)
    person = session.get_one(Subscriber, visit.subscriber_id)
    greet(session, office, newsletter, person, "welcome", language=None, now=now)


def _wanted(
    session: Session, request: Request, visit: Visit
) -> tuple[Newsletter, FormSettings] | None:
    """The newsletter of this step; ``None``: they have it by now, or it is not offered any more."""
    found = offered(session, site_of(request), visit)
    return next((one for one in found if one[0].slug == request.path_params["slug"]), None)


def _say(request: Request, visit: Visit) -> Say:
    return saying(phrases_of(request, speech_for(request, *visit.spoken)))


def _then(request: Request) -> list[str]:
    return request.query_params.getlist(_THEN)


def _on(request: Request) -> Response:
    return first_step(request, _then(request))


ROUTES = [
    Route("/p/{token}/join/{slug}", page, name="join"),
    Route("/p/{token}/join/{slug}", subscribe, methods=["POST"]),
]

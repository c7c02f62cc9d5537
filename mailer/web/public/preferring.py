"""``/p/<token>``: what a reader is called, which newsletters they get, what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.audience import forms, suppressions
from mailer.audience.details import as_written
from mailer.audience.forms import Question
from mailer.audience.preferences import Preferences, leave_all, save
from mailer.audience.readers import Visit, find_visit
from mailer.database.engine import reading, transaction
from mailer.database.tables import Subscriber
from mailer.errors import InvalidInput
from mailer.field_kinds import LONGEST_TEXT, Kept
from mailer.joining.greeting import greet
from mailer.web.languages import speaking
from mailer.web.problems import ERASED, show
from mailer.web.public import offering, pausing
from mailer.web.public.choices import LANGUAGES, is_listed, is_time_zone, time_zones
from mailer.web.public.confirming import trace_of
from mailer.web.public.dressing import answer, dress_of
from mailer.web.public.subscribing import first_step, missing
from mailer.web.public.visits import Form, back_to, line, parse_form, reader_of, text, visit_of
from mailer.web.site import Site, site_of
from mailer.web.wording import phrases_of, saying, speech_for

_MOST_NAME = 200
_MOST_ANSWER = 2 * LONGEST_TEXT  # what was kept comes back whole


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be kept: its phrase, and where on the page it belongs."""

    phrase: str
    place: str = ""
    label: str = ""


def page(request: Request) -> Response:
    """The form, as it stands."""
    return show_page(request)


async def change(request: Request) -> Response:
    """Keep the form."""
    return await run_in_threadpool(_change, request, parse_form(await request.body()))


def leave_everything(request: Request) -> Response:
    """Unsubscribe from all newsletters."""
    _leave_all(site_of(request), request)
    return back_to("preferences", request, "?left")


def show_page(request: Request, problem: Problem | None = None) -> Response:
    """The page, perhaps with what could not be kept."""
    site = site_of(request)
    visit = visit_of(site, request)
    if visit is None:
        return show(request, ERASED)
    with reading(site.mailer.engine) as session:
        asked = forms.own_questions(session)
        offered = offering.offered(session, site, visit)
        barred = suppressions.find(session, visit.address, site.mailer.signer) is not None
    speech = speech_for(request, *visit.spoken)
    say = saying(phrases_of(request, speech))
    with speaking(speech):
        paused = pausing.paused_until(visit, site.mailer.clock())
    first = site.mailer.clock().date() + timedelta(days=1)
    return answer(
        request,
        "preferences.html",
        newsletter=dress_of(site, visit),
        wanted=visit.spoken,
        status=422 if problem else 200,
        visit=visit,
        barred=barred,
        offers=offering.offers(site, offered, say),
        token=request.path_params["token"],
        saved="saved" in request.query_params,
        left="left" in request.query_params,
        moving="moving" in request.query_params,
        problem=say(problem.phrase, label=problem.label) if problem else "",
        problem_at=problem.place if problem else "",
        languages=LANGUAGES,
        zones=time_zones(),
        zone_listed=is_listed(visit.time_zone),
        asked=asked,
        paused=paused,
        first_day=first,
        offered_day=first + timedelta(days=30),
        last_day=first + pausing.LONGEST - timedelta(days=1),
    )


def read_preferences(
    form: Form,
    asked: tuple[Question, ...] = (),
    known: Mapping[str, Any] = MappingProxyType({}),
    said: Mapping[int, str] = MappingProxyType({}),
) -> Preferences | Problem:
    """The form as values, or what cannot be taken; answers left as *known* are left out."""
    language, zone = line(form, "language", 35), line(form, "time_zone", 64)
    if language and language not in LANGUAGES and language != line(form, "language_before", 35):
        return Problem("preferences.bad_language")
    if zone and not is_time_zone(zone):
        return Problem("preferences.bad_zone")
    fields: dict[str, Kept | None] = {}
    for question in asked:
        try:
            if f"f.{question.name}" in form:
                answer = text(form, f"f.{question.name}", _MOST_ANSWER)
                if answer != as_written(known.get(question.name)):
                    fields[question.name] = question.keep(answer)
        except InvalidInput:
            return Problem("form.bad_answer", label=question.label)
    return Preferences(
        name=line(form, "name", _MOST_NAME),
        language=language or None,
        time_zone=zone or None,
        shown=_numbers(form, "shown"),
        wanted=_numbers(form, "newsletter"),
        fields=fields,
        said=said,
    )


def _said(session: Session, form: Form) -> dict[int, str]:
    """What stood beside each newsletter that was ticked, as the form names it."""
    named = {one: line(form, f"wording.{one}", 32) for one in _numbers(form, "newsletter")}
    return {one: forms.wording(session, digest) or "" for one, digest in named.items()}


def _numbers(form: Form, name: str) -> frozenset[int]:
    return frozenset(
        int(text) for text in form.get(name, []) if text.isascii() and text.isdecimal()
    )


def _change(request: Request, form: Form) -> Response:
    site = site_of(request)
    with transaction(site.mailer.engine) as session:
        visit = find_visit(session, reader_of(site, request))
        wanted = read_preferences(
            form,
            forms.own_questions(session),
            visit.fields if visit else {},
            _said(session, form),
        )
        asking: list[str] = []
        if visit is not None and isinstance(wanted, Preferences):
            asking = _save(session, request, visit, wanted)
    return (
        show_page(request, wanted) if isinstance(wanted, Problem) else first_step(request, asking)
    )


def _wording(request: Request, visit: Visit) -> str:
    """What stands above the newsletters to be ticked, and on the button."""
    say = saying(phrases_of(request, speech_for(request, *visit.spoken)))
    return f"{say('preferences.newsletters')}\n{say('preferences.save')}"


def _save(session: Session, request: Request, visit: Visit, wanted: Preferences) -> list[str]:
    """Keep it; what they subscribed to bids them welcome, so that they learn if it was not they.

    Answers the newsletters whose forms demand more of them first: to these, nobody is subscribed yet.
    """
    site, now = site_of(request), site_of(request).mailer.clock()
    known = {**visit.fields, **wanted.fields}
    offered, asking = {}, []
    for one, settings in offering.offered(session, site, visit):
        if not missing(session, settings, known):
            offered[one.id] = one
        elif one.id in wanted.wanted & wanted.shown:
            asking.append(one.slug)
    evidence = trace_of(request, "preferences", _wording(request, visit)).evidence()
    new = save(session, visit, wanted, now=now, offered=offered.keys(), evidence=evidence)
    person = session.get_one(Subscriber, visit.subscriber_id)
    for number in new:
        newsletter = offered[number]
        greet(session, site.mailer.office, newsletter, person, "welcome", language=None, now=now)
    return asking


def _leave_all(site: Site, request: Request) -> Visit | None:
    with transaction(site.mailer.engine) as session:
        visit = find_visit(session, reader_of(site, request))
        if visit is not None:
            say = saying(phrases_of(request, speech_for(request, *visit.spoken)))
            wording = say("preferences.leave_all")
            evidence = trace_of(request, "preferences", wording).evidence()
            leave_all(session, visit, now=site.mailer.clock(), evidence=evidence)
        return visit


ROUTES = [
    Route("/p/{token}", page, name="preferences"),
    Route("/p/{token}", change, methods=["POST"]),
    Route("/p/{token}/leave", leave_everything, methods=["POST"]),
]

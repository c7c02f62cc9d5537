"""``/u/<token>``: the page that unsubscribes, and the one-click POST of mail programs (RFC 8058)."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.audience import preferences
from mailer.audience.leaving import REASONS, reason_of
from mailer.audience.readers import Visit, find_visit
from mailer.database.engine import transaction
from mailer.web.languages import list_words, speaking
from mailer.web.problems import ERASED, show
from mailer.web.public.confirming import trace_of
from mailer.web.public.dressing import answer, dress_of
from mailer.web.public.visits import Form, back_to, line, parse_form, reader_of, visit_of
from mailer.web.site import Site, site_of
from mailer.web.wording import phrases_of, saying, speech_for


def page(request: Request) -> Response:
    """Show where this reader stands; nothing changes, for link scanners come here, too."""
    site = site_of(request)
    visit = visit_of(site, request)
    if visit is None:
        return show(request, ERASED)
    return answer(
        request,
        "unsubscribe.html",
        newsletter=dress_of(site, visit),
        wanted=visit.spoken,
        visit=visit,
        token=request.path_params["token"],
        undone="undone" in request.query_params,
        thanks="thanks" in request.query_params,
        reasons=REASONS,
        still=_still(request, visit),
    )


async def leave(request: Request) -> Response:
    """Unsubscribe at once. The page's own button goes back to the page; anything else is one-click.

    Mail programs send neither cookies nor origins and follow no redirects: they get a plain 200,
    also the second time.
    """
    site = site_of(request)
    from_page = parse_form(await request.body()).get("by") == ["page"]
    method = "page" if from_page else "one-click"
    visit = await run_in_threadpool(_leave, site, request, method)
    if visit is None:
        return Response("You get no more mail from us.\n", media_type="text/plain")
    if from_page:
        return back_to("unsubscribe", request)
    return await run_in_threadpool(page, request)


def undo(request: Request) -> Response:
    """Take the last unsubscribe back."""
    _undo(site_of(request), request)
    return back_to("unsubscribe", request, "?undone")


async def reason(request: Request) -> Response:
    """Keep why somebody left."""
    site = site_of(request)
    form = parse_form(await request.body())
    await run_in_threadpool(_reason, site, request, _reason_words(form))
    return back_to("unsubscribe", request, "?thanks")


def _still(request: Request, visit: Visit) -> str:
    """What else goes on coming, in words; empty: nothing."""
    names = [one.name for one in visit.memberships if one.subscribed and one not in visit.concerned]
    with speaking(speech_for(request, *visit.spoken)):
        return list_words(names)


def _leave(site: Site, request: Request, method: str) -> Visit | None:
    with transaction(site.mailer.engine) as session:
        visit = find_visit(session, reader_of(site, request))
        if visit is not None:
            wording = _wording(request, visit) if method == "page" else ""
            evidence = trace_of(request, "unsubscribe", wording).evidence()
            now = site.mailer.clock()
            preferences.leave(session, visit, method=method, now=now, evidence=evidence)
        return visit


def _wording(request: Request, visit: Visit) -> str:
    """What stood above the button, and on it."""
    say = saying(phrases_of(request, speech_for(request, *visit.spoken)))
    names = [one.name for one in visit.concerned]
    name = names[0] if len(names) == 1 else say("unsubscribe.all")
    heading = say("unsubscribe.heading", newsletter=name)
    return f"{heading}\n{say('unsubscribe.button')}"


def _undo(site: Site, request: Request) -> None:
    with transaction(site.mailer.engine) as session:
        visit = find_visit(session, reader_of(site, request))
        if visit is not None:
            say = saying(phrases_of(request, speech_for(request, *visit.spoken)))
            wording = f"{say('unsubscribe.done_title')}\n{say('unsubscribe.undo')}"
            evidence = trace_of(request, "unsubscribe", wording).evidence()
            preferences.come_back(session, visit, now=site.mailer.clock(), evidence=evidence)


def _reason(site: Site, request: Request, words: str) -> None:
    with transaction(site.mailer.engine) as session:
        visit = find_visit(session, reader_of(site, request))
        if visit is not None and words:
            preferences.give_reason(session, visit, words)


def _reason_words(form: Form) -> str:
    return reason_of(line(form, "reason", 40), line(form, "words", preferences.MOST_REASON))


ROUTES = [
    Route("/u/{token}", page, name="unsubscribe"),
    Route("/u/{token}", leave, methods=["POST"]),
    Route("/u/{token}/undo", undo, methods=["POST"]),
    Route("/u/{token}/reason", reason, methods=["POST"]),
]

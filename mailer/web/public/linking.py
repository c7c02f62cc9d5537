"""``/preferences``: mails people the link to their own page, for when they have no mail at hand."""

from __future__ import annotations

from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mailer.addresses import parse_address
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter
from mailer.errors import InvalidAddress
from mailer.joining import meters, moving
from mailer.rates import Rate
from mailer.web.clients import asker, network
from mailer.web.languages import speaking, wait_words
from mailer.web.public.dressing import answer, tell
from mailer.web.public.form_replies import later
from mailer.web.public.pacing import in_step
from mailer.web.public.visits import Form, line, parse_form
from mailer.web.site import site_of
from mailer.web.wording import phrases_of, saying, speech_for

_BY_NETWORK = Rate(20, timedelta(hours=1))
_MOST_ADDRESS = 320


def page(request: Request) -> Response:
    """Asks for an address; a page's address may fill it in."""
    return _page(request, given=request.query_params.get("address", "")[:_MOST_ADDRESS])


async def send(request: Request) -> Response:
    """Mails the link, if the address is known; whether it is, nobody learns here."""
    form = parse_form(await request.body())
    return await in_step(run_in_threadpool(_send, request, form))


def sent(request: Request) -> Response:
    """Says where the link has gone, if anywhere."""
    say = saying(phrases_of(request, speech_for(request)))
    return tell(
        request,
        say("link.sent_title"),
        say("link.sent"),
        hint=say("form.spam"),
        newsletter=_first(request),
    )


def _send(request: Request, form: Form) -> Response:
    mailer = site_of(request).mailer
    speech = speech_for(request)
    say = saying(phrases_of(request, speech))
    given = line(form, "address", _MOST_ADDRESS)
    try:
        address = parse_address(given)
    except InvalidAddress:
        return _page(request, given=given, problem=say("form.bad_address"), status=422)
    scope = f"link {mailer.signer.digest('meter', network(asker(request)))}"
    now = mailer.clock()
    with transaction(mailer.engine) as session:
        allowed = meters.allow(session, scope, _BY_NETWORK, now)
        if allowed and not line(form, "website", 100):
            moving.send_link(session, mailer.office, address, speech.language, now)
        wait = meters.until(session, scope, _BY_NETWORK, now)
    if not allowed:
        with speaking(speech):
            problem = say("form.too_many", when=wait_words(wait))
        return later(_page(request, given=given, problem=problem, status=429), wait)
    return RedirectResponse(request.url_for("link_sent").path, 303)


def _page(request: Request, *, given: str, problem: str = "", status: int = 200) -> Response:
    return answer(
        request,
        "link.html",
        newsletter=_first(request),
        wanted=(speech_for(request).language,),
        status=status,
        given=given,
        problem=problem,
    )


def _first(request: Request) -> Newsletter | None:
    with reading(site_of(request).mailer.engine) as session:
        return moving.newsletter_of(session, None)


ROUTES = [
    Route("/preferences", page, name="link"),
    Route("/preferences", send, methods=["POST"]),
    Route("/preferences/sent", sent, name="link_sent"),
]

"""``/s/<newsletter>``: the form to sign up, for people with and without script, from any site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from mailer.audience import forms
from mailer.database.engine import reading, transaction
from mailer.database.tables import Outcome
from mailer.joining import counting, meters, work
from mailer.joining.office import Asked, Trace
from mailer.joining.signing_up import ask
from mailer.rates import Rate
from mailer.web.clients import asker, kept, network
from mailer.web.languages import Speech, speaking, wait_words
from mailer.web.pages import STATIC
from mailer.web.public import form_replies as replies
from mailer.web.public.dressing import tell
from mailer.web.public.form_replies import SHARED, Desk, desk_of
from mailer.web.public.forms import (
    Doubt,
    Given,
    Refusal,
    is_own_or_allowed,
    read_address,
    read_answers,
    read_given,
    referrer_of,
)
from mailer.web.public.pacing import in_step
from mailer.web.public.visits import Form, UnreadableForm, line, read_form
from mailer.web.site import Site, site_of

_HOUR = timedelta(hours=1)
_RECENT = Rate(60, _HOUR)  # what makes the next work harder
_UNPROVED_SHARE = 6  # of the forms from one network
_UNPROVED_BY_ALL = 200  # an hour, for one newsletter


def page(request: Request) -> Response:
    """The form; a page's address may fill it in: ``?address=…&f.city=…&source=fair&lang=de``."""
    site = site_of(request)
    query = {name: request.query_params.getlist(name) for name in request.query_params}
    with reading(site.mailer.engine) as session:
        desk = desk_of(request, session, query)
    if desk is None or not desk.settings.open:
        return replies.closed(request, desk)
    return replies.form_page(request, desk, read_given(query))


async def take(request: Request) -> Response:
    """A form that was sent. Neither the answer nor its time tells what is known of its address."""
    try:
        form = await read_form(request)
    except UnreadableForm as error:
        return replies.unreadable(request, str(error))
    return await in_step(run_in_threadpool(_take, request, form))


def sent(request: Request) -> Response:
    """What is to be done next."""
    with reading(site_of(request).mailer.engine) as session:
        desk = desk_of(request, session, {})
    if desk is None:
        return replies.closed(request, desk)
    title, told, hint = replies.next_step(desk)
    return tell(
        request,
        title,
        told,
        hint=hint,
        newsletter=desk.newsletter,
        wanted=(desk.language,),
        frames=desk.frames,
    )


def script(_request: Request) -> Response:
    """What makes forms on other sites answer in place; those sites name it by this address."""
    return FileResponse(
        STATIC / "form.js",
        media_type="text/javascript",
        headers={"access-control-allow-origin": "*", "cache-control": "public, max-age=3600"},
    )


def challenge(request: Request) -> Response:
    """Work for a browser; the more forms came from its network lately, the more."""
    site = site_of(request)
    slug, now = request.path_params["slug"], site.mailer.clock()
    scope = f"work {_who(site, request)}"
    with transaction(site.mailer.engine) as session:
        recent = meters.used(session, scope, _RECENT, now)
    made = work.challenge(site.mailer.signer, slug, work.bits_for(recent - 1), now=now)
    return JSONResponse({"challenge": made.text, "bits": made.bits}, headers=SHARED)


def _take(request: Request, form: Form) -> Response:
    site = site_of(request)
    given = read_given(form)
    with transaction(site.mailer.engine) as session:
        desk = desk_of(request, session, form)
        if desk is None:
            return replies.closed(request, desk)
        count = partial(counting.count, session, desk.newsletter.id, now=site.mailer.clock())
        if not desk.settings.open:
            count(Outcome.CLOSED)
            return replies.closed(request, desk)
        if line(form, "website", 100):  # only robots see it
            count(Outcome.ROBOT)
            return replies.done(request, desk)
        hindrance = _receive(session, request, desk, form, given)
        if isinstance(hindrance, Refusal):
            count(hindrance.outcome)
    if isinstance(hindrance, Doubt):
        return replies.doubtful(request, desk, given, hindrance)
    if isinstance(hindrance, Refusal):
        return replies.refused(request, desk, given, hindrance)
    return replies.done(request, desk)


def _receive(
    session: Session, request: Request, desk: Desk, form: Form, given: Given
) -> Doubt | Refusal | None:
    """Take a form in, or say what stands in the way; what it cost is counted in any case."""
    mailer = site_of(request).mailer
    now = mailer.clock()
    try:
        if not is_own_or_allowed(request, desk.settings):
            raise Refusal(desk.say("form.no_site"), Outcome.SITE)
        address = read_address(form, given, desk.settings, mailer.address_rules, desk.say)
        fields = read_answers(desk.asked, given, desk.say)
        proved = _admit(session, request, desk, form, now)
    except (Doubt, Refusal) as hindrance:
        return hindrance
    asked = Asked(
        address=address,
        trace=_trace(session, request, form, given.source),
        name=given.name,
        language=desk.language,
        fields=fields,
        proved=proved,
    )
    ask(session, mailer.office, desk.newsletter, asked, now)
    return None


def _admit(session: Session, request: Request, desk: Desk, form: Form, now: datetime) -> bool:
    """Whether work was shown; ``Refusal`` when a network, or all without work, had their share."""
    site, slug = site_of(request), request.path_params["slug"]
    shown = line(form, "challenge", 400), line(form, "answer", 20)
    proved = work.spend(session, site.mailer.signer, slug, shown, now)
    for scope, rate in _limits(desk, slug, _who(site, request), proved=proved):
        if not meters.allow(session, scope, rate, now):
            wait = meters.until(session, scope, rate, now)
            with speaking(Speech(desk.language)):
                words = desk.say("form.too_many", when=wait_words(wait))
            raise Refusal(words, Outcome.LIMIT, wait=wait)
    if desk.settings.work and not proved:
        raise Refusal(desk.say("form.no_work"), Outcome.WORK)
    return proved


def _limits(desk: Desk, slug: str, who: str, *, proved: bool) -> Iterator[tuple[str, Rate]]:
    hourly = desk.settings.hourly
    if proved:
        yield f"proved {who}", Rate(hourly, _HOUR)
    else:
        yield f"unproved {who}", Rate(hourly // _UNPROVED_SHARE or 1, _HOUR)
        yield f"unproved for {slug[:40]}", Rate(max(hourly, _UNPROVED_BY_ALL), _HOUR)


def _who(site: Site, request: Request) -> str:
    return site.mailer.signer.digest("meter", network(asker(request)))


def _trace(session: Session, request: Request, form: Form, source: str) -> Trace:
    settings = site_of(request).mailer.settings
    return Trace(
        form="embedded" if line(form, "form", 20) == "embedded" else "page",
        client=kept(asker(request), settings.keep_client_addresses),
        agent=request.headers.get("user-agent", "")[:300],
        referrer=referrer_of(request),
        source=source,
        wording=forms.wording(session, line(form, "wording", 32)) or "",
    )


ROUTES = [
    Route("/s/{slug}", page, name="sign_up"),
    Route("/s/{slug}", take, methods=["POST"]),
    Route("/s/{slug}/sent", sent, name="signed_up"),
    Route("/s/{slug}/challenge", challenge),
    Route("/form.js", script, name="form_script"),
]

"""``/confirm/<token>``, ``/address/<token>``: what a mail leads to; only their buttons count."""

from __future__ import annotations

from typing import Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mailer.audience import forms, subscribers
from mailer.database.engine import reading, transaction
from mailer.errors import Conflict
from mailer.joining import moving, signing_up
from mailer.joining.office import Trace
from mailer.web.clients import asker, kept
from mailer.web.pages import spelled
from mailer.web.public.dressing import answer, tell
from mailer.web.site import site_of
from mailer.web.wording import phrases_of, saying, speech_for


def page(request: Request) -> Response:
    """Where a sign-up stands; nothing changes, for link scanners come here, too."""
    mailer = site_of(request).mailer
    token = request.path_params["token"]
    with reading(mailer.engine) as session:
        found = signing_up.look_up(session, mailer.office, token, mailer.clock())
        person = subscribers.find(session, found.address) if found.subscribed else None
    say = saying(
        phrases_of(request, speech_for(request, found.language, found.newsletter.language))
    )
    names = {"newsletter": found.newsletter.name, "address": spelled(found.address)}
    if not found.confirmed:
        return answer(
            request,
            "asked.html",
            newsletter=found.newsletter,
            wanted=(found.language,),
            leads_to=forms.settings_of(found.newsletter).confirmed_page,
            title=say("confirm.heading", **names),
            told=say("confirm.text", **names),
            button=say("confirm.button"),
            href="",
        )
    kind = "done" if found.subscribed else "left"
    return tell(
        request,
        say(f"confirm.{kind}_title"),
        say(f"confirm.{kind}", **names),
        newsletter=found.newsletter,
        wanted=(found.language,),
        ticked=found.subscribed,
        href=(
            mailer.office.preferences_link(person.id)
            if person
            else request.url_for("sign_up", slug=found.newsletter.slug).path
        ),
        label=say("link.heading") if person else say("confirm.again"),
    )


def confirm(request: Request) -> Response:
    """The button was pressed; a second time changes nothing."""
    mailer = site_of(request).mailer
    try:
        with transaction(mailer.engine) as session:
            invitation = signing_up.confirm(
                session,
                mailer.office,
                request.path_params["token"],
                trace_of(request),
                mailer.clock(),
            )
    except Conflict:
        return _conflict(request, "confirm.suppressed")
    own_page = forms.settings_of(invitation.newsletter).confirmed_page
    after = own_page if invitation.subscribed and own_page else request.url.path
    return RedirectResponse(after, 303)


def address_page(request: Request) -> Response:
    """Which address would be used from now on."""
    mailer = site_of(request).mailer
    with transaction(mailer.engine) as session:
        found = moving.look_up(session, mailer.office, request.path_params["token"], mailer.clock())
        newsletter = moving.newsletter_of(session, found.subscriber_id)
    say = saying(phrases_of(request, speech_for(request, found.language)))
    names = {"old": spelled(found.old), "new": spelled(found.new)}
    if not found.done:
        return answer(
            request,
            "asked.html",
            newsletter=newsletter,
            wanted=(found.language,),
            title=say("move.heading"),
            told=say("move.back" if found.back else "move.text", **names),
            button=say("move.button"),
            href="",
        )
    return tell(
        request,
        say("move.done_title"),
        say("move.done", **names),
        newsletter=newsletter,
        wanted=(found.language,),
        href=mailer.office.preferences_link(found.subscriber_id),
        label=say("link.heading"),
    )


def move(request: Request) -> Response:
    """Use the new address from now on."""
    mailer = site_of(request).mailer
    token = request.path_params["token"]
    try:
        with transaction(mailer.engine) as session:
            moving.move(session, mailer.office, token, trace_of(request), mailer.clock())
    except Conflict:
        return _conflict(request, "move.taken")
    return RedirectResponse(request.url.path, 303)


def trace_of(
    request: Request,
    form: Literal["confirm", "preferences", "unsubscribe"] = "confirm",
    wording: str = "",
) -> Trace:
    """What is kept of whoever pressed a button, and of the words beside it."""
    settings = site_of(request).mailer.settings
    return Trace(
        form=form,
        client=kept(asker(request), settings.keep_client_addresses),
        agent=request.headers.get("user-agent", "")[:300],
        wording=wording,
    )


def _conflict(request: Request, place: str) -> Response:
    say = saying(phrases_of(request, speech_for(request)))
    return tell(
        request, say(f"{place}_title"), say(place), newsletter=None, ticked=False, status=409
    )


ROUTES = [
    Route("/confirm/{token}", page),
    Route("/confirm/{token}", confirm, methods=["POST"]),
    Route("/address/{token}", address_page),
    Route("/address/{token}", move, methods=["POST"]),
]

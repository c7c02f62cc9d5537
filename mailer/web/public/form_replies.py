"""Answers of a newsletter's form: pages for people without script, JSON for those with one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from mailer.audience import forms, newsletters
from mailer.audience.forms import FormSettings, Question
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter, OptIn, Outcome
from mailer.errors import NotFound
from mailer.web.problems import NOT_FOUND, show
from mailer.web.public.dressing import answer, speech_of, tell
from mailer.web.public.forms import Doubt, Given, Refusal, Words, words_of
from mailer.web.public.visits import Form
from mailer.web.site import Site, site_of
from mailer.web.wording import Say, phrases_of, saying

_STATUS = {Outcome.LIMIT: 429, Outcome.SITE: 403}
SHARED = {"access-control-allow-origin": "*", "cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Desk:
    """A newsletter's form, as one request finds it."""

    newsletter: Newsletter
    settings: FormSettings
    asked: tuple[Question, ...]
    words: Words
    language: str
    say: Say

    @property
    def frames(self) -> str:
        """Where the form may stand, its page may stand in a frame."""
        return " ".join(("'self'", *self.settings.sites)) if self.settings.sites else "*"


def desk_of(request: Request, session: Session, form: Form) -> Desk | None:
    """The form of the newsletter that the path names; ``None``: there is none."""
    try:
        newsletter = newsletters.get(session, request.path_params["slug"])
    except NotFound:
        return None
    settings = forms.settings_of(newsletter)
    speech = speech_of(request, newsletter, form)
    say = saying(phrases_of(request, speech))
    return Desk(
        newsletter=newsletter,
        settings=settings,
        asked=forms.questions(session, settings),
        words=words_of(newsletter, settings, say),
        language=speech.language,
        say=say,
    )


def form_page(
    request: Request,
    desk: Desk,
    given: Given,
    *,
    status: int = 200,
    problem: str = "",
    problem_at: str = "",
    suggestion: str = "",
) -> Response:
    """The form, with what was filled in, and what is to be said about it."""
    site = site_of(request)
    return answer(
        request,
        "sign_up.html",
        newsletter=desk.newsletter,
        wanted=(desk.language,),
        status=status,
        leads_to=desk.settings.asked_page,
        frames=desk.frames,
        listed=status == HTTPStatus.OK and not request.query_params,  # nothing of anybody is in it
        action=request.url_for("sign_up", slug=desk.newsletter.slug).path,
        form=desk.settings,
        asked=desk.asked,
        words=desk.words,
        wording=remember(site, str(desk.words)),
        given=given,
        problem=problem,
        problem_at=problem_at,
        suggestion=suggestion,
    )


def remember(site: Site, words: str) -> str:
    """Keep what a form says, once; the digest by which the form names it."""
    digest = forms.wording_digest(words)
    with reading(site.mailer.engine) as session:
        known = forms.wording(session, digest) is not None
    if not known:
        with transaction(site.mailer.engine) as session:
            forms.remember_wording(session, words, now=site.mailer.clock())
    return digest


def next_step(desk: Desk) -> tuple[str, str, str]:
    """What a person does after the form: heading, words, hint."""
    kind = "sent" if desk.newsletter.opt_in is OptIn.DOUBLE else "sent_single"
    return desk.say(f"form.{kind}_title"), desk.say(f"form.{kind}"), desk.say("form.spam")


def done(request: Request, desk: Desk) -> Response:
    """The same for everybody whose form was in order."""
    title, told, hint = next_step(desk)
    if _wants_json(request):
        after = {"go": desk.settings.asked_page} if desk.settings.asked_page else {}
        return _json({"state": "done", "title": title, "words": told, "hint": hint, **after})
    if desk.settings.asked_page:
        return RedirectResponse(desk.settings.asked_page, 303)
    path = request.url_for("signed_up", slug=desk.newsletter.slug).path
    return RedirectResponse(f"{path}?lang={desk.language}", 303)


def doubtful(request: Request, desk: Desk, given: Given, doubt: Doubt) -> Response:
    """Did you mean …? Nothing was taken in yet."""
    meant = doubt.suggestion
    if not _wants_json(request):
        return form_page(request, desk, given, suggestion=meant)
    return _json(
        {
            "state": "doubt",
            "words": desk.say("form.meant", address=meant),
            "meant": meant,
            "yes": desk.say("form.meant_yes", address=meant),
            "no": desk.say("form.meant_no", address=given.address),
        }
    )


def refused(request: Request, desk: Desk, given: Given, refusal: Refusal) -> Response:
    """What has to be different."""
    status = _STATUS.get(refusal.outcome, 422)
    if _wants_json(request):
        answered = _json({"state": "problem", "words": str(refusal), "at": refusal.place}, status)
    else:
        answered = form_page(
            request, desk, given, status=status, problem=str(refusal), problem_at=refusal.place
        )
    return later(answered, refusal.wait)


def later(answered: Response, wait: timedelta) -> Response:
    """The answer, with when to ask again, for programs."""
    if wait:
        answered.headers["retry-after"] = str(int(wait.total_seconds()) + 1)
    return answered


def unreadable(request: Request, kind: str) -> Response:
    """For whoever built the form, or the program that sent it."""
    words = (
        "Send the form as application/x-www-form-urlencoded or multipart/form-data, as browsers do; "
        f"this was {kind[:100]}."
    )
    if _wants_json(request) or "json" in kind:
        return _json({"state": "problem", "words": words, "at": ""}, 415)
    return PlainTextResponse(f"{words}\n", 415, SHARED)


def closed(request: Request, desk: Desk | None) -> Response:
    """There is no such form, or not at the moment."""
    if desk is None:
        return show(request, NOT_FOUND)
    title = desk.say("form.closed_title")
    told = desk.say("form.closed", newsletter=desk.newsletter.name)
    if _wants_json(request):
        return _json({"state": "problem", "words": told, "at": ""}, 410)
    return tell(
        request,
        title,
        told,
        newsletter=desk.newsletter,
        wanted=(desk.language,),
        frames=desk.frames,
        ticked=False,
        status=410,
    )


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _json(values: dict[str, str], status: int = 200) -> Response:
    return JSONResponse(values, status, headers=SHARED)

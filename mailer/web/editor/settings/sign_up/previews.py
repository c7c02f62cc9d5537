"""What people see of a form: the page, the answer, the two mails; also of what is not kept yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mailer.audience import forms
from mailer.audience.forms import FormSettings
from mailer.database.engine import reading
from mailer.database.tables import Newsletter
from mailer.errors import REFUSALS
from mailer.rendering.notice import Letterhead
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import field, staff_route
from mailer.web.editor.settings.sign_up import values
from mailer.web.editor.settings.sign_up.page import (
    HERE,
    newsletter_and_fields,
    opt_in_of,
    problem_of,
)
from mailer.web.languages import spoken
from mailer.web.public import dressing
from mailer.web.public.dressing import speech_of
from mailer.web.public.form_replies import Desk, next_step
from mailer.web.public.forms import Given, words_of
from mailer.web.site import site_of
from mailer.web.wording import phrases_of, saying

# Only our page may frame it; nothing in it can be sent or run.
_PAGE = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; sandbox"
)
_MAIL = _PAGE.replace("style-src 'self'", "style-src 'unsafe-inline'").replace(
    "img-src 'self'", "img-src 'self' https: http:"
)
_NOWHERE = "#"


def frame(request: Request) -> Response:
    """What is kept."""
    newsletter, _known = newsletter_and_fields(request)
    return _shown(request, newsletter, forms.settings_of(newsletter), _view(request))


def try_out(request: Request) -> Response:
    """What is being typed; nothing of it is kept."""
    newsletter, known = newsletter_and_fields(request)
    shown, wanted = values.given(request, known)
    newsletter.opt_in = opt_in_of(request, newsletter)
    try:
        with reading(site_of(request).mailer.engine) as session:
            settings = forms.changed(session, newsletter, **values.with_welcome(shown, wanted))
    except REFUSALS as error:
        complaint = Markup("<!doctype html><title>…</title><p>{}</p>").format(
            spoken(problem_of(error))
        )
        return _framed(HTMLResponse(complaint, 400), _PAGE)
    return _shown(request, newsletter, settings, field(request, "view", 10))


def _view(request: Request) -> str:
    return request.query_params.get("view", "")[:10]


def _shown(request: Request, newsletter: Newsletter, settings: FormSettings, view: str) -> Response:
    return _VIEWS.get(view, _form)(request, _desk(request, newsletter, settings))


def _desk(request: Request, newsletter: Newsletter, settings: FormSettings) -> Desk:
    speech = speech_of(request, newsletter)
    say = saying(phrases_of(request, speech))
    with reading(site_of(request).mailer.engine) as session:
        asked = forms.questions(session, settings)
    words = words_of(newsletter, settings, say)
    return Desk(newsletter, settings, asked, words, speech.language, say)


def _form(request: Request, desk: Desk) -> Response:
    if not desk.settings.open:
        told = desk.say("form.closed", newsletter=desk.newsletter.name)
        return _told(request, desk, desk.say("form.closed_title"), told, ticked=False)
    page = dressing.answer(
        request,
        "sign_up.html",
        newsletter=desk.newsletter,
        wanted=(desk.language,),
        preview=True,
        action=_NOWHERE,
        form=desk.settings,
        asked=desk.asked,
        words=desk.words,
        wording="",
        given=Given(),
        problem="",
        problem_at="",
        suggestion="",
    )
    return _framed(page, _with_logo(page))


def _sent(request: Request, desk: Desk) -> Response:
    title, told, hint = next_step(desk)
    return _told(request, desk, title, told, hint=hint)


def _told(
    request: Request, desk: Desk, title: str, told: str, *, hint: str = "", ticked: bool = True
) -> Response:
    page = dressing.tell(
        request,
        title,
        told,
        hint=hint,
        newsletter=desk.newsletter,
        wanted=(desk.language,),
        ticked=ticked,
    )
    return _framed(page, _with_logo(page))


def _confirm(request: Request, desk: Desk) -> Response:
    return _mail(request, desk, "confirm")


def _welcome(request: Request, desk: Desk) -> Response:
    return _mail(request, desk, "welcome")


def _mail(request: Request, desk: Desk, kind: str) -> Response:
    mailer, newsletter = site_of(request).mailer, desk.newsletter
    press, settings = mailer.office.notifier.press, desk.settings
    until = mailer.clock() + timedelta(days=mailer.settings.confirm_within.days)
    letterhead = Letterhead(
        newsletter.name,
        newsletter.language,
        newsletter.look,
        newsletter.theme,
        newsletter.postal_address,
    )
    rendered = press.render(
        kind,
        letterhead,
        {
            "address": "ann@example.org",
            "link": _NOWHERE,
            "until": press.day(newsletter.language, until),
            "own_subject": settings.welcome_subject,
            "own_words": Markup(settings.welcome_body),  # noqa: S704  # cleaned
        },
    )
    return _framed(HTMLResponse(rendered.html), _MAIL)


def _with_logo(page: Response) -> str:
    """The policy of the frame, with the logo's site as the page itself lets it in."""
    own = page.headers["content-security-policy"]
    images = next(part for part in own.split("; ") if part.startswith("img-src"))
    return _PAGE.replace("img-src 'self' data:", images)


def _framed(page: Response, policy: str) -> Response:
    page.headers["content-security-policy"] = policy
    page.headers["cache-control"] = "no-store"
    return page


_VIEWS: dict[str, Callable[[Request, Desk], Response]] = {
    "sent": _sent,
    "confirm": _confirm,
    "welcome": _welcome,
}
ROUTES = [
    staff_route(f"{HERE}/{{slug}}/frame", frame, may=Permission.FORMS),
    staff_route(f"{HERE}/{{slug}}/try", try_out, method="POST", may=Permission.FORMS),
]

"""The forms of all newsletters, and the page on which one is changed."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import fields, forms, newsletters
from mailer.audience.forms import FormSettings
from mailer.database.engine import reading, transaction
from mailer.database.tables import CustomField, Newsletter, OptIn
from mailer.errors import REFUSALS, MailerError
from mailer.joining import counting
from mailer.sentences import Sentence
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import field, staff_of, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.settings.sign_up import values
from mailer.web.editor.settings.sign_up.values import Shown
from mailer.web.editor.shell import answer, go
from mailer.web.headers import PAGE_POLICY
from mailer.web.languages import gettext as _
from mailer.web.public.dressing import speech_of
from mailer.web.public.forms import words_of
from mailer.web.site import site_of
from mailer.web.wording import phrases_of, saying

HERE = "/settings/forms"
DAYS = 30
_NAMES = {
    "asked_page": Sentence("Your page after the form"),
    "confirmed_page": Sentence("Your page after the confirmation"),
    "sites": Sentence("Websites that may show the form"),
    "button": Sentence("On the button"),
}
_FRAMING = f"{PAGE_POLICY}; frame-src 'self'"


def listing(request: Request) -> Response:
    """Every newsletter's form, with what became of it lately."""
    mailer = site_of(request).mailer
    since = mailer.clock() - timedelta(days=DAYS - 1)
    with reading(mailer.engine) as session:
        every = [one.newsletter for one in newsletters.counted(session)]
        counted = counting.counted(session, since)
    return answer(
        request,
        "editor/settings/forms.html",
        here="/settings",
        room="forms",
        days=DAYS,
        every=[(one, forms.settings_of(one), counted.get(one.id, {})) for one in every],
    )


def page(request: Request) -> Response:
    """One form as it is, and beside it what people see."""
    newsletter, known = newsletter_and_fields(request)
    shown = values.stored(forms.settings_of(newsletter))
    return _page(request, newsletter, known, shown, newsletter.opt_in)


def save(request: Request) -> Response:
    """Keep all of it, or nothing."""
    newsletter, known = newsletter_and_fields(request)
    shown, wanted = values.given(request, known)
    opt_in = opt_in_of(request, newsletter)
    try:
        with transaction(site_of(request).mailer.engine) as session:
            kept = newsletters.get(session, newsletter.slug)
            forms.change(session, kept, **values.with_welcome(shown, wanted))
            kept.opt_in = opt_in
    except REFUSALS as error:
        return _page(request, newsletter, known, shown, opt_in, problem=problem_of(error))
    path = f"{HERE}/{newsletter.slug}"
    return go(request, path, Notice(_("Saved. The form says so from now on.")))


def newsletter_and_fields(request: Request) -> tuple[Newsletter, list[CustomField]]:
    """Whose form the path names, and what it could ask for; ``NotFound``."""
    with reading(site_of(request).mailer.engine) as session:
        newsletter = newsletters.get(session, request.path_params["slug"])
        return newsletter, fields.every(session)


def opt_in_of(request: Request, newsletter: Newsletter) -> OptIn:
    """What was chosen, by those who may."""
    chosen = field(request, "opt_in", 10)
    may = staff_of(request).may(Permission.SETTINGS)
    return OptIn(chosen) if may and chosen in list(OptIn) else newsletter.opt_in


def problem_of(error: MailerError) -> Sentence:
    """What is wrong, after the words beside the field; those of the program say nothing there."""
    values = error.sentence.values
    field = _NAMES.get(str(values.get("place", "")).partition(".")[0])
    if field is None:
        return error.sentence
    return Sentence("{field}: {problem}.", field=field, problem=values["problem"])


def _page(
    request: Request,
    newsletter: Newsletter,
    known: list[CustomField],
    shown: Shown,
    opt_in: OptIn,
    *,
    problem: Sentence | None = None,
) -> Response:
    return answer(
        request,
        "editor/settings/form.html",
        status=400 if problem else 200,
        here="/settings",
        room="forms",
        tab="",
        newsletter=newsletter,
        shown=shown,
        opt_in=opt_in,
        known=_in_order(known, shown["fields"]),
        usual=_usual(request, newsletter),
        problem=problem,
        headers={"content-security-policy": _FRAMING},
    )


def _usual(request: Request, newsletter: Newsletter) -> dict[str, str]:
    """What is said where nothing else was chosen, in the newsletter's language."""
    phrases = phrases_of(request, speech_of(request, newsletter))
    words = words_of(newsletter, FormSettings(), saying(phrases))
    names = {"newsletter": newsletter.name, "address": "ann@example.org"}
    return {
        "heading": words.heading,
        "consent": words.consent,
        "button": words.button,
        "welcome_subject": phrases.say("notices.welcome.subject", **names),
        "welcome_words": phrases.say("notices.welcome.text", **names),
    }


def _in_order(known: list[CustomField], asked: dict[str, str]) -> list[CustomField]:
    """Those that are asked for first, as they stand in the form."""
    order = list(asked)
    return sorted(
        known,
        key=lambda one: (order.index(one.name) if one.name in order else len(order), one.label),
    )


ROUTES = [
    staff_route(HERE, listing, may=Permission.FORMS),
    staff_route(f"{HERE}/{{slug}}", page, may=Permission.FORMS),
    staff_route(f"{HERE}/{{slug}}", save, method="POST", may=Permission.FORMS),
]

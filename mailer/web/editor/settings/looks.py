"""``/settings/newsletters/<slug>/look``: colours, logo, fonts, footer, with the real mail beside it."""

from __future__ import annotations

from typing import Any, get_args

from markupsafe import Markup
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mailer.audience import newsletters
from mailer.composing import picturing
from mailer.composing.publishing import Published
from mailer.database.engine import reading, transaction
from mailer.database.tables import Issue, IssueState, Newsletter
from mailer.errors import REFUSALS, InvalidInput, MailerError, complaint
from mailer.rendering.issue import Scheme
from mailer.rendering.look import Font, Look
from mailer.sample import sample_content
from mailer.staffing.permissions import Permission
from mailer.tracking.copies import public_copy
from mailer.web.editor.access import field, file_of, form_of, staff_of, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.shell import answer, go
from mailer.web.headers import PAGE_POLICY
from mailer.web.languages import gettext as _
from mailer.web.site import Site, site_of

_COLOURS = (
    "accent",
    "accent_dark",
    "urgent",
    "background",
    "surface",
    "background_dark",
    "surface_dark",
)
_WORDS = {"logo": 2000, "logo_alt": 500, "logo_width": 4, "tagline": 500, "reason": 500}
_MOST_LINKS = 12
_SHOWN_LINKS = 4
# The mail's own inline styles and pictures from anywhere; no scripts; only our page may frame it.
_FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: http: data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"
)
_PAGE_POLICY = f"{PAGE_POLICY}; frame-src 'self'"


def page(request: Request) -> Response:
    """The form, and the mail beside it."""
    with reading(site_of(request).mailer.engine) as session:
        newsletter = newsletters.get(session, request.path_params["slug"])
    return _form(request, newsletter, newsletter.look)


def save(request: Request) -> Response:
    """Keep it, or only look at it: the button says which."""
    given, slug = _given(request), request.path_params["slug"]
    try:
        given["logo"] = _uploaded_logo(request) or given["logo"]
        look = read_look(given)
    except REFUSALS as error:
        with reading(site_of(request).mailer.engine) as session:
            return _form(request, newsletters.get(session, slug), given, problem=error.sentence)
    with transaction(site_of(request).mailer.engine) as session:
        newsletter = newsletters.get(session, slug)
        newsletter.look, newsletter.theme = look, _theme(request, newsletter)
    words = _("Saved. The next issue goes out like this.")
    return go(request, f"/settings/newsletters/{slug}/look", Notice(words))


def frame(request: Request) -> Response:
    """The sample issue in the newsletter's stored look, by the renderer that sends."""
    with reading(site_of(request).mailer.engine) as session:
        newsletter = newsletters.get(session, request.path_params["slug"])
    return _rendered(request, newsletter, newsletter.look, request.query_params.get("scheme", ""))


def try_out(request: Request) -> Response:
    """The sample issue in a look that is not stored: what the frame shows while one chooses."""
    with reading(site_of(request).mailer.engine) as session:
        newsletter = newsletters.get(session, request.path_params["slug"])
    newsletter.theme = _theme(request, newsletter)
    try:
        look = read_look(_given(request))
    except InvalidInput as error:
        return _complaint(error)
    return _rendered(request, newsletter, look, field(request, "scheme", 10))


def read_look(given: dict[str, Any]) -> dict[str, Any]:
    """What was chosen, without what is as it would be anyway; ``InvalidInput``."""
    filled = {name: value for name, value in given.items() if value not in ("", [], None)}
    try:
        look = Look.model_validate(filled)
    except ValidationError as error:
        first = error.errors()[0]
        place = " ".join(str(part) for part in first["loc"]).replace("_", " ")
        raise InvalidInput(
            "{place}: {problem}.", place=place.capitalize(), problem=complaint(first)
        ) from error
    return look.model_dump(mode="json", exclude_defaults=True)


def _given(request: Request) -> dict[str, Any]:
    values: dict[str, Any] = {
        # The colour picker of browsers has no "none": a box beside it says so.
        name: field(request, name, 20) if field(request, f"{name}_own", 5) else ""
        for name in _COLOURS
    }
    values |= {name: field(request, name, most) for name, most in _WORDS.items()}
    values |= {name: field(request, name, 10) for name in ("font", "heading_font")}
    labels, urls = (form_of(request).getlist(f"link_{part}") for part in ("label", "url"))
    values["footer_links"] = [
        {"label": str(label).strip(), "url": str(url).strip()}
        for label, url in list(zip(labels, urls, strict=False))[:_MOST_LINKS]
        if str(label).strip() or str(url).strip()
    ]
    return values


def _uploaded_logo(request: Request) -> str:
    """The address of a picture that was chosen as logo; ``InvalidInput``: it is none."""
    file, mailer = file_of(request, "logo_file"), site_of(request).mailer
    if file is None:
        return ""
    prepared = picturing.prepare(file.file.read())
    user = staff_of(request).user
    with transaction(mailer.engine) as session:
        picture = picturing.keep(
            session, prepared, by=user.name or user.address, now=mailer.clock()
        )
        return mailer.settings.base_url + picturing.path_of(picture)


def _theme(request: Request, newsletter: Newsletter) -> str:
    chosen = field(request, "theme", 60)
    return chosen if chosen in site_of(request).mailer.themes.names() else newsletter.theme


def _form(
    request: Request, newsletter: Newsletter, look: dict[str, Any], *, problem: str = ""
) -> Response:
    defaults = Look().model_dump(mode="json")
    links = list(look.get("footer_links", ()))
    empty = max(1, _SHOWN_LINKS - len(links))
    return answer(
        request,
        "editor/settings/look.html",
        status=400 if problem else 200,
        here="/settings",
        room="newsletters",
        newsletter=newsletter,
        look=look,
        defaults=defaults,
        colours=_COLOURS,
        fonts=get_args(Font),
        links=[*links, *([{"label": "", "url": ""}] * empty)],
        themes=site_of(request).mailer.themes.names(),
        problem=problem,
        headers={"content-security-policy": _PAGE_POLICY},
    )


def _rendered(
    request: Request, newsletter: Newsletter, look: dict[str, Any], scheme: str
) -> Response:
    shown: Scheme = "dark" if scheme == "dark" else "light"
    try:
        newsletter.look = look
        return _frame(
            _readable(site_of(request), sample_issue(site_of(request), newsletter, shown))
        )
    except REFUSALS as error:
        return _complaint(error)


def sample_issue(site: Site, newsletter: Newsletter, scheme: Scheme) -> Published:
    """The sample in the dress of *newsletter*; ``ConfigurationError`` where its theme is broken."""
    now = site.mailer.clock()
    content = sample_content(site.mailer.settings.base_url, now.date())
    content = content.model_copy(update={"language": newsletter.language})
    issue = Issue(id=0, subject=content.subject, title="", state=IssueState.DRAFT, version=1)
    return site.mailer.publisher.dress(content, issue, newsletter, now=now, scheme=scheme)


def _readable(site: Site, published: Published) -> str:
    urls = {link.number: link.url for link in published.links}
    return public_copy(published.rendered.html, site.mailer.settings.base_url, urls)


def _complaint(error: MailerError) -> Response:
    return _frame(Markup("<!doctype html><title>…</title><p>{}</p>").format(error), 400)


def _frame(html: str, status: int = 200) -> Response:
    return HTMLResponse(
        html, status, {"content-security-policy": _FRAME_POLICY, "cache-control": "no-store"}
    )


_HERE = "/settings/newsletters/{slug}/look"
ROUTES = [
    staff_route(_HERE, page, may=Permission.SETTINGS),
    staff_route(
        _HERE, save, method="POST", may=Permission.SETTINGS, most_body=picturing.MOST_BYTES + 65536
    ),
    staff_route(f"{_HERE}/frame", frame, may=Permission.SETTINGS),
    staff_route(f"{_HERE}/try", try_out, method="POST", may=Permission.SETTINGS),
]

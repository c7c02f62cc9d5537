"""``/settings/newsletters``: whom they come from, in which language, when, and how one signs up."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import newsletters
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter, OptIn
from mailer.errors import REFUSALS, InvalidInput
from mailer.staffing.permissions import Permission
from mailer.utm import slugify
from mailer.web import languages
from mailer.web.editor.access import field, staff_of, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.shell import answer, go
from mailer.web.languages import gettext as _
from mailer.web.public.choices import LANGUAGES, time_zones
from mailer.web.site import site_of

_FIELDS = {
    "name": 400,
    "from_name": 400,
    "from_address": 400,
    "reply_to": 400,
    "return_path": 400,
    "language": 40,
    "time_zone": 64,
    "postal_address": 2000,
    "sending_hours": 20,
}


def listing(request: Request) -> Response:
    """All newsletters."""
    with reading(site_of(request).mailer.engine) as session:
        counted = newsletters.counted(session)
    return answer(
        request,
        "editor/settings/newsletters.html",
        here="/settings",
        room="newsletters",
        counted=counted,
    )


def new(request: Request) -> Response:
    """An empty form; the first newsletter is the first step of all."""
    with reading(site_of(request).mailer.engine) as session:
        first = not newsletters.counted(session)
    user = staff_of(request).user
    values = dict.fromkeys(_FIELDS, "") | {
        "slug": "",
        "needs_approval": "",
        "opt_in": OptIn.DOUBLE.value,
        "language": languages.current().language,
        "time_zone": user.time_zone,
    }
    return _form(request, values, first=first)


def add(request: Request) -> Response:
    """Make it."""
    site, values = site_of(request), _given(request)
    try:
        with transaction(site.mailer.engine) as session:
            first = not newsletters.counted(session)
            details = {name: values[name] for name in _FIELDS}
            newsletter = newsletters.add(
                session,
                values["slug"] or slugify(values["name"], "newsletter")[:60].strip("-"),
                details.pop("name"),
                details.pop("from_address"),
                now=site.mailer.clock(),
                **details,
            )
            newsletter.opt_in = OptIn(values["opt_in"])
            newsletter.needs_approval = bool(values["needs_approval"])
    except REFUSALS as error:
        return _form(request, values, problem=error.sentence)
    words = _("%(name)s is ready. Write its first issue.") % {"name": newsletter.name}
    after = "/" if first else "/settings/newsletters"
    return go(request, after, Notice(words))


def edit(request: Request) -> Response:
    """The form of one newsletter."""
    with reading(site_of(request).mailer.engine) as session:
        newsletter = newsletters.get(session, request.path_params["slug"])
    values = {name: getattr(newsletter, name) or "" for name in _FIELDS}
    values |= {
        "slug": newsletter.slug,
        "opt_in": newsletter.opt_in.value,
        "needs_approval": newsletter.needs_approval,
    }
    return _form(request, values, newsletter=newsletter)


def save(request: Request) -> Response:
    """Change it."""
    site, values = site_of(request), _given(request)
    slug = request.path_params["slug"]
    try:
        with transaction(site.mailer.engine) as session:
            newsletter = newsletters.get(session, slug)
            newsletters.change(newsletter, **{name: values[name] for name in _FIELDS})
            newsletter.opt_in = OptIn(values["opt_in"])
            newsletter.needs_approval = bool(values["needs_approval"])
    except InvalidInput as error:
        with reading(site.mailer.engine) as session:
            stored = newsletters.get(session, slug)
        return _form(request, values, newsletter=stored, problem=error.sentence)
    return go(request, "/settings/newsletters", Notice(_("Saved.")))


def _given(request: Request) -> dict[str, str]:
    values = {name: field(request, name, most) for name, most in _FIELDS.items()}
    values["postal_address"] = values["postal_address"].replace("\r\n", "\n")
    values["slug"] = field(request, "slug", 100)
    values["needs_approval"] = field(request, "needs_approval", 3)
    opt_in = field(request, "opt_in", 20)
    values["opt_in"] = opt_in if opt_in in list(OptIn) else OptIn.DOUBLE.value
    return values


def _form(
    request: Request,
    values: dict[str, Any],
    *,
    newsletter: Newsletter | None = None,
    first: bool = False,
    problem: str = "",
) -> Response:
    return answer(
        request,
        "editor/settings/newsletter.html",
        status=400 if problem else 200,
        here="/settings",
        room="newsletters",
        values=values,
        newsletter=newsletter,
        first=first,
        problem=problem,
        languages=LANGUAGES,
        zones=time_zones(),
    )


ROUTES = [
    staff_route("/settings/newsletters", listing, may=Permission.SETTINGS),
    staff_route("/settings/newsletters/new", new, may=Permission.SETTINGS),
    staff_route("/settings/newsletters/new", add, method="POST", may=Permission.SETTINGS),
    staff_route("/settings/newsletters/{slug}", edit, may=Permission.SETTINGS),
    staff_route("/settings/newsletters/{slug}", save, method="POST", may=Permission.SETTINGS),
]

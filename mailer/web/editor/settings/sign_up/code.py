"""``/settings/forms/<slug>/code``: the form for one's own website, and the address of its page."""

from __future__ import annotations

from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import newsletters
from mailer.database.engine import transaction
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import staff_route
from mailer.web.editor.settings.sign_up.page import HERE
from mailer.web.editor.shell import answer
from mailer.web.public.choices import LANGUAGES
from mailer.web.public.forms import MOST_SOURCE
from mailer.web.site import site_of
from mailer.web.snippet import snippet

_FRAME = Markup(
    '<iframe src="{}" title="{}" width="100%" height="560" style="border: 0" loading="lazy"></iframe>'
)


def page(request: Request) -> Response:
    """The code in one language; what it says is kept, for the consents given on it."""
    mailer = site_of(request).mailer
    spoken = {code: name for code, name in LANGUAGES.items() if mailer.themes.spoken(code) == code}
    with transaction(mailer.engine) as session:
        newsletter = newsletters.get(session, request.path_params["slug"])
        own = mailer.themes.spoken(newsletter.language) or "en"
        asked = request.query_params.get("language", "")
        language = asked if asked in spoken else own
        source = request.query_params.get("source", "").strip()[:MOST_SOURCE]
        html = snippet(session, mailer, newsletter, language, source)
    form, _, script = html.strip().rpartition("\n")
    hosted = f"{mailer.settings.base_url}/s/{newsletter.slug}"
    query = {"lang": language} | ({"source": source} if source else {})
    return answer(
        request,
        "editor/settings/form_code.html",
        here="/settings",
        room="forms",
        tab="code",
        newsletter=newsletter,
        spoken=spoken,
        language=language,
        source=source,
        html=f"{form}\n{script}",
        plain=form,
        frame=_frame(newsletter.name, f"{hosted}?{urlencode(query)}"),
        page=hosted,
        link=f"{mailer.settings.base_url}/preferences",
        origin=mailer.settings.base_url,
    )


def _frame(name: str, url: str) -> str:
    return str(_FRAME.format(url, name))


ROUTES = [staff_route(f"{HERE}/{{slug}}/code", page, may=Permission.FORMS)]

"""``/settings/forms/<slug>/numbers``: what became of the forms that came in."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import newsletters
from mailer.database.engine import reading
from mailer.database.tables import Outcome
from mailer.joining import counting
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import staff_route
from mailer.web.editor.settings.sign_up.page import DAYS, HERE
from mailer.web.editor.shell import answer
from mailer.web.site import site_of

_PERIODS = (7, DAYS, 365)


def page(request: Request) -> Response:
    """Asked, confirmed, and each reason for refusing."""
    mailer = site_of(request).mailer
    days = next((n for n in _PERIODS if str(n) == request.query_params.get("days")), DAYS)
    with reading(mailer.engine) as session:
        newsletter = newsletters.get(session, request.path_params["slug"])
        since = mailer.clock() - timedelta(days=days - 1)
        found = counting.counted(session, since, newsletter.id).get(newsletter.id, {})
    refused = [(one, found[one]) for one in Outcome if one in found and one not in counting.TAKEN]
    return answer(
        request,
        "editor/settings/form_numbers.html",
        here="/settings",
        room="forms",
        tab="numbers",
        newsletter=newsletter,
        days=days,
        periods=_PERIODS,
        found={one.value: found.get(one, 0) for one in counting.TAKEN},
        refused=sorted(refused, key=lambda one: -one[1]),
        never_confirmed=newsletter.never_confirmed,
    )


ROUTES = [staff_route(f"{HERE}/{{slug}}/numbers", page, may=Permission.FORMS)]

"""``/metrics``: how sending goes, as Prometheus reads it (text format 0.0.4)."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mailer.database.engine import reading
from mailer.delivering.auditing import Gauge, gauges
from mailer.settings import Settings
from mailer.staffing.permissions import Permission
from mailer.tracking.records import newest_click
from mailer.web.editor.access import Guard
from mailer.web.site import site_of

_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# What is said of each issue on its way.
_ISSUE = {
    "planned": "Recipients frozen when the issue was started.",
    "accepted": "Recipients whose message a relay took.",
    "refused": "Recipients whose message no relay takes.",
    "skipped": "Recipients who were not mailed, for a reason that is in the record.",
    "waiting": "Recipients nothing is decided for yet.",
    "uncertain": "Recipients who may have got the message twice.",
    "unbalanced": "Planned minus all the others; not 0: a defect, see `mailer issue audit`.",
}


class _TokenOrStaff(Guard):
    """Lets whoever knows the token in; all others have to be signed in."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        headers = Headers(scope=scope)
        if "authorization" not in headers:
            await super().__call__(scope, receive, send)
        elif _is_token(headers["authorization"], site_of(Request(scope)).mailer.settings):
            await self.app(scope, receive, send)
        else:
            await _UNKNOWN(scope, receive, send)


_UNKNOWN = Response(
    "Send MAILER_METRICS_TOKEN as a bearer token.\n",
    401,
    {"www-authenticate": "Bearer", "cache-control": "no-store"},
    "text/plain",
)


def _is_token(authorization: str, settings: Settings) -> bool:
    scheme, _, given = authorization.partition(" ")
    token = settings.metrics_token
    if token is None or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), token.get_secret_value().encode())


def metrics(request: Request) -> Response:
    """Counted anew from the record, which takes a tenth of a second for a million recipients."""
    mailer = site_of(request).mailer
    with reading(mailer.engine) as session:
        lines = list(_lines(session, mailer.clock()))
    return Response(
        "\n".join(lines) + "\n", media_type=_TYPE, headers={"cache-control": "no-store"}
    )


def _lines(session: Session, now: datetime) -> Iterator[str]:
    issues = gauges(session, now=now)
    for name, words in _ISSUE.items():
        yield from _head(f"mailer_issue_{name}", words)
        for issue in issues:
            yield f"mailer_issue_{name}{_labels(issue)} {getattr(issue, name)}"
    yield from _head(
        "mailer_queue_age_seconds", "How long the batch due first has waited for a worker."
    )
    due = [issue.due_since for issue in issues if issue.state == "sending" and issue.due_since]
    yield f"mailer_queue_age_seconds {max(0.0, (now - min(due)).total_seconds()) if due else 0:g}"
    yield from _head("mailer_clicks_total", "The number of the newest click.", "counter")
    yield f"mailer_clicks_total {newest_click(session)}"


def _head(name: str, words: str, kind: str = "gauge") -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"


def _labels(issue: Gauge) -> str:
    # Slugs and states have no characters that would have to be escaped.
    return f'{{issue="{issue.issue_id}",newsletter="{issue.newsletter}",state="{issue.state}"}}'


ROUTES = [
    Route("/metrics", metrics, middleware=[Middleware(_TokenOrStaff, may=Permission.VIEW)]),
]

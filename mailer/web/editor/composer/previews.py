"""``/issues/<id>/preview``: the finished mail of what is being written, and the frame it stands in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from markupsafe import escape
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mailer.audience.finding import Found, find_readers, get_reader
from mailer.composing import checking, issues
from mailer.composing.checking import Finding
from mailer.composing.drafting import read_draft
from mailer.database.engine import reading
from mailer.errors import InvalidInput
from mailer.placeholders import TOKEN, find, split
from mailer.rendering.issue import Scheme
from mailer.rendering.message import personal_values
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import staff_route
from mailer.web.editor.composer.answers import answering, issue_id_of, object_of, text_of
from mailer.web.editor.composer.documents import placed
from mailer.web.site import site_of

_MOST_BYTES = 2 * 1024 * 1024
_SCHEMES: dict[Any, Scheme] = {"auto": "auto", "light": "light", "dark": "dark"}
# The frame's own policy: a frame made from text would inherit the page's, which has no styles.
FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: http: data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-same-origin"
)


def preview(request: Request, value: Any) -> Mapping[str, Any]:
    """Both parts of the mail as they would be sent, as one reader sees them, and what to mend."""
    start = time.perf_counter()
    asked = object_of(value)
    document = object_of(asked.get("doc"))
    scheme = _SCHEMES.get(asked.get("scheme"))
    if scheme is None:
        raise InvalidInput("A preview is light, dark or auto.")
    mailer = site_of(request).mailer
    draft = read_draft(document)
    with reading(mailer.engine) as session:
        issue = issues.get(session, issue_id_of(request))
        newsletter = issue.newsletter
        reader = _reader(session, newsletter.id, asked.get("reader"))
    published = mailer.publisher.dress(
        draft.content, issue, newsletter, now=mailer.clock(), scheme=scheme
    )
    rendered = published.rendered
    everything = rendered.subject + rendered.html
    values = _values(reader, everything)
    unready = [Finding(one.words, one.place, blocking=True) for one in draft.problems]
    findings = checking.joined(unready, checking.check_content(issue, published))
    return {
        "html": seen(rendered.html, values, html=True),
        "text": seen(rendered.text, values),
        "subject": seen(text_of(document, "subject"), values),
        "preheader": seen(rendered.preheader, values),
        "bytes": rendered.size,
        "problems": placed(findings, document),
        "ms": round(1000 * (time.perf_counter() - start), 1),
    }


def seen(text: str, values: Mapping[str, str], *, html: bool = False) -> str:
    """*text* as one reader sees it; what nobody has and that has no default stays as it is."""
    return "".join(
        part if isinstance(part, str) else _shown(part.field, part.default, values, html=html)
        for part in split(text)
    )


def _shown(field: str, default: str | None, values: Mapping[str, str], *, html: bool) -> str:
    if field == TOKEN:
        return "preview"
    value = values.get(field)
    if value:
        return str(escape(value)) if html else value
    return default if default is not None else f"[[{field}]]"


def _values(reader: Found | None, text: str) -> Mapping[str, str]:
    if reader is None:
        return {}
    needed = frozenset(mark.field for mark in find(text)) - {TOKEN}
    return personal_values(reader.address, reader.name, reader.fields, needed)


def _reader(session: Session, newsletter_id: int, number: Any) -> Found | None:
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    return get_reader(session, newsletter_id, number)


def readers(request: Request, _value: Any) -> Mapping[str, Any]:
    """Some subscribers whose address or name begins with ``q``."""
    words = request.query_params.get("q", "").strip()[:100]
    with reading(site_of(request).mailer.engine) as session:
        issue = issues.get(session, issue_id_of(request))
        found = find_readers(session, issue.newsletter_id, words)
    return {
        "readers": [
            {"id": one.id, "name": one.name or one.address, "address": one.address} for one in found
        ]
    }


async def frame(_request: Request) -> Response:
    """An empty document; the composer puts the mail into it."""
    return HTMLResponse(
        "<!doctype html><html><head><title></title></head><body></body></html>",
        headers={
            "content-security-policy": FRAME_POLICY,
            "cache-control": "no-store",
            "cross-origin-opener-policy": "unsafe-none",
        },
    )


ROUTES = [
    staff_route(
        "/issues/{id:int}/preview",
        answering(preview),
        method="POST",
        may=Permission.COMPOSE,
        most_body=_MOST_BYTES,
    ),
    staff_route("/issues/{id:int}/readers", answering(readers), may=Permission.SUBSCRIBERS),
    staff_route("/preview-frame", frame),
]

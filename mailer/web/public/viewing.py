"""An issue in the browser: ``/v/<token>`` for its reader, ``/i/<id>-<slug>`` for anybody."""

from __future__ import annotations

import re

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mailer.audience.readers import find_visit
from mailer.database.engine import reading
from mailer.rendering.message import personal_values
from mailer.tokens import Reader
from mailer.tracking.copies import fields_of, fill, public_copy
from mailer.tracking.renditions import SentIssue, find_sent, issue_exists
from mailer.web.headers import ISSUE_POLICY
from mailer.web.problems import NOT_READY, REMOVED, Problem, show
from mailer.web.public.visits import reader_of
from mailer.web.site import Site, site_of

_PUBLIC = re.compile(r"(\d{1,9})(?:-.*)?")


def own(request: Request) -> Response:
    """The issue as it was sent to this reader; erased readers see the public copy."""
    site = site_of(request)
    reader = reader_of(site, request)
    with reading(site.mailer.engine) as session:
        sent = find_sent(session, reader.issue_id)
        if sent is None:
            return show(request, _missing(session, reader.issue_id))
        html = _own_copy(site, session, sent, reader, request.path_params["token"])
    return _issue(html, {"x-robots-tag": "noindex, nofollow", "cache-control": "no-store"})


def public(request: Request) -> Response:
    """The issue for anybody; nothing of a reader is in it."""
    site = site_of(request)
    named = _PUBLIC.fullmatch(request.path_params["name"])
    issue_id = int(named[1]) if named else 0
    with reading(site.mailer.engine) as session:
        sent = find_sent(session, issue_id)
        if sent is None:
            return show(request, _missing(session, issue_id))
    html = public_copy(sent.html, site.mailer.settings.base_url.rstrip("/"), sent.urls)
    return _issue(html, {"cache-control": "public, max-age=60"})


def _own_copy(site: Site, session: Session, sent: SentIssue, reader: Reader, token: str) -> str:
    visit = find_visit(session, reader)
    if visit is None:
        return public_copy(sent.html, site.mailer.settings.base_url.rstrip("/"), sent.urls)
    needed = fields_of(sent.html)
    return fill(sent.html, token, personal_values(visit.address, visit.name, visit.fields, needed))


def _missing(session: Session, issue_id: int) -> Problem:
    return NOT_READY if issue_exists(session, issue_id) else REMOVED


def _issue(html: str, headers: dict[str, str]) -> Response:
    return HTMLResponse(html, headers={"content-security-policy": ISSUE_POLICY, **headers})


ROUTES = [
    Route("/v/{token}", own),
    Route("/i/{name}", public),
]

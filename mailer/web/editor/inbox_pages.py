"""``/inbox``: the mails that the built-in inbox took, as a mail program shows them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

from markupsafe import Markup, escape
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mailer.database.engine import reading, transaction
from mailer.database.tables import InboxMail
from mailer.inbox import mails
from mailer.inbox.reading import Opened, open_mail, snippet
from mailer.web.editor.access import machine_route
from mailer.web.editor.framing import FRAMING_POLICY, framed
from mailer.web.editor.shell import answer, go
from mailer.web.site import Site, site_of

_PER_PAGE = 50
_MOST_NUMBER = 2**62
VIEWS = ("html", "text", "headers", "source")
_ADDRESS = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]'}]")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    id: int
    sender: str
    recipient: str
    subject: str
    snippet: str
    received_at: datetime


def listing(request: Request) -> Response:
    """The newest mails; it keeps itself up to date."""
    site = site_of(request)
    words = request.query_params.get("q", "").strip()[:200]
    before = _number(request.query_params.get("before", ""))
    with reading(site.mailer.engine) as session:
        found = mails.find(session, words, before=before, most=_PER_PAGE + 1)
        total = mails.count(session, words)
    rows = [_row(mail) for mail in found[:_PER_PAGE]]
    return answer(
        request,
        "editor/inbox.html",
        here="/inbox",
        rows=rows,
        total=total,
        words=words,
        before=before,
        older=rows[-1].id if len(found) > _PER_PAGE else None,
        port=site.mailer.settings.inbox_port,
    )


def clear(request: Request) -> Response:
    """Forget all mails."""
    with transaction(site_of(request).mailer.engine) as session:
        mails.clear(session)
    return go(request, "/inbox")


def mail(request: Request) -> Response:
    """One mail: as HTML, as text, its headers, its source."""
    site = site_of(request)
    found, neighbours = _found(site, request)
    opened = open_mail(found.source)
    return answer(
        request,
        "editor/mail.html",
        here="/inbox",
        mail=found,
        opened=opened,
        view=_view(request, opened),
        views=VIEWS,
        phone=request.query_params.get("width") == "phone",
        newer=neighbours[0],
        older=neighbours[1],
        text=linked(opened.text or ""),
        source=found.source.decode("utf-8", "replace"),
        headers={"content-security-policy": _policy(opened)},
    )


def mail_html(request: Request) -> Response:
    """The HTML part alone, for the frame."""
    found, _ = _found(site_of(request), request)
    html = open_mail(found.source).html
    if html is None:
        raise HTTPException(404)
    return framed(html)


def mail_source(request: Request) -> Response:
    """The mail's bytes, to keep as a file."""
    found, _ = _found(site_of(request), request)
    return Response(
        found.source,
        media_type="message/rfc822",
        headers={"content-disposition": f'attachment; filename="mail-{found.id}.eml"'},
    )


def linked(text: str) -> Markup:
    """*text* with its web addresses as links."""
    parts: list[Markup] = []
    end = 0
    for match in _ADDRESS.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(
            Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(
                match[0]
            )
        )
        end = match.end()
    return Markup().join([*parts, escape(text[end:])])


def _found(site: Site, request: Request) -> tuple[InboxMail, tuple[int | None, int | None]]:
    number = request.path_params["number"]
    if number > _MOST_NUMBER:  # more than a database counts to
        raise HTTPException(404)
    with reading(site.mailer.engine) as session:
        found = session.get(InboxMail, number)
        if found is None:
            raise HTTPException(404)
        return found, mails.neighbours(session, number)


def _view(request: Request, opened: Opened) -> str:
    wanted = request.query_params.get("view", "html")
    if wanted not in VIEWS or (wanted == "html" and opened.html is None):
        return "text"
    return wanted


def _policy(opened: Opened) -> str:
    """Frames our own page, and lets the one-click button post to where the mail says."""
    policy = FRAMING_POLICY
    if opened.unsubscribe is None:
        return policy
    parts = urlsplit(opened.unsubscribe)
    origin = f"{parts.scheme}://{parts.netloc}"
    if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", origin):
        return policy
    return policy.replace("form-action 'self'", f"form-action 'self' {origin}")


def _row(mail: InboxMail) -> Row:
    return Row(
        mail.id,
        mail.sender,
        mail.recipient,
        mail.subject,
        _snippet(mail.source),
        mail.received_at,
    )


@lru_cache(maxsize=512)
def _snippet(source: bytes) -> str:
    return snippet(source)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


ROUTES = [
    machine_route("/inbox", listing),
    machine_route("/inbox/clear", clear, method="POST"),
    machine_route("/inbox/{number:int}", mail),
    machine_route("/inbox/{number:int}/html", mail_html),
    machine_route("/inbox/{number:int}/source", mail_source),
]

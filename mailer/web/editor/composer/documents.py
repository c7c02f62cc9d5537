"""``/issues/<id>/document``: what is written, loaded and saved with the version it was based on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from mailer.composing import editing
from mailer.composing.checking import Finding
from mailer.composing.editing import Opened
from mailer.database.engine import reading, transaction
from mailer.errors import InvalidInput
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import staff_route
from mailer.web.editor.composer.answers import answering, author_of, issue_id_of, object_of
from mailer.web.editor.composer.rooms import rooms_of
from mailer.web.languages import spoken
from mailer.web.site import site_of

_MOST_BYTES = 2 * 1024 * 1024
_VERSION = re.compile(r'"(\d{1,9})"')


def load(request: Request, _value: Any) -> Mapping[str, Any]:
    """The issue as it was left."""
    with reading(site_of(request).mailer.engine) as session:
        return _opened(editing.open_issue(session, issue_id_of(request)))


def save(request: Request, value: Any) -> Mapping[str, Any] | JSONResponse:
    """Write over the version named in ``If-Match``; 412 with theirs where somebody was faster."""
    named = _VERSION.fullmatch(request.headers.get("if-match", ""))
    if named is None:
        raise InvalidInput("A save names the version it was based on (If-Match).")
    mailer, author, issue_id = site_of(request).mailer, author_of(request), issue_id_of(request)
    try:
        with transaction(mailer.engine) as session:
            version, draft = editing.save(
                session,
                issue_id,
                object_of(value),
                version=int(named[1]),
                by=author.name,
                by_id=author.id,
                now=mailer.clock(),
            )
    except editing.Outdated:
        with reading(mailer.engine) as session:
            theirs = _opened(editing.open_issue(session, issue_id))
        return JSONResponse(theirs, 412, {"cache-control": "no-store"})
    rooms_of(request).tell(issue_id, version)
    unready = [Finding(one.words, one.place, blocking=True) for one in draft.problems]
    return {"version": version, "problems": placed(unready, object_of(value))}


def placed(findings: Sequence[Finding], document: Mapping[str, Any]) -> list[dict[str, str]]:
    """*findings* by the id of their block and the name of their field, for the cards."""
    blocks = document["blocks"]
    return [
        {
            "block": block,
            "field": field,
            "words": spoken(one.message),
            "level": "stop" if one.blocking else "hint",
        }
        for one in findings
        for block, field in [_place(one.place, blocks)]
    ]


def _place(place: str, blocks: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    match = re.fullmatch(r"blocks\.(\d+)(?:\.(.+))?", place)
    if match is None or int(match[1]) >= len(blocks):
        return "", place
    return str(blocks[int(match[1])]["id"]), match[2] or ""


def _opened(opened: Opened) -> dict[str, Any]:
    return {
        "version": opened.version,
        "doc": opened.document,
        "by": opened.by or "Somebody",
    }


ROUTES = [
    staff_route("/issues/{id:int}/document", answering(load)),
    staff_route(
        "/issues/{id:int}/document",
        answering(save),
        method="PUT",
        may=Permission.COMPOSE,
        most_body=_MOST_BYTES,
    ),
]

"""What is brought into an issue: pasted newsletters, pictures, blocks kept for reuse, old versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mailer.composing import picturing, reuse, versions
from mailer.composing.drafting import NO_SUBJECT, document_of
from mailer.composing.importing.reading import Imported, read_issue
from mailer.database.engine import reading, transaction
from mailer.errors import REFUSALS, InvalidInput
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import staff_route
from mailer.web.editor.composer.answers import (
    answering,
    author_of,
    issue_id_of,
    object_of,
    said,
    text_of,
)
from mailer.web.languages import spoken
from mailer.web.site import site_of

_MOST_PASTED = 8 * 1024 * 1024
_MOST_BLOCK = 256 * 1024


def paste(_request: Request, value: Any) -> Mapping[str, Any]:
    """A whole newsletter as blocks, with what was noticed while reading it; nothing is stored."""
    pasted = object_of(value)
    html, text = text_of(pasted, "html"), text_of(pasted, "text")
    source = html if html.strip() else text
    if not source.strip():
        raise InvalidInput("There was no text in what you pasted. Copy the newsletter itself.")
    return _document(read_issue(source, filename="pasted.html" if source is html else ""))


async def bring(request: Request) -> Response:
    """The same of a file, byte by byte as it is."""
    return await run_in_threadpool(_brought, request, await request.body())


def _brought(request: Request, data: bytes) -> Response:
    named = unquote(request.headers.get("x-filename", ""))[-100:]
    try:
        return JSONResponse(_document(read_issue(data, filename=named)))
    except REFUSALS as error:
        return said(error.sentence, 422)


def _document(imported: Imported) -> dict[str, Any]:
    document = document_of(imported.content)
    if imported.content.subject == NO_SUBJECT:
        document["subject"] = ""
    return {"doc": document, "notes": list(map(spoken, imported.notes))}


async def upload(request: Request) -> Response:
    """A picture as the body; its public address, or what is wrong with it."""
    data = await request.body()
    return await run_in_threadpool(_kept, request, data)


def _kept(request: Request, data: bytes) -> Response:
    mailer = site_of(request).mailer
    try:
        prepared = picturing.prepare(data)
        with transaction(mailer.engine) as session:
            picture = picturing.keep(
                session, prepared, by=author_of(request).name, now=mailer.clock()
            )
    except REFUSALS as error:
        return said(error.sentence, 422)
    return JSONResponse(
        {
            "url": mailer.settings.base_url + picturing.path_of(picture),
            "width": picture.width,
            "height": picture.height,
            "moved": prepared.moved,
        }
    )


def saved(request: Request, _value: Any) -> Mapping[str, Any]:
    """Blocks kept for reuse."""
    with reading(site_of(request).mailer.engine) as session:
        return _saved(session)


def save(request: Request, value: Any) -> Mapping[str, Any]:
    """Keep one more."""
    mailer = site_of(request).mailer
    with transaction(mailer.engine) as session:
        reuse.save_block(session, object_of(value), by=author_of(request).name, now=mailer.clock())
        return _saved(session)


def forget(request: Request, _value: Any) -> Mapping[str, Any]:
    """Keep one no longer."""
    with transaction(site_of(request).mailer.engine) as session:
        reuse.forget_block(session, request.path_params["number"])
        return _saved(session)


def _saved(session: Session) -> Mapping[str, Any]:
    return {"saved": [{"id": one.id, "block": one.block} for one in reuse.saved_blocks(session)]}


def history(request: Request, _value: Any) -> Mapping[str, Any]:
    """Who left the issue when; newest first."""
    with reading(site_of(request).mailer.engine) as session:
        kept = versions.listing(session, issue_id_of(request))
        return {
            "versions": [
                {"number": one.number, "by": one.by or "Somebody", "at": one.at.isoformat()}
                for one in kept
            ]
        }


def version(request: Request, _value: Any) -> Mapping[str, Any]:
    """What it was then."""
    number = min(request.path_params["number"], 2**31 - 1)
    with reading(site_of(request).mailer.engine) as session:
        return {"doc": versions.get(session, issue_id_of(request), number).doc}


_WRITE = Permission.COMPOSE
ROUTES = [
    staff_route(
        "/issues/{id:int}/paste",
        answering(paste),
        method="POST",
        may=_WRITE,
        most_body=_MOST_PASTED,
    ),
    staff_route("/issues/{id:int}/file", bring, method="POST", may=_WRITE, most_body=_MOST_PASTED),
    staff_route(
        "/pictures", upload, method="POST", may=_WRITE, most_body=picturing.MOST_BYTES + 1024
    ),
    staff_route("/saved-blocks", answering(saved)),
    staff_route("/saved-blocks", answering(save), method="POST", may=_WRITE, most_body=_MOST_BLOCK),
    staff_route("/saved-blocks/{number:int}", answering(forget), method="DELETE", may=_WRITE),
    staff_route("/issues/{id:int}/versions", answering(history)),
    staff_route("/issues/{id:int}/versions/{number:int}", answering(version)),
]

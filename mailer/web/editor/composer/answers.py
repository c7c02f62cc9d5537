"""JSON in and out: whatever goes wrong is one sentence in ``detail``, with the status that fits."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mailer.errors import REFUSALS, Conflict, InvalidInput, NotFound
from mailer.sentences import Sentence
from mailer.web.editor.access import staff_of
from mailer.web.languages import spoken

_STATUS = ((NotFound, 404), (Conflict, 409), (InvalidInput, 422))
_NO_STORE = {"cache-control": "no-store"}

Work = Callable[[Request, Any], Mapping[str, Any] | JSONResponse]


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes."""

    id: int
    name: str
    address: str
    headers: Mapping[str, str] = field(default_factory=dict)  # prove that our own page asks


def author_of(request: Request) -> Author:
    """Who asks; by their name, or the part of their address before the @."""
    staff = staff_of(request)
    user = staff.user
    name = user.name or user.address.partition("@")[0]
    return Author(user.id, name, user.address, {"X-CSRF-Token": staff.form_token})


def issue_id_of(request: Request) -> int:
    """The number in the address."""
    number: int = request.path_params["id"]
    return number


def answering(work: Work) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers what *work* makes of the request's JSON; it may use the database."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        try:
            value = json.loads(body) if body else None
        except ValueError:
            return said(Sentence("That did not arrive whole. Send it again."), 400)
        return await run_in_threadpool(_answered, work, request, value)

    return endpoint


def _answered(work: Work, request: Request, value: Any) -> Response:
    try:
        result = work(request, value)
    except REFUSALS as error:
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
        return said(error.sentence, status)
    if isinstance(result, JSONResponse):
        return result
    return JSONResponse(dict(result), headers=_NO_STORE)


def said(sentence: str, status: int = 200) -> JSONResponse:
    """One sentence for whoever is writing."""
    return JSONResponse({"detail": spoken(sentence)}, status, _NO_STORE)


def object_of(value: Any) -> Mapping[str, Any]:
    """*value* where an object was expected; ``InvalidInput`` for anything else."""
    if not isinstance(value, dict):
        raise InvalidInput("This is not what the composer sends.")
    return value


def text_of(value: Mapping[str, Any], name: str) -> str:
    """One of its texts."""
    found = value.get(name, "")
    return found if isinstance(found, str) else ""

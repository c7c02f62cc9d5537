"""``/pictures/<digest>.<kind>``: uploaded pictures; their names change with their content."""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.composing import picturing
from mailer.database.engine import reading
from mailer.errors import NotFound
from mailer.web.site import site_of

_NAME = re.compile(r"([0-9a-f]{40})\.(jpeg|png)")
_KEPT = "public, max-age=31536000, immutable"


def picture(request: Request) -> Response:
    """The picture; whoever has it once need not ask again."""
    named = _NAME.fullmatch(request.path_params["name"])
    if named is None:
        raise HTTPException(404)
    headers = {
        "cache-control": _KEPT,
        "etag": f'"{named[1]}"',
        "cross-origin-resource-policy": "cross-origin",  # web mail shows it on its own pages
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    try:
        with reading(site_of(request).mailer.engine) as session:
            found = picturing.get(session, named[1])
    except NotFound as error:
        raise HTTPException(404) from error
    return Response(found.data, media_type=f"image/{found.kind}", headers=headers)


ROUTES = [Route("/pictures/{name}", picture)]

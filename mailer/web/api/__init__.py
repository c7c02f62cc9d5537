"""``/api/v1``: JSON for programs, which show a key."""

from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.web.api.calls import OPERATIONS
from mailer.web.api.operations import ROOT, describe
from mailer.web.api.values import ErrorOut
from mailer.web.pages import VERSION


async def openapi(_request: Request) -> Response:
    """The description of all of it, for people and for programs that write programs."""
    return Response(_document(), media_type="application/json")


@cache
def _document() -> str:
    return describe(OPERATIONS, ErrorOut, version=VERSION)


ROUTES = [Route(f"{ROOT}/openapi.json", openapi), *(one.route for one in OPERATIONS)]

__all__ = ["ROUTES"]

"""The picture of the sample issue, which has no server of its own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.sample import PICTURE_PATH, sample_picture


async def picture(_request: Request) -> Response:
    """The still of the sample's video."""
    return Response(
        sample_picture(),
        media_type="image/jpeg",
        headers={"cache-control": "public, max-age=86400"},
    )


ROUTES = [Route(PICTURE_PATH, picture)]

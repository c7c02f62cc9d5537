"""``/health``: does the database answer?"""

from __future__ import annotations

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mailer.database.engine import reading
from mailer.errors import Unavailable
from mailer.web.pages import VERSION
from mailer.web.site import site_of


def health(request: Request) -> Response:
    """200 when everything answers, else 503; for supervisors and load balancers."""
    try:
        with reading(site_of(request).mailer.engine) as session:
            session.execute(text("SELECT 1"))
    except Unavailable:
        return _answer(503, database="unavailable", status="unavailable")
    return _answer(200, database="ok", status="ok")


def _answer(code: int, **values: str) -> Response:
    return JSONResponse({**values, "version": VERSION}, code, {"cache-control": "no-store"})


ROUTES = [Route("/health", health)]

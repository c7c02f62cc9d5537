"""``/subscribers/export.csv`` and ``.jsonl``: a newsletter's subscribers as a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from mailer.audience import newsletters
from mailer.audience.importing.cells import guarded
from mailer.database.engine import reading
from mailer.database.tables import Consent
from mailer.errors import NotFound
from mailer.keeping.exporting import WRITERS, people
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import staff_route
from mailer.web.site import site_of


def export(request: Request) -> Response:
    """Written to a file first: a break in the middle gives nobody half a list unnoticed."""
    suffix = f".{request.path_params['suffix']}"
    state = request.query_params.get("state", "")
    if suffix not in WRITERS:
        raise HTTPException(404)
    with reading(site_of(request).mailer.engine) as session:
        try:
            newsletter = newsletters.get(session, request.query_params.get("newsletter", ""))
        except NotFound as error:
            raise HTTPException(404) from error
        states = (Consent(state),) if state in set(Consent) else ()
        handle, name = tempfile.mkstemp(suffix)
        with open(handle, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123  # a handle
            WRITERS[suffix](session, file, people(session, newsletter, states=states), guarded)
    return FileResponse(
        name,
        filename=f"{newsletter.slug}-subscribers{suffix}",
        headers={"cache-control": "no-store"},
        background=BackgroundTask(Path(name).unlink),
    )


ROUTES = [staff_route("/subscribers/export.{suffix}", export, may=Permission.SUBSCRIBERS)]

"""Does what a form asks in one transaction; what does not work is said beside the form."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mailer.database.engine import transaction
from mailer.errors import REFUSALS
from mailer.web.editor.cookies import Notice
from mailer.web.editor.shell import go
from mailer.web.site import site_of

Work = Callable[[Request, Session], str]
Page = Callable[[Request, str], Response]


def tried(request: Request, work: Work, *, then: str, otherwise: Page) -> Response:
    """To the page *then*, which shows what *work* says; *otherwise* the page with its problem."""
    try:
        with transaction(site_of(request).mailer.engine) as session:
            words = work(request, session)
    except REFUSALS as error:
        return otherwise(request, error.sentence)
    return go(request, then, Notice(words))

"""What buttons of the first page do: bring a file in, throw a draft away, bring it back."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import newsletters
from mailer.composing import issues
from mailer.composing.importing.reading import read_issue
from mailer.database.engine import transaction
from mailer.delivering import lifecycle
from mailer.errors import REFUSALS
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import field, file_of, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.shell import go
from mailer.web.languages import gettext as _
from mailer.web.languages import spoken
from mailer.web.site import site_of

_MOST_FILE = 20 * 1024 * 1024


def bring(request: Request) -> Response:
    """A file of text, Markdown, HTML or JSON becomes a draft; nothing is begun where it cannot."""
    site, file = site_of(request), file_of(request, "file")
    if file is None:
        return go(request, "/", Notice(_("Choose a file first."), "bad"))
    try:
        imported = read_issue(file.file.read(), filename=file.filename or "")
        with transaction(site.mailer.engine) as session:
            newsletter = newsletters.get(session, field(request, "newsletter"))
            issue = issues.create(session, newsletter.id, imported.content, now=site.mailer.clock())
    except REFUSALS as error:
        return go(request, "/", Notice(spoken(error.sentence), "bad"))
    words = [_("Brought in."), *map(spoken, imported.notes[:3])]
    return go(request, f"/issues/{issue.id}", Notice(" ".join(words)))


def discard(request: Request) -> Response:
    """Throw a draft away; the next page offers to undo it."""
    issue_id = request.path_params["issue_id"]
    now = site_of(request).mailer.clock()
    return _done(
        request,
        lambda session: lifecycle.discard(session, issue_id, now=now),
        Notice(_("The draft was thrown away."), undo=f"/issues/{issue_id}/bring-back"),
    )


def bring_back(request: Request) -> Response:
    """Undo `discard`."""
    issue_id = request.path_params["issue_id"]
    return _done(
        request,
        lambda session: lifecycle.bring_back(session, issue_id),
        Notice(_("The draft is back.")),
    )


def _done(request: Request, act: Callable[[Session], object], notice: Notice) -> Response:
    """Do it and say so on the first page; or say there why it cannot be done."""
    try:
        with transaction(site_of(request).mailer.engine) as session:
            act(session)
    except REFUSALS as error:
        return go(request, "/", Notice(spoken(error.sentence), "bad"))
    return go(request, "/", notice)


ROUTES = [
    staff_route("/issues/file", bring, method="POST", may=Permission.COMPOSE, most_body=_MOST_FILE),
    *(
        staff_route(f"/issues/{{issue_id:int}}/{path}", endpoint, method="POST", may=may)
        for path, endpoint, may in (
            ("discard", discard, Permission.COMPOSE),
            ("bring-back", bring_back, Permission.COMPOSE),
        )
    ),
]

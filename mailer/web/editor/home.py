"""``/``: the issue being sent on top, three numbers, then all issues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mailer.bootstrap import Mailer
from mailer.database.engine import reading
from mailer.database.tables import IssueState
from mailer.delivering.auditing import counts
from mailer.staffing.permissions import Permission
from mailer.tracking.overviews import (
    IssueLine,
    NewsletterLine,
    issue_lines,
    newsletter_lines,
    next_scheduled,
)
from mailer.web.editor import choosing
from mailer.web.editor.access import staff_of, staff_route
from mailer.web.editor.progress import MOVING, Progress, progress_of
from mailer.web.editor.shell import answer, go
from mailer.web.site import Site, site_of

_PER_PAGE = 25
_MOST_MOVING = 20
_STARTED = (IssueState.SENDING, IssueState.PAUSED, IssueState.SENT, IssueState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Row:
    """One issue, with how many it reached and how many of them acted, once it has gone out."""

    issue: IssueLine
    accepted: int | None = None
    acted: int | None = None

    @property
    def share(self) -> float | None:
        """Of those it reached, who acted."""
        return self.acted / self.accepted if self.acted is not None and self.accepted else None


def home(request: Request) -> Response:
    """Everything at a glance; who sees it for the first time is led to a newsletter."""
    site = site_of(request)
    before = choosing.number(request.query_params.get("before", ""))
    with reading(site.mailer.engine) as session:
        newsletters = newsletter_lines(session)
        if not newsletters and staff_of(request).may(Permission.SETTINGS):
            return go(request, "/settings/newsletters/new")
        chosen = choosing.chosen(request, newsletters)
        newsletter_id = chosen.id if chosen else None
        lines = issue_lines(session, _PER_PAGE + 1, newsletter_id=newsletter_id, before=before)
        moving = _moving(session, site.mailer, newsletter_id)
        rows = [_row(session, site, issue) for issue in lines[:_PER_PAGE]]
        scheduled = next_scheduled(session, newsletter_id)
    return answer(
        request,
        "editor/home.html",
        here="/",
        newsletters=newsletters,
        chosen=chosen,
        people=_people(newsletters, chosen),
        rows=rows,
        moving=moving,
        last=next((row for row in rows if row.issue.state is IssueState.SENT), None),
        scheduled=scheduled,
        before=before,
        older=rows[-1].issue.id if len(lines) > _PER_PAGE else None,
    )


def _moving(session: Session, mailer: Mailer, newsletter_id: int | None) -> list[Progress]:
    found = issue_lines(session, _MOST_MOVING, newsletter_id=newsletter_id, states=MOVING)
    return [progress_of(session, issue.id, mailer.limits, now=mailer.clock()) for issue in found]


def _row(session: Session, site: Site, issue: IssueLine) -> Row:
    if issue.state not in _STARTED:
        return Row(issue)
    reached = counts(session, issue.id).accepted
    return Row(issue, reached, site.figures.acted(session, issue, now=site.mailer.clock()))


def _people(
    newsletters: Sequence[NewsletterLine], chosen: NewsletterLine | None
) -> tuple[int, int, int]:
    """Confirmed, pending, left."""
    counted = [chosen] if chosen else newsletters
    return (
        sum(one.confirmed for one in counted),
        sum(one.pending for one in counted),
        sum(one.unsubscribed for one in counted),
    )


ROUTES = [staff_route("/", home)]

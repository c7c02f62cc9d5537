"""``/issues/<id>/review``: who gets it, when, and what is to be looked at, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import segments, targeting
from mailer.audience.targeting import Audience
from mailer.composing import approving, checking, editing, issues
from mailer.composing.checking import Finding
from mailer.composing.publishing import Published
from mailer.database.engine import reading
from mailer.database.tables import Approval, Issue, IssueTest
from mailer.delivering import trying
from mailer.delivering.auditing import Counts, counts
from mailer.delivering.estimating import expected_duration
from mailer.errors import REFUSALS, NotFound
from mailer.web import languages
from mailer.web.editor.access import staff_of, staff_route
from mailer.web.editor.composer.answers import issue_id_of
from mailer.web.editor.composer.page import ICONS
from mailer.web.editor.composer.previews import seen
from mailer.web.editor.framing import FRAMING_POLICY, framed
from mailer.web.editor.progress import waits_words
from mailer.web.editor.review import timing
from mailer.web.editor.shell import answer
from mailer.web.pages import STATIC
from mailer.web.site import Site, site_of


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Everything the page says of an issue."""

    issue: Issue
    zone: ZoneInfo
    people: int
    audience: Audience
    segments: Sequence[str]  # that may be chosen
    counts: Counts
    waits: str  # what for, and until when
    published: Published | None
    broken: str  # why it cannot be rendered
    findings: Sequence[Finding]
    test: IssueTest | None
    approvals: Sequence[Approval]
    duration: timedelta | None
    undo: timedelta

    @property
    def blocking(self) -> list[Finding]:
        """What stands in the way."""
        return [one for one in self.findings if one.blocking and one.place != "approval"]

    @property
    def only_waivable(self) -> bool:
        """May it go out all the same, if somebody says so?"""
        return bool(self.blocking) and all(one.waivable for one in self.blocking)

    @property
    def hints(self) -> list[Finding]:
        """What is worth a look."""
        return [one for one in self.findings if not one.blocking]

    @property
    def changeable(self) -> bool:
        """Is it still to be started?"""
        return self.issue.state in editing.CHANGEABLE


def review(request: Request) -> Response:
    """The whole page."""
    return show(request)


def show(request: Request, *, status: int = 200, problem: str = "", **typed: str) -> Response:
    """The page, with what could not be done, and what was typed when it could not."""
    site = site_of(request)
    now = site.mailer.clock()
    me = staff_of(request).user.id
    with reading(site.mailer.engine) as session:
        found = _reviewed(site, session, _issue_id(request), now)
        lacks_approval = approving.lacks_approval(session, found.issue, sender_id=me)
        own = approving.writer_of(session, found.issue.id) == me
    at = found.issue.scheduled_at or timing.suggested(found.zone, now)
    local = at.astimezone(found.zone)
    return answer(
        request,
        "editor/review.html",
        status=status,
        reviewed=found,
        issue=found.issue,
        problem=problem,
        typed={"day": f"{local:%Y-%m-%d}", "hour": f"{local:%H:%M}", "at": "later"} | typed,
        when=timing.words_of(at, found.zone),
        until=timing.until_words(at - now),
        own_time=_own_time(at, found.zone),
        seconds_left=max(0, int((at - now).total_seconds())),
        duration=timing.duration_words(found.duration) if found.duration else "",
        lacks_approval=lacks_approval,
        own=own,
        icons=ICONS if (STATIC / ICONS).is_file() else None,
        headers={"content-security-policy": FRAMING_POLICY},
    )


def mail(request: Request) -> Response:
    """The finished mail as nobody in particular gets it, for the page's frame."""
    mailer = site_of(request).mailer
    with reading(mailer.engine) as session:
        issue = _issue(session, _issue_id(request))
        try:
            published = mailer.publisher.publish(session, issue, now=mailer.clock())
        except REFUSALS as error:  # the page says why
            raise HTTPException(404) from error
    return framed(seen(published.rendered.html, {}, html=True))


def _own_time(at: datetime, zone: ZoneInfo) -> str:
    """The same moment where whoever looks is, if clocks show something else there."""
    own = ZoneInfo(languages.current().time_zone)
    same = at.astimezone(own).utcoffset() == at.astimezone(zone).utcoffset()
    return "" if same else languages.moment_words(at)


def _reviewed(site: Site, session: Session, issue_id: int, now: datetime) -> Reviewed:
    mailer = site.mailer
    issue = _issue(session, issue_id)
    zone = ZoneInfo(issue.newsletter.time_zone)
    published, broken, findings = None, "", []
    try:
        published = mailer.publisher.publish(session, issue, now=now)
    except REFUSALS as error:
        broken = error.sentence
    else:
        findings = checking.check(session, issue, published, now=now)
    audience = targeting.audience_of(session, issue_id)
    people = _people(session, issue, now)
    return Reviewed(
        issue=issue,
        zone=zone,
        people=people,
        audience=audience,
        segments=[one.name for one in segments.every(session)],
        counts=counts(session, issue_id),
        waits=waits_words(session, issue, mailer.limits, now=now),
        published=published,
        broken=broken,
        findings=findings,
        test=trying.last_test(session, issue),
        approvals=approving.approvals(session, issue),
        duration=expected_duration(session, people, mailer.settings.rates),
        undo=timedelta(seconds=mailer.settings.undo_seconds),
    )


def _issue(session: Session, issue_id: int) -> Issue:
    try:
        return issues.get(session, issue_id)
    except NotFound as error:
        raise HTTPException(404) from error


def _people(session: Session, issue: Issue, now: datetime) -> int:
    try:
        return targeting.size(session, issue, now=now)
    except REFUSALS:  # a rule names what is gone: the checks say so
        return 0


def _issue_id(request: Request) -> int:
    try:
        return issue_id_of(request)
    except NotFound as error:
        raise HTTPException(404) from error


ROUTES = [
    staff_route("/issues/{id:int}/review", review),
    staff_route("/issues/{id:int}/mail", mail),
]

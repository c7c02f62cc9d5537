"""What the buttons of the review page do: test, approve, schedule, take back, pause, go on, stop."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import targeting
from mailer.composing import approving, issues
from mailer.database.engine import reading, transaction
from mailer.delivering import lifecycle, trying
from mailer.delivering.lifecycle import PLAINLY, Manner
from mailer.errors import REFUSALS, Conflict, InvalidInput, MailerError
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import field, form_of, staff_of, staff_route
from mailer.web.editor.composer.answers import author_of, issue_id_of, said
from mailer.web.editor.cookies import Notice
from mailer.web.editor.review.page import show
from mailer.web.editor.review.timing import moment_of, words_of
from mailer.web.editor.shell import go
from mailer.web.languages import gettext as _
from mailer.web.problems import wants_json
from mailer.web.site import site_of

_MOST_CANARY = 50


def test(request: Request) -> Response:
    """Send the issue as it is stored to whoever asks."""
    mailer, author, issue_id = site_of(request).mailer, author_of(request), issue_id_of(request)
    now = mailer.clock()
    try:
        with transaction(mailer.engine) as session:
            trial = trying.compose(
                session,
                issue_id,
                mailer.publisher,
                to_name=author.name,
                to_address=author.address,
                now=now,
            )
            mailer.notifier.queue(
                session,
                trial.message,
                mail_from=trial.mail_from,
                to=author.address,
                subject=trial.subject,
                now=now,
                newsletter=trial.newsletter,
                kind="test",
            )
            trying.note(session, issue_id, to=author.address, by=author.name, now=now)
    except REFUSALS as error:
        return said(error.sentence, 422) if wants_json(request) else show_problem(request, error)
    words = _("A test is on its way to {address}.").format(address=author.address)
    return said(words) if wants_json(request) else _back(request, words)


def schedule(request: Request) -> Response:
    """Let it go out, at a time or right away."""
    mailer, issue_id = site_of(request).mailer, issue_id_of(request)
    typed = {name: field(request, name, 40) for name in ("day", "hour", "at")}
    now = mailer.clock()
    try:
        with reading(mailer.engine) as session:
            zone = _require_same(session, request, issue_id)
        at = None if typed["at"] == "now" else moment_of(typed["day"], typed["hour"], zone)
        if at is not None and at <= now:
            raise InvalidInput("That time is over. Choose a later one, or “Right away”.")
        starts = mailer.starter.schedule(
            issue_id,
            at=at,
            now=now,
            anyway=bool(field(request, "anyway")),
            manner=_manner(request) if at is not None else PLAINLY,
        )
    except REFUSALS as error:
        return show_problem(request, error, **typed)
    if at is None:
        return _back(request, "")
    words = _("It goes out on {when}.").format(when=words_of(max(at, starts), zone))
    return _back(request, words)


def _require_same(session: Session, request: Request, issue_id: int) -> ZoneInfo:
    """Nothing goes out that was not seen, nor without the second person where one is asked for."""
    issue = issues.get(session, issue_id)
    if field(request, "version") != str(issue.version):
        raise Conflict("The issue was changed since you opened this page. Look at it again.")
    if approving.lacks_approval(session, issue, sender_id=staff_of(request).user.id):
        raise InvalidInput("A second person has to approve this version before you send it.")
    return ZoneInfo(issue.newsletter.time_zone)


def _manner(request: Request) -> Manner:
    local = bool(field(request, "local_time"))
    first = field(request, "canary", 3)
    percent = int(first) if first.isdecimal() else 0
    if local and percent:
        raise InvalidInput("Choose one: in each reader’s own time, or to some first.")
    return Manner(local, float(min(percent, _MOST_CANARY)))


def show_problem(request: Request, error: MailerError, **typed: str) -> Response:
    """The page again, with what stands in the way."""
    return show(
        request, status=409 if isinstance(error, Conflict) else 422, problem=error.sentence, **typed
    )


def _step(
    change: Callable[[Session, int], object], words: Callable[[], str]
) -> Callable[[Request], Response]:
    """An endpoint for one change of the issue."""

    def endpoint(request: Request) -> Response:
        try:
            with transaction(site_of(request).mailer.engine) as session:
                change(session, issue_id_of(request))
        except REFUSALS as error:
            return show_problem(request, error)
        return _back(request, words())

    return endpoint


def choose_audience(request: Request) -> Response:
    """The segments that get it, and those that do not; without any, everybody."""
    mailer = site_of(request).mailer
    chosen = [
        (name.removeprefix("segment."), value)
        for name, value in form_of(request).items()
        if name.startswith("segment.")
    ]
    try:
        with transaction(mailer.engine) as session:
            targeting.choose(
                session,
                issue_id_of(request),
                include=[name for name, value in chosen if value == "in"],
                exclude=[name for name, value in chosen if value == "out"],
                now=mailer.clock(),
            )
    except REFUSALS as error:
        return show_problem(request, error)
    return _back(request, "")


def approve(request: Request) -> Response:
    """Agree to the version that is shown."""
    mailer, author = site_of(request).mailer, author_of(request)
    shown = field(request, "version", 9)
    try:
        with transaction(mailer.engine) as session:
            approving.approve(
                session,
                issue_id_of(request),
                version=int(shown) if shown.isdecimal() else 0,
                by_id=author.id,
                by=author.name,
                now=mailer.clock(),
            )
    except REFUSALS as error:
        return show_problem(request, error)
    return _back(request, _("You have approved this version."))


def withdraw(request: Request) -> Response:
    """Agree no longer."""
    with transaction(site_of(request).mailer.engine) as session:
        approving.withdraw(session, issue_id_of(request), by_id=staff_of(request).user.id)
    return _back(request, _("Your approval is taken back."))


def _back(request: Request, words: str) -> Response:
    home = field(request, "back") == "home"
    path = "/" if home else f"/issues/{issue_id_of(request)}/review"
    return go(request, path, Notice(words) if words else None)


_cancel = _step(lifecycle.cancel, lambda: _("It is taken back: nobody else gets it."))
_pause = _step(lifecycle.pause, lambda: _("Sending is paused."))
_resume = _step(lifecycle.resume, lambda: _("Sending goes on."))

ROUTES = [
    staff_route("/issues/{id:int}/test", test, method="POST", may=Permission.COMPOSE),
    staff_route("/issues/{id:int}/schedule", schedule, method="POST", may=Permission.SEND),
    staff_route("/issues/{id:int}/audience", choose_audience, method="POST", may=Permission.SEND),
    staff_route("/issues/{id:int}/cancel", _cancel, method="POST", may=Permission.SEND),
    staff_route("/issues/{id:int}/pause", _pause, method="POST", may=Permission.SEND),
    staff_route("/issues/{id:int}/resume", _resume, method="POST", may=Permission.SEND),
    staff_route("/issues/{id:int}/approve", approve, method="POST", may=Permission.COMPOSE),
    staff_route("/issues/{id:int}/withdraw", withdraw, method="POST", may=Permission.COMPOSE),
]

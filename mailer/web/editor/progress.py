"""How far an issue is, in words for the first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from mailer.composing import issues
from mailer.database.tables import IssueState
from mailer.delivering.auditing import Counts, counts
from mailer.web.languages import gettext as _
from mailer.web.languages import ngettext, number_words

MOVING = (IssueState.SENDING, IssueState.PAUSED)
_ENOUGH = timedelta(seconds=3)  # before, nobody can say how long it will take


@dataclass(frozen=True, slots=True)
class Progress:
    """One issue on its way, in figures and in words."""

    issue_id: int
    subject: str
    state: IssueState
    reason: str
    counts: Counts
    left: timedelta | None

    @property
    def permille(self) -> int:
        """How long the bar is."""
        return 1000 * self.counts.done // self.counts.planned if self.counts.planned else 0

    @property
    def done_words(self) -> str:
        """``2,983 of 4,812 done``."""
        return _("%(done)s of %(planned)s done") % {
            "done": number_words(self.counts.done),
            "planned": number_words(self.counts.planned),
        }

    @property
    def left_words(self) -> str:
        """``about 3 minutes left``; empty where nobody can say."""
        if self.left is None or self.state is not IssueState.SENDING:
            return ""
        minutes = round(self.left.total_seconds() / 60)
        if minutes < 1:
            return _("less than a minute left")
        if minutes < 90:
            words = ngettext(
                "about %(minutes)s minute left", "about %(minutes)s minutes left", minutes
            )
            return words % {"minutes": number_words(minutes)}
        hours = round(minutes / 60)
        words = ngettext("about %(hours)s hour left", "about %(hours)s hours left", hours)
        return words % {"hours": number_words(hours)}


def progress_of(session: Session, issue_id: int, *, now: datetime) -> Progress:
    """How far an issue is; ``NotFound``."""
    issue, far = issues.get(session, issue_id), counts(session, issue_id)
    return Progress(
        issue.id,
        issue.subject,
        issue.state,
        issue.state_reason,
        far,
        _left(issue.started_at, far, now),
    )


def _left(started_at: datetime | None, far: Counts, now: datetime) -> timedelta | None:
    if started_at is None or not far.done or now - started_at < _ENOUGH:
        return None
    return (now - started_at) / far.done * max(0, far.planned - far.done)

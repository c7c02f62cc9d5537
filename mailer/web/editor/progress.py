"""How far an issue is, in words for the first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from mailer.composing import issues
from mailer.database.tables import Issue, IssueState
from mailer.delivering.auditing import Counts, counts
from mailer.delivering.permits import Limits
from mailer.delivering.waiting import waits_for
from mailer.web.languages import gettext as _
from mailer.web.languages import moment_words, number_words, spoken

MOVING = (IssueState.SENDING, IssueState.PAUSED)


@dataclass(frozen=True, slots=True)
class Progress:
    """One issue on its way, in figures and in words."""

    issue_id: int
    subject: str
    state: IssueState
    reason: str
    counts: Counts
    waits: str  # what for, and until when; empty where something is going out

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


def progress_of(session: Session, issue_id: int, limits: Limits, *, now: datetime) -> Progress:
    """How far an issue is; ``NotFound``."""
    issue, far = issues.get(session, issue_id), counts(session, issue_id)
    return Progress(
        issue.id,
        issue.subject,
        issue.state,
        issue.state_reason,
        far,
        waits_words(session, issue, limits, now=now),
    )


def waits_words(session: Session, issue: Issue, limits: Limits, *, now: datetime) -> str:
    """What an issue that is being sent waits for, and until when."""
    sending = issue.state is IssueState.SENDING
    wait = waits_for(session, issue, limits, now=now) if sending else None
    if wait is None:
        return ""
    words = {"why": spoken(wait.why)}
    if wait.since is not None:
        said = _("%(why)s, since %(when)s.") % (words | {"when": moment_words(wait.since)})
    elif wait.until is not None:
        said = _("%(why)s, until %(when)s.") % (words | {"when": moment_words(wait.until)})
    else:
        said = _("%(why)s.") % words
    return f"{said} {spoken(wait.more)}" if wait.more else said

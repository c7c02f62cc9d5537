"""Starts issues: renders, freezes content and audience, and only then lets workers have them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from mailer.composing import checking, issues
from mailer.composing.checking import Finding
from mailer.composing.publishing import Published, Publisher, store, utm_campaign
from mailer.database.engine import reading, transaction
from mailer.database.tables import Issue, IssueState
from mailer.delivering import lifecycle
from mailer.delivering.freezing import FARTHEST_EAST
from mailer.delivering.lifecycle import PLAINLY, Manner
from mailer.errors import Conflict, InvalidInput, MailerError
from mailer.sentences import Sentence

log = logging.getLogger(__name__)


class Starter:
    """Schedules and starts issues of one installation."""

    def __init__(
        self, engine: Engine, publisher: Publisher, *, batch_size: int, undo: timedelta
    ) -> None:
        self._engine, self._publisher = engine, publisher
        self._batch_size, self._undo = batch_size, undo

    def schedule(
        self,
        issue_id: int,
        *,
        at: datetime | None,
        now: datetime,
        anyway: bool = False,
        manner: Manner = PLAINLY,
    ) -> datetime:
        """Let an issue go out at *at*, once it has passed the checks; when it will be started.

        Without *at*: right away, which leaves time to take it back. ``InvalidInput`` lists what
        stands in the way, ``Conflict`` if its state does not allow it.
        """
        soon = now + self._undo
        at = soon if at is None else at
        starts_at = max(at - FARTHEST_EAST, soon) if manner.local_time else at
        with reading(self._engine) as session:
            issue = issues.get(session, issue_id)
            published = self._checked(session, issue, now=now, anyway=anyway)
        with transaction(self._engine) as session:
            lifecycle.schedule(
                session,
                issue_id,
                at=at,
                starts_at=starts_at,
                utm_campaign=utm_campaign(published.content, issue_id, at.date()),
                manner=manner,
            )
        return starts_at

    def require_ready(self, issue_id: int, *, now: datetime, anyway: bool = False) -> None:
        """``InvalidInput`` lists what stands in the way of sending, if anything does."""
        with reading(self._engine) as session:
            self._checked(session, issues.get(session, issue_id), now=now, anyway=anyway)

    def start(self, issue_id: int, *, now: datetime, anyway: bool = False) -> int:
        """Render, freeze and begin now; the number of recipients planned.

        Nothing has changed when it raises: ``InvalidInput``, ``Conflict``, ``ConfigurationError``.
        """
        with reading(self._engine) as session:
            issue = issues.get(session, issue_id)
            published = self._checked(session, issue, now=now, anyway=anyway)
        with transaction(self._engine) as session:
            campaign = utm_campaign(published.content, issue_id, now.date())
            session.execute(
                update(Issue)
                .where(Issue.id == issue_id, Issue.utm_campaign.is_(None))
                .values(utm_campaign=campaign)
            )
            planned = lifecycle.start(
                session,
                issue_id,
                version=published.version,
                batch_size=self._batch_size,
                now=now,
            )
            store(session, issue_id, published, now=now)
        return planned

    def start_due(self, now: datetime) -> list[int]:
        """Start every issue whose time has come, also while nothing was running; those started.

        One that cannot be started goes back to being a draft, and says why.
        """
        with reading(self._engine) as session:
            due = session.scalars(
                select(Issue.id)
                .where(Issue.state == IssueState.SCHEDULED, Issue.starts_at <= now)
                .order_by(Issue.starts_at, Issue.id)
            ).all()
        started = []
        for issue_id in due:
            try:
                planned = self.start(issue_id, now=now, anyway=True)
            except Conflict:  # another scheduler was faster, or it was changed: the next turn sees
                continue
            except MailerError as error:
                self._send_back(issue_id, error.sentence)
            else:
                started.append(issue_id)
                log.info("issue %s started for %s recipients", issue_id, planned)
        return started

    def _send_back(self, issue_id: int, reason: str) -> None:
        log.error("issue %s cannot be started: %s", issue_id, reason)
        with transaction(self._engine) as session:
            session.execute(
                update(Issue)
                .where(Issue.id == issue_id, Issue.state == IssueState.SCHEDULED)
                .values(state=IssueState.DRAFT, state_reason=reason)
            )

    def _checked(self, session: Session, issue: Issue, *, now: datetime, anyway: bool) -> Published:
        published = self._publisher.publish(session, issue, now=now)
        findings = checking.check(session, issue, published, now=now)
        standing = [one for one in findings if one.blocking and not (anyway and one.waivable)]
        if standing:
            raise _not_ready(issue.id, standing)
        return published


def _not_ready(issue_id: int, standing: Sequence[Finding]) -> InvalidInput:
    """The first of what stands in the way, in words for the command line and for pages."""
    first, others = standing[0], len(standing) - 1
    return InvalidInput(
        "Issue {number} is not ready: {problem}{more} "
        "`mailer issue check {number}` lists everything{anyway}.",
        number=issue_id,
        problem=first.sentence,
        more=Sentence(" (and {n} more)", n=others) if others else "",
        anyway=Sentence(", --anyway sends it all the same") if first.waivable else "",
    )

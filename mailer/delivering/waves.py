"""Waves of an issue with a canary: the others wait until it is through, and some minutes longer."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from mailer.database.tables import Batch, Issue, IssueState

# Fresh batches come before retries, and do not depend on the clock.
AT_ONCE = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
# No moment: those who wait for a canary get theirs when it is through.
AFTER_CANARY = datetime.fromisoformat("9000-01-01T00:00:00+00:00")
_SLACK = timedelta(minutes=1)  # clocks of workers may differ


def canary_waits(session: Session, issue_id: int) -> bool:
    """Whether anybody of the first wave has not had an attempt yet."""
    first = exists().where(
        Batch.issue_id == issue_id, Batch.open.is_(True), Batch.due_at == AT_ONCE
    )
    return bool(session.scalar(select(first)))


def let_others_follow(session: Session, *, now: datetime) -> None:
    """Where a canary is through, the others go its minutes later, unless the issue is stopped.

    What was to be due later than that was written before the clock was set back.
    """
    issues = session.execute(
        select(Issue.id, Issue.canary_minutes).where(
            Issue.state == IssueState.SENDING, Issue.canary_percent > 0
        )
    ).all()
    for issue_id, minutes in issues:
        due_at = now + timedelta(minutes=minutes)
        if not canary_waits(session, issue_id):
            session.execute(
                update(Batch)
                .where(
                    Batch.issue_id == issue_id,
                    Batch.open.is_(True),
                    Batch.attempt == 1,
                    Batch.due_at > due_at + _SLACK,
                )
                .values(due_at=due_at)
                .execution_options(synchronize_session=False)
            )

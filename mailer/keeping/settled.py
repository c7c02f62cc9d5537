"""Which issues are still under way: as long as they are, their ledger knows people by number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from mailer.database.tables import Batch, Issue, IssueState

# So long after its end a worker that was frozen may still report what it had handed over.
_LATE = timedelta(hours=1)


def issues_under_way(session: Session, *, now: datetime) -> Sequence[int]:
    """The issues whose ledger may still be written."""
    recently = now - _LATE
    busy = exists().where(
        Batch.issue_id == Issue.id, or_(Batch.open.is_(True), Batch.leased_until > recently)
    )
    return session.scalars(
        select(Issue.id).where(
            or_(
                Issue.state.in_((IssueState.SENDING, IssueState.PAUSED)),
                Issue.finished_at > recently,
                and_(Issue.state == IssueState.CANCELLED, busy),
            )
        )
    ).all()

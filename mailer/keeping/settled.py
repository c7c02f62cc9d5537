"""Which issues may know somebody by number, and which of them are still under way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from mailer.audience.receipts import went_to
from mailer.database.tables import Batch, Delivery, DeliveryTotal, Issue, IssueState

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


def issues_that_know(session: Session, number: int, *, now: datetime) -> set[int]:
    """Where clicks and the like of one person can be: not all issues have to be searched.

    Those that went to them, those under way, and those of which it is no longer kept to whom they
    went.
    """
    return {
        *session.scalars(select(Delivery.issue_id).where(went_to(number))),
        *session.scalars(select(DeliveryTotal.issue_id).distinct()),
        *issues_under_way(session, now=now),
    }

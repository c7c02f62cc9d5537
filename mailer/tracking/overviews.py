"""Store of what the first page shows: newsletters, and issues with their states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from mailer.database.tables import (
    Consent,
    Issue,
    IssueState,
    Newsletter,
    Rendition,
    Subscription,
    Unsubscribe,
)


@dataclass(frozen=True, slots=True)
class NewsletterLine:
    """One newsletter, and how many people stand where."""

    name: str
    slug: str
    from_address: str
    confirmed: int
    pending: int
    unsubscribed: int


@dataclass(frozen=True, slots=True)
class IssueLine:
    """One issue, and where it stands."""

    id: int
    newsletter: str
    subject: str
    title: str
    state: IssueState
    state_reason: str
    changed_at: datetime
    scheduled_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    readable: bool  # it has gone out, at least to some: there is a public copy
    left: int  # people who unsubscribed by its links


def newsletter_lines(session: Session) -> list[NewsletterLine]:
    """All newsletters by name."""
    rows = session.execute(
        select(
            Newsletter.name,
            Newsletter.slug,
            Newsletter.from_address,
            _counted(Consent.CONFIRMED),
            _counted(Consent.PENDING),
            _counted(Consent.UNSUBSCRIBED),
        )
        .outerjoin(Subscription, Subscription.newsletter_id == Newsletter.id)
        .group_by(Newsletter.id)
        .order_by(Newsletter.name, Newsletter.id)
    )
    return [NewsletterLine(*row) for row in rows]


def issue_lines(session: Session, most: int) -> list[IssueLine]:
    """The newest issues, those being sent first."""
    left = (
        select(func.count())
        .where(Unsubscribe.issue_id == Issue.id, Unsubscribe.undone_at.is_(None))
        .scalar_subquery()
    )
    rows = session.execute(
        select(Issue, Newsletter.name, Rendition.issue_id, left)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .outerjoin(Rendition, Rendition.issue_id == Issue.id)
        .order_by(case((Issue.state == IssueState.SENDING, 0), else_=1), Issue.id.desc())
        .limit(most)
    )
    return [
        _issue_line(issue, newsletter, readable=rendered is not None, left=count)
        for issue, newsletter, rendered, count in rows
    ]


def _counted(state: Consent) -> ColumnElement[int]:
    return func.count(case((Subscription.state == state, 1)))


def _issue_line(issue: Issue, newsletter: str, *, readable: bool, left: int) -> IssueLine:
    return IssueLine(
        id=issue.id,
        newsletter=newsletter,
        subject=issue.subject,
        title=issue.title,
        state=issue.state,
        state_reason=issue.state_reason,
        changed_at=issue.changed_at,
        scheduled_at=issue.scheduled_at,
        started_at=issue.started_at,
        finished_at=issue.finished_at,
        readable=readable,
        left=left,
    )

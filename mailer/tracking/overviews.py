"""Store of what the first page shows: newsletters, and issues with their states."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.database.tables import (
    Click,
    Consent,
    Issue,
    IssueLink,
    IssueState,
    Newsletter,
    Rendition,
    Subscription,
    Unsubscribe,
)

SHOWN = tuple(state for state in IssueState if state is not IssueState.DISCARDED)
_CALLS = ("action", "item")
_STATES = (Consent.CONFIRMED, Consent.PENDING, Consent.UNSUBSCRIBED)


@dataclass(frozen=True, slots=True)
class NewsletterLine:
    """One newsletter, and how many people stand where."""

    id: int
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
    newsletter_id: int
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
    """All newsletters by name; counted on the index alone, which a million rows take."""
    counted = session.execute(
        select(Subscription.newsletter_id, Subscription.state, func.count()).group_by(
            Subscription.newsletter_id, Subscription.state
        )
    )
    counts = {(newsletter_id, state): count for newsletter_id, state, count in counted}
    rows = session.execute(
        select(Newsletter.id, Newsletter.name, Newsletter.slug, Newsletter.from_address).order_by(
            Newsletter.name, Newsletter.id
        )
    )
    return [
        NewsletterLine(*row, *(counts.get((row.id, state), 0) for state in _STATES)) for row in rows
    ]


def issue_lines(
    session: Session,
    most: int,
    *,
    newsletter_id: int | None = None,
    before: int | None = None,
    states: Collection[IssueState] = SHOWN,
) -> list[IssueLine]:
    """The newest issues in one of *states*: of one newsletter, numbered below *before*."""
    left = (
        select(func.count())
        .where(Unsubscribe.issue_id == Issue.id, Unsubscribe.undone_at.is_(None))
        .scalar_subquery()
    )
    query = (
        select(Issue, Newsletter.name, Rendition.issue_id, left)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .outerjoin(Rendition, Rendition.issue_id == Issue.id)
        .where(Issue.state.in_(states))
        .order_by(Issue.id.desc())
        .limit(most)
    )
    if newsletter_id is not None:
        query = query.where(Issue.newsletter_id == newsletter_id)
    if before is not None:
        query = query.where(Issue.id < before)
    return [
        _issue_line(issue, newsletter, readable=rendered is not None, left=count)
        for issue, newsletter, rendered, count in session.execute(query)
    ]


def next_scheduled(session: Session, newsletter_id: int | None = None) -> Issue | None:
    """The issue that goes out next."""
    query = select(Issue).where(Issue.state == IssueState.SCHEDULED).order_by(Issue.scheduled_at)
    if newsletter_id is not None:
        query = query.where(Issue.newsletter_id == newsletter_id)
    return session.scalars(query.limit(1)).one_or_none()


def acted(session: Session, issue_id: int) -> int:
    """How many people, each once, followed a call to action of an issue."""
    return (
        session.scalar(
            select(func.count(func.distinct(Click.subscriber_id)))
            .join(
                IssueLink,
                (IssueLink.issue_id == Click.issue_id) & (IssueLink.number == Click.link_number),
            )
            .where(Click.issue_id == issue_id, Click.machine.is_(None), IssueLink.role.in_(_CALLS))
        )
        or 0
    )


def _issue_line(issue: Issue, newsletter: str, *, readable: bool, left: int) -> IssueLine:
    return IssueLine(
        id=issue.id,
        newsletter_id=issue.newsletter_id,
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

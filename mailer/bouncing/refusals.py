"""Store of refusals: what a relay said at once of recipients of issues that have been sent."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from mailer.database.tables import Delivery, Fate, Issue, IssueState, Subscriber


class Unjudged(NamedTuple):
    """An issue that has been sent, or sent on, since its refusals were judged."""

    issue_id: int
    since: datetime | None
    finished_at: datetime


class Refused(NamedTuple):
    """One recipient, refused."""

    subscriber_id: int
    address: str
    at: datetime
    reply: str


def unjudged(session: Session) -> list[Unjudged]:
    """Issues whose refusals are to be judged, the oldest first."""
    rows = session.execute(
        select(Issue.id, Issue.judged_at, Issue.finished_at)
        .where(
            Issue.state == IssueState.SENT,
            or_(Issue.judged_at.is_(None), Issue.judged_at < Issue.finished_at),
        )
        .order_by(Issue.finished_at, Issue.id)
    )
    return [Unjudged(number, since, ended) for number, since, ended in rows if ended]


def some(session: Session, issue: Unjudged, *, after: int, most: int) -> list[Refused]:
    """The next refused of an issue by number; erased people are not among them."""
    wanted = [
        Delivery.issue_id == issue.issue_id,
        Delivery.fate == int(Fate.REFUSED),
        Delivery.subscriber_id > after,
    ]
    if issue.since is not None:
        wanted.append(Delivery.at > issue.since)
    rows = session.execute(
        select(Delivery.subscriber_id, Subscriber.address, Delivery.at, Delivery.reply)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(*wanted)
        .order_by(Delivery.subscriber_id)
        .limit(most)
    )
    return [Refused(*row) for row in rows]


def count(session: Session, issue_id: int, suppressed: int) -> None:
    """Add to how many recipients of an issue were suppressed for what the relay said."""
    session.execute(
        update(Issue)
        .where(Issue.id == issue_id)
        .values(suppressed=Issue.suppressed + suppressed)
        .execution_options(synchronize_session=False)
    )


def judged(session: Session, issue: Unjudged) -> None:
    """Its refusals have been judged, as far as it has been sent."""
    session.execute(
        update(Issue)
        .where(Issue.id == issue.issue_id)
        .values(judged_at=issue.finished_at)
        .execution_options(synchronize_session=False)
    )

"""Store of how issues compare over time, and how the readership grew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, distinct, func, literal_column, select
from sqlalchemy.orm import Session

from mailer.audience import consent
from mailer.database.tables import (
    Batch,
    Bounce,
    Consent,
    ConsentChange,
    Issue,
    Newsletter,
    Unsubscribe,
)
from mailer.reports import Kind
from mailer.tracking.opens import OpenFigures, open_figures_by
from mailer.tracking.reports import Engagement, cut, engagement

_NO_FATES = {"accepted": 0, "refused": 0, "skipped": 0}


@dataclass(frozen=True, slots=True)
class SentIssue:
    """One issue that went out, with what it came to."""

    id: int
    newsletter: str
    subject: str
    started_at: datetime
    planned: int
    accepted: int
    refused: int
    skipped: int
    suppressed: int  # of the refused, those whose address is gone
    bounced: int
    complained: int
    left: int
    engagement: Engagement
    opens: OpenFigures | None = None  # where any were counted

    @property
    def share(self) -> float:
        """Of those it reached, how many acted: 0 to 1."""
        return self.engagement.acted / self.accepted if self.accepted else 0.0


@dataclass(frozen=True, slots=True)
class Month:
    """How a newsletter's readership changed within one month (UTC)."""

    year: int
    month: int
    joined: int
    left: int


def sent_issues(
    session: Session, *, newsletter_id: int | None = None, before: datetime | None = None, most: int
) -> list[SentIssue]:
    """The newest issues that went out, those that started *before* a moment."""
    query = (
        select(Issue, Newsletter.name)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(Issue.started_at.is_not(None))
        .order_by(Issue.started_at.desc(), Issue.id.desc())
        .limit(most)
    )
    if newsletter_id is not None:
        query = query.where(Issue.newsletter_id == newsletter_id)
    if before is not None:
        query = query.where(Issue.started_at < before)
    rows = session.execute(query).all()
    ids = [issue.id for issue, _ in rows]
    fates = _fates_by(session, ids)
    left = left_by(session, ids)
    came_back = _came_back(session, ids)
    came_to = engagement(session, ids)
    opens = open_figures_by(session, ids)
    return [
        SentIssue(
            id=issue.id,
            newsletter=newsletter,
            subject=issue.subject,
            started_at=issue.started_at,
            planned=issue.planned,
            **fates.get(issue.id, _NO_FATES),
            suppressed=issue.suppressed,
            bounced=came_back[issue.id, Kind.PERMANENT],
            complained=came_back[issue.id, Kind.COMPLAINT],
            left=left.get(issue.id, 0),
            engagement=came_to.get(issue.id, Engagement()),
            opens=opens.get(issue.id),
        )
        for issue, newsletter in rows
        if issue.started_at is not None
    ]


def accepted_by(session: Session, issue_ids: Sequence[int]) -> dict[int, int]:
    """How many messages of each of these issues relays took."""
    return {one: fates["accepted"] for one, fates in _fates_by(session, issue_ids).items()}


def _fates_by(session: Session, issue_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """What became of the recipients of each of these issues, by the batches' own counters."""
    counters = (Batch.accepted, Batch.refused, Batch.skipped)
    rows = session.execute(
        select(Batch.issue_id, *(func.sum(one) for one in counters))
        .where(Batch.issue_id.in_(issue_ids))
        .group_by(Batch.issue_id)
    )
    return {row[0]: dict(zip(_NO_FATES, map(int, row[1:]), strict=True)) for row in rows}


def left_by(session: Session, issue_ids: Sequence[int]) -> dict[int, int]:
    """How many people unsubscribed by each of these issues."""
    return _by_issue(
        session,
        select(Unsubscribe.issue_id, func.count())
        .where(Unsubscribe.issue_id.in_(issue_ids), Unsubscribe.undone_at.is_(None))
        .group_by(Unsubscribe.issue_id),
    )


def months(session: Session, newsletter_id: int | None, *, now: datetime, most: int) -> list[Month]:
    """People who joined and left in each of the last *most* months, this one last, without gaps."""
    wanted = list(_last_months(now, most))
    first = datetime(*wanted[0], 1, tzinfo=UTC)
    month = _month_of(session, ConsentChange.at).label("month")
    query = (
        select(month, ConsentChange.state, func.count())
        .where(
            ConsentChange.at >= first,
            ConsentChange.state != Consent.PENDING,
            ConsentChange.source.not_in(consent.NOTES),
        )
        .group_by(literal_column("month"), ConsentChange.state)
    )
    if newsletter_id is not None:
        query = query.where(ConsentChange.newsletter_id == newsletter_id)
    known: dict[tuple[str, Consent], int] = defaultdict(int)
    for text, state, count in session.execute(query):
        known[text, state] = count
    return [
        Month(
            year,
            number,
            joined=known[f"{year:04}-{number:02}", Consent.CONFIRMED],
            left=known[f"{year:04}-{number:02}", Consent.UNSUBSCRIBED],
        )
        for year, number in wanted
    ]


def _by_issue(session: Session, query: Any) -> dict[int, int]:
    return {row[0]: int(row[1]) for row in session.execute(query)}


def _came_back(session: Session, ids: Sequence[int]) -> dict[tuple[int | None, Kind], int]:
    found: dict[tuple[int | None, Kind], int] = defaultdict(int)
    rows = session.execute(
        select(Bounce.issue_id, Bounce.kind, func.count(distinct(Bounce.subscriber_id)))
        .where(Bounce.issue_id.in_(ids))
        .group_by(Bounce.issue_id, Bounce.kind)
    )
    for issue_id, kind, count in rows:
        found[issue_id, Kind(kind)] = count
    return found


def _month_of(session: Session, at: Any) -> ColumnElement[str]:
    return cut(session, at, "YYYY-MM", len("2026-11"))


def _last_months(now: datetime, most: int) -> list[tuple[int, int]]:
    end = now.year * 12 + now.month - 1
    return [(number // 12, number % 12 + 1) for number in range(end - most + 1, end + 1)]

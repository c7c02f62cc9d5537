"""Store of issues as they went out, for reading them on the web."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.database.tables import Issue, Newsletter, Rendition
from mailer.tracking.records import link_urls


@dataclass(frozen=True, slots=True)
class SentIssue:
    """An issue that has gone out, at least to some."""

    issue_id: int
    html: str
    language: str
    newsletter: str
    urls: dict[int, str]


def find_sent(session: Session, issue_id: int) -> SentIssue | None:
    """The issue as it went out; ``None`` when it has not (yet), or was removed."""
    row = session.execute(
        select(Rendition.html, Issue.language, Newsletter.name)
        .join(Issue, Issue.id == Rendition.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(Rendition.issue_id == issue_id)
    ).first()
    if row is None:
        return None
    return SentIssue(issue_id, *row, link_urls(session, issue_id) or {})


def issue_exists(session: Session, issue_id: int) -> bool:
    """Is it still here, sent or not?"""
    return session.scalar(select(Issue.id).where(Issue.id == issue_id)) is not None

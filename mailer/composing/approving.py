"""Approval: where a newsletter asks for it, a second person agrees to the version that goes out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.composing import editing, issues
from mailer.database.tables import Approval, Issue
from mailer.errors import Conflict, InvalidInput


def approve(
    session: Session, issue_id: int, *, version: int, by_id: int, by: str, now: datetime
) -> None:
    """Agree to *version*; ``Conflict`` when it is not the newest any more, ``InvalidInput`` from
    whoever wrote it."""
    issue = issues.get(session, issue_id)
    if issue.version != version:
        raise Conflict("The issue was changed since you opened it. Look at it again.")
    if writer_of(session, issue_id) == by_id:
        raise InvalidInput("You wrote this version: somebody else has to approve it.")
    session.merge(Approval(issue_id=issue_id, version=version, by_id=by_id, by=by, at=now))
    session.flush()


def withdraw(session: Session, issue_id: int, *, by_id: int) -> None:
    """Agree no longer."""
    for approval in approvals(session, issues.get(session, issue_id)):
        if approval.by_id == by_id:
            session.delete(approval)
    session.flush()


def approvals(session: Session, issue: Issue) -> Sequence[Approval]:
    """Who agreed to the version there is now."""
    return session.scalars(
        select(Approval)
        .where(Approval.issue_id == issue.id, Approval.version == issue.version)
        .order_by(Approval.at)
    ).all()


def lacks_approval(session: Session, issue: Issue, *, sender_id: int | None = None) -> bool:
    """Is somebody still to agree? Whoever wrote it last cannot be the second person.

    Where nobody knows who that was, as after an import, it is whoever sends it who cannot.
    """
    if not issue.newsletter.needs_approval:
        return False
    writer = writer_of(session, issue.id)
    first = sender_id if writer is None else writer
    return not any(one.by_id != first for one in approvals(session, issue))


def writer_of(session: Session, issue_id: int) -> int | None:
    """Whose account wrote what the issue says now, where that is known."""
    return editing.open_issue(session, issue_id).by_id

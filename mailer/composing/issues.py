"""Issues as they are written: created from content, read back, replaced."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from mailer.blocks import Content, parse_content
from mailer.database.tables import Issue, IssueBlock, IssueState
from mailer.errors import Conflict, NotFound

_CHANGEABLE = (IssueState.DRAFT, IssueState.SCHEDULED)


def create(session: Session, newsletter_id: int, content: Content, *, now: datetime) -> Issue:
    """A new draft."""
    issue = Issue(
        newsletter_id=newsletter_id,
        subject=content.subject,
        preheader=content.preheader,
        title=content.title,
        language=content.language,
        created_at=now,
        changed_at=now,
    )
    session.add(issue)
    session.flush()
    _write_blocks(session, issue.id, content)
    return issue


def replace(
    session: Session, issue_id: int, content: Content, *, version: int, now: datetime
) -> int:
    """Write new content over *version*; the new version. ``Conflict`` when it was changed since."""
    changed = session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.version == version, Issue.state.in_(_CHANGEABLE))
        .values(
            subject=content.subject,
            preheader=content.preheader,
            title=content.title,
            language=content.language,
            version=version + 1,
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE counts rows
        issue = get(session, issue_id)
        if issue.state not in _CHANGEABLE:
            raise Conflict(
                "Issue {number} cannot be changed any more: it {state}.",
                number=issue_id,
                state=issue.state.words,
            )
        raise Conflict(
            "Issue {number} was changed by somebody else (version {version}, not {base}).",
            number=issue_id,
            version=issue.version,
            base=version,
        )
    session.execute(delete(IssueBlock).where(IssueBlock.issue_id == issue_id))
    _write_blocks(session, issue_id, content)
    session.expire_all()
    return version + 1


def get(session: Session, issue_id: int) -> Issue:
    """The issue; ``NotFound`` if there is none."""
    issue = session.get(Issue, issue_id)
    if issue is None:
        raise NotFound("There is no issue {number}.", number=issue_id)
    return issue


def content_of(session: Session, issue: Issue) -> Content:
    """What was written, validated again: a row changed by hand is found here, not by a reader."""
    blocks = session.scalars(
        select(IssueBlock).where(IssueBlock.issue_id == issue.id).order_by(IssueBlock.position)
    )
    return parse_content(
        {
            "subject": issue.subject,
            "preheader": issue.preheader,
            "title": issue.title,
            "language": issue.language,
            "blocks": [block.content | {"kind": block.kind} for block in blocks],
        }
    )


def _write_blocks(session: Session, issue_id: int, content: Content) -> None:
    session.add_all(
        IssueBlock(
            issue_id=issue_id,
            position=position,
            kind=block.kind,
            content=block.model_dump(mode="json", exclude={"kind"}),
        )
        for position, block in enumerate(content.blocks)
    )
    session.flush()

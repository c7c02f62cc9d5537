"""Store of clicks, and of the links they follow."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.database.rows import INTEGER, MOMENT, TEXT, Rows
from mailer.database.tables import Click, Issue, IssueLink

CLICKS = Rows(
    "clicks",
    {
        "issue_id": INTEGER,
        "subscriber_id": INTEGER,
        "link_number": INTEGER,
        "at": MOMENT,
        "machine": TEXT,
    },
)


def link_urls(session: Session, issue_id: int) -> dict[int, str] | None:
    """Where each link of an issue leads, by number; ``None`` when there is no such issue."""
    rows = session.execute(
        select(IssueLink.number, IssueLink.url).where(IssueLink.issue_id == issue_id)
    ).all()
    if not rows and session.get(Issue, issue_id) is None:
        return None
    return {row.number: row.url for row in rows}


def newest_click(session: Session) -> int:
    """The number of the newest click: about how many there are, without counting them."""
    return session.scalar(select(func.max(Click.id))) or 0

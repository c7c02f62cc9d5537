"""Store of clicks, and of the links they follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
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


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """Clicks of one call to action: people (each once), clicks by people, clicks by machines."""

    issue_id: int
    number: int
    label: str
    role: str
    url: str
    people: int
    clicks: int
    machine_clicks: int


def link_urls(session: Session, issue_id: int) -> dict[int, str] | None:
    """Where each link of an issue leads, by number; ``None`` when there is no such issue."""
    rows = session.execute(
        select(IssueLink.number, IssueLink.url).where(IssueLink.issue_id == issue_id)
    ).all()
    if not rows and session.get(Issue, issue_id) is None:
        return None
    return {row.number: row.url for row in rows}


def link_figures(session: Session, issue_ids: Sequence[int]) -> list[LinkFigures]:
    """Every link of these issues in its order, with what readers did; never clicked ones too."""
    by_person = Click.machine.is_(None)
    clicked = (
        select(
            Click.issue_id,
            Click.link_number,
            func.count(func.distinct(case((by_person, Click.subscriber_id)))).label("people"),
            func.count(case((by_person, 1))).label("clicks"),
            func.count(Click.machine).label("machine_clicks"),
        )
        .where(Click.issue_id.in_(issue_ids))
        .group_by(Click.issue_id, Click.link_number)
        .subquery()
    )
    rows = session.execute(
        select(
            IssueLink.issue_id,
            IssueLink.number,
            IssueLink.label,
            IssueLink.role,
            IssueLink.url,
            func.coalesce(clicked.c.people, 0),
            func.coalesce(clicked.c.clicks, 0),
            func.coalesce(clicked.c.machine_clicks, 0),
        )
        .outerjoin(
            clicked,
            (clicked.c.issue_id == IssueLink.issue_id)
            & (clicked.c.link_number == IssueLink.number),
        )
        .where(IssueLink.issue_id.in_(issue_ids))
        .order_by(IssueLink.issue_id, IssueLink.number)
    )
    return [LinkFigures(*row) for row in rows]


def newest_click(session: Session) -> int:
    """The number of the newest click: about how many there are, without counting them."""
    return session.scalar(select(func.max(Click.id))) or 0

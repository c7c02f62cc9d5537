"""Store of clicks, and of the links they follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, select
from sqlalchemy.orm import Session

from mailer.database.tables import Click, Issue, IssueLink

_COLUMNS = "clicks (issue_id, subscriber_id, link_number, at, machine)"
_ADD_SQLITE = f"INSERT INTO {_COLUMNS} VALUES (?, ?, ?, ?, ?)"  # noqa: S608  # all constant
_ADD_POSTGRESQL = (
    f"INSERT INTO {_COLUMNS} SELECT * FROM "  # noqa: S608
    "unnest(%s::int[], %s::bigint[], %s::int[], %s::timestamptz[], %s::text[])"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """One click as it came: who, which link, when (in UTC), and why it was likely no person."""

    issue_id: int
    subscriber_id: int
    link_number: int
    at: datetime
    machine: str | None = None


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


def add_clicks(connection: Connection, hits: Sequence[Hit]) -> None:
    """Store every hit; ``IntegrityError`` when one is of an issue that was removed.

    The drivers are spoken to directly: the statements are the cost of a click.
    """
    if connection.dialect.name == "postgresql":
        columns = [
            [hit.issue_id for hit in hits],
            [hit.subscriber_id for hit in hits],
            [hit.link_number for hit in hits],
            [hit.at for hit in hits],
            [hit.machine for hit in hits],
        ]
        connection.exec_driver_sql(_ADD_POSTGRESQL, tuple(columns))
    else:
        connection.exec_driver_sql(
            _ADD_SQLITE,
            [
                (
                    hit.issue_id,
                    hit.subscriber_id,
                    hit.link_number,
                    hit.at.replace(tzinfo=None).isoformat(" ", "microseconds"),
                    hit.machine,
                )
                for hit in hits
            ],
        )


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

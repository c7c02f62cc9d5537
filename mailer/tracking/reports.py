"""Store of what one issue came to: who followed which call to action, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, distinct, func, literal_column, select
from sqlalchemy.orm import Session

from mailer.database.tables import (
    Click,
    IssueBlock,
    IssueLink,
)

# Links in running text and those that pass an issue on are counted, but ask readers for nothing.
CALL_ROLES = ("action", "item", "media")
_HOUR = timedelta(hours=1)
_BY_PERSON = Click.machine.is_(None)


@dataclass(frozen=True, slots=True)
class Call:
    """One link of an issue: what it said, in which block, and who followed it."""

    number: int
    label: str
    url: str
    role: str
    position: int
    headline: str  # of its block
    people: int  # each once
    clicks: int  # by people
    machine_clicks: int
    everybody: int  # readers who followed it, machines among them

    @property
    def asks(self) -> bool:
        """Is it a call to action?"""
        return self.role in CALL_ROLES


@dataclass(frozen=True, slots=True)
class Engagement:
    """What an issue came to: people who followed a call to action, each once."""

    acted: int = 0
    everybody: int = 0  # machines among them
    clicks: int = 0  # on any link, by people
    machine_clicks: int = 0


@dataclass(frozen=True, slots=True)
class Hour:
    """Clicks within one hour (UTC) that begins *at*."""

    at: datetime
    clicks: int
    machine_clicks: int


def calls(session: Session, issue_id: int) -> list[Call]:
    """Every link of an issue in the mail's order, never followed ones too."""
    followed = (
        select(
            Click.link_number,
            func.count(distinct(case((_BY_PERSON, Click.subscriber_id)))).label("people"),
            func.count(case((_BY_PERSON, 1))).label("clicks"),
            func.count(Click.machine).label("machine_clicks"),
            func.count(distinct(Click.subscriber_id)).label("everybody"),
        )
        .where(Click.issue_id == issue_id)
        .group_by(Click.link_number)
        .subquery()
    )
    rows = session.execute(
        select(
            IssueLink.number,
            IssueLink.label,
            IssueLink.url,
            IssueLink.role,
            IssueLink.block_position,
            IssueBlock.content,
            func.coalesce(followed.c.people, 0),
            func.coalesce(followed.c.clicks, 0),
            func.coalesce(followed.c.machine_clicks, 0),
            func.coalesce(followed.c.everybody, 0),
        )
        .outerjoin(followed, followed.c.link_number == IssueLink.number)
        .outerjoin(
            IssueBlock,
            (IssueBlock.issue_id == IssueLink.issue_id)
            & (IssueBlock.position == IssueLink.block_position - 1),  # which counts from 1,
        )
        .where(IssueLink.issue_id == issue_id)
        .order_by(IssueLink.number)
    )
    return [
        Call(number, label, url, role, position, _headline(content), *counts)
        for number, label, url, role, position, content, *counts in rows
    ]


def engagement(session: Session, issue_ids: Sequence[int]) -> dict[int, Engagement]:
    """What each of these issues came to; those nobody followed are not in it."""
    asks = IssueLink.role.in_(CALL_ROLES)
    rows = session.execute(
        select(
            Click.issue_id,
            func.count(distinct(case((asks & _BY_PERSON, Click.subscriber_id)))),
            func.count(distinct(case((asks, Click.subscriber_id)))),
            func.count(case((_BY_PERSON, 1))),
            func.count(Click.machine),
        )
        .join(
            IssueLink,
            (IssueLink.issue_id == Click.issue_id) & (IssueLink.number == Click.link_number),
        )
        .where(Click.issue_id.in_(issue_ids))
        .group_by(Click.issue_id)
    )
    return {row[0]: Engagement(*row[1:]) for row in rows}


def hours(session: Session, issue_id: int) -> list[Hour]:
    """Clicks of an issue by hour, without gaps, from the first click to the last."""
    hour = _hour_of(session, Click.at).label("hour")
    rows = session.execute(
        select(hour, func.count(case((_BY_PERSON, 1))), func.count(Click.machine))
        .where(Click.issue_id == issue_id)
        .group_by(literal_column("hour"))
        .order_by(literal_column("hour"))
    )
    known = {_parsed_hour(text): (clicks, machines) for text, clicks, machines in rows}
    if not known:
        return []
    first, last = min(known), max(known)
    every = (first + number * _HOUR for number in range(int((last - first) / _HOUR) + 1))
    return [Hour(at, *known.get(at, (0, 0))) for at in every]


def machines(session: Session, issue_id: int) -> dict[str, int]:
    """Why clicks of an issue were taken for machines', most frequent first."""
    rows = session.execute(
        select(Click.machine, func.count())
        .where(Click.issue_id == issue_id, Click.machine.is_not(None))
        .group_by(Click.machine)
        .order_by(func.count().desc(), Click.machine)
    )
    return {reason or "": count for reason, count in rows}


def _headline(content: dict[str, Any] | None) -> str:
    return str((content or {}).get("headline", ""))


def _hour_of(session: Session, at: Any) -> ColumnElement[str]:
    return cut(session, at, "YYYY-MM-DD HH24", len("2026-11-02 12"))


def cut(session: Session, at: Any, form: str, length: int) -> ColumnElement[str]:
    """A moment's first part as text, in UTC; SQLite keeps moments as text."""
    if session.get_bind().dialect.name == "postgresql":
        return func.to_char(func.timezone("UTC", at), form)
    return func.substr(at, 1, length)


def _parsed_hour(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H").replace(tzinfo=UTC)

"""Store of who left: how many, by which issue, by which way, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from mailer.audience.leaving import without_own_words
from mailer.database.tables import Issue, Unsubscribe


@dataclass(frozen=True, slots=True)
class LeftByIssue:
    """How many left by the links of one issue."""

    issue_id: int
    subject: str
    left: int
    came_back: int  # of them


@dataclass(frozen=True, slots=True)
class Departures:
    """Everybody who left one newsletter."""

    left: int
    came_back: int  # of them, by their own "Undo" or later
    methods: dict[str, int]  # page, one-click, preferences, …
    reasons: dict[str, int]  # as chosen from the list; "" for none
    words: list[tuple[datetime, str]] = field(default_factory=list)  # the newest, as written
    issues: list[LeftByIssue] = field(default_factory=list)  # the newest first


def departures(session: Session, newsletter_id: int, *, most: int = 20) -> Departures:
    """Who left a newsletter, by way and reason; of words and issues the newest *most*."""
    theirs = Unsubscribe.newsletter_id == newsletter_id
    left, back = session.execute(
        select(func.count(), func.count(Unsubscribe.undone_at)).where(theirs)
    ).one()
    methods = session.execute(
        select(Unsubscribe.method, func.count())
        .where(theirs)
        .group_by(Unsubscribe.method)
        .order_by(func.count().desc(), Unsubscribe.method)
    )
    return Departures(
        left=left,
        came_back=back,
        methods={method: count for method, count in methods},  # noqa: C416  # rows are no pairs
        reasons=_reasons(session, theirs),
        words=_words(session, theirs, most),
        issues=_issues(session, theirs, most),
    )


def _reasons(session: Session, theirs: ColumnElement[bool]) -> dict[str, int]:
    found: Counter[str] = Counter()
    rows = session.execute(
        select(Unsubscribe.reason, func.count()).where(theirs).group_by(Unsubscribe.reason)
    )
    for reason, count in rows:
        chosen = without_own_words(reason) or ("in their own words" if reason else "")
        found[chosen] += count
    return dict(found.most_common())


def _words(session: Session, theirs: ColumnElement[bool], most: int) -> list[tuple[datetime, str]]:
    rows = session.execute(
        select(Unsubscribe.at, Unsubscribe.reason)
        .where(theirs, Unsubscribe.reason.is_not(None))
        .order_by(Unsubscribe.id.desc())
        .limit(most)
    )
    return [(at, reason or "") for at, reason in rows]


def _issues(session: Session, theirs: ColumnElement[bool], most: int) -> list[LeftByIssue]:
    rows = session.execute(
        select(Issue.id, Issue.subject, func.count(), func.count(Unsubscribe.undone_at))
        .join(Issue, Issue.id == Unsubscribe.issue_id)
        .where(theirs)
        .group_by(Issue.id, Issue.subject)
        .order_by(Issue.id.desc())
        .limit(most)
    )
    return [LeftByIssue(*row) for row in rows]

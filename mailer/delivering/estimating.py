"""How long sending takes: from the last issue that was sent, within the limits that are set."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.database.tables import Issue, IssueState
from mailer.rates import Rate

_TELLING = 50  # recipients: fewer say nothing about speed
_ISSUES = 3


def expected_duration(session: Session, people: int, rates: Iterable[Rate]) -> timedelta | None:
    """How long *people* messages will take; ``None`` where nothing tells."""
    known = [_within(rate, people) for rate in rates]
    recent = session.execute(
        select(Issue.planned, Issue.started_at, Issue.finished_at)
        .where(Issue.state == IssueState.SENT, Issue.planned >= _TELLING)
        .order_by(Issue.finished_at.desc())
        .limit(_ISSUES)
    )
    past = [
        planned / max(1.0, (finished - started).total_seconds())
        for planned, started, finished in recent
        if started is not None and finished is not None
    ]
    if past:
        known.append(timedelta(seconds=people / sorted(past)[len(past) // 2]))
    return max(known, default=None)


def _within(rate: Rate, people: int) -> timedelta:
    """How long the rate makes it take; a quota is used as fast as it goes, then waited for."""
    if rate.smooth:
        return people / rate.most * rate.window
    return max(0, people - 1) // rate.most * rate.window
